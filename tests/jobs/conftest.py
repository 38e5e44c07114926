"""Jobs on a real database: each test that asks for `shop` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import Template, opened
from tests.workshop import Workshop


@pytest.fixture
async def shop(template: Template, tmp_path: Path) -> AsyncIterator[Workshop]:
    async with opened(template, tmp_path):
        yield Workshop(tmp_path)
