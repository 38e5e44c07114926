"""Workers on a real database: each test that asks for `shop` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from processors import registry
from tests.background.floor_for_tests import Floor
from tests.background.scripted_processor import Scripted
from tests.databases import Template, opened
from tests.workshop import Workshop


@pytest.fixture
async def shop(template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workshop]:
    """A workshop whose one processor is `Scripted`."""
    table = {"scripted": "tests.background.scripted_processor:Scripted"}
    monkeypatch.setattr(registry, "references", lambda: table)
    async with opened(template, tmp_path):
        yield Workshop(tmp_path, processor=Scripted())


@pytest.fixture
async def floor(shop: Workshop) -> AsyncIterator[Floor]:
    async with AsyncExitStack() as stack:
        yield Floor(shop, stack)
