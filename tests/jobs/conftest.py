"""Jobs on a real database: each test that asks for `harness` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import Template, opened
from tests.job_harness import JobHarness


@pytest.fixture
async def harness(template: Template, tmp_path: Path) -> AsyncIterator[JobHarness]:
    async with opened(template, tmp_path):
        yield JobHarness(tmp_path)
