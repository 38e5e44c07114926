"""Workers on a real database: each test that asks for `harness` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from background.executors.child import ChildExecutor
from processors import registry
from tests.background.scripted.kind import ASYNC_KIND, ASYNC_REFERENCE, KIND, REFERENCE
from tests.background.worker_harness import MEMORY_BYTES, WorkerHarness
from tests.databases import Template, opened
from tests.job_harness import JobHarness


@pytest.fixture
async def harness(template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[JobHarness]:
    """A job harness whose kinds are those of the processor of tests; jobs are of the one that runs in children."""
    table = {KIND.name: REFERENCE, ASYNC_KIND.name: ASYNC_REFERENCE}
    monkeypatch.setattr(registry, "references", lambda: table)
    async with opened(template, tmp_path):
        yield JobHarness(tmp_path, kind=KIND)


@pytest.fixture
async def worker_harness(harness: JobHarness) -> AsyncIterator[WorkerHarness]:
    async with AsyncExitStack() as stack:
        yield WorkerHarness(harness, stack)


@pytest.fixture
async def children() -> AsyncIterator[ChildExecutor]:
    async with ChildExecutor(2, MEMORY_BYTES) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a call."""
    made = tmp_path / "a folder"
    made.mkdir()
    return made
