"""Workers on a real database: each test that asks for `shop` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from processors import registry
from tests.background.floor_for_tests import Floor
from tests.background.scripted_processor import Scripted
from tests.conftest import service_or_skip
from tests.databases import Template, made_postgres, made_sqlite, opened
from tests.workshop import Workshop


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """One migrated database for all tests of this folder."""
    folder = tmp_path_factory.mktemp("template")
    if request.param == "sqlite":
        yield made_sqlite(folder)
    else:
        with made_postgres(service_or_skip("postgres", "TEST_DATABASE_URL"), folder) as made:
            yield made


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
