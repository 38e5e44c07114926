"""A shelf on real files and a real database, and who asks for what lies on it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auth.signatures import Signer
from models.database import close_database, open_database, sqlite_path
from results.endpoints import Shelf
from storage.local import LocalStorage
from tests.results.shelf_for_tests import Desk


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and no row; copying it is faster than making it."""

    async def make(folder: Path) -> Path:
        await open_database("", folder)
        await close_database()
        return sqlite_path("", folder)

    return asyncio.run(make(tmp_path_factory.mktemp("empty")))


@pytest.fixture
async def desk(tmp_path: Path, empty_database: Path) -> AsyncIterator[Desk]:
    shutil.copyfile(empty_database, sqlite_path("", tmp_path))
    await open_database("", tmp_path)
    yield Desk(Shelf(LocalStorage(tmp_path), Signer("a secret of the tests, long enough")))
    await close_database()
