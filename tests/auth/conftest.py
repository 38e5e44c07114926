"""An empty database, and passwords that are hashed in no time."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from auth import passwords
from models.database import close_database, open_database, sqlite_path


@pytest.fixture(autouse=True)
def light_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """argon2id with the least cost; the semaphore and the decoy belong to one test each."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._turnstile.cache_clear()
    passwords._decoy.cache_clear()
    yield
    passwords._turnstile.cache_clear()
    passwords._decoy.cache_clear()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and no row; copying it is faster than making it."""

    async def make(folder: Path) -> Path:
        await open_database("", folder)
        await close_database()
        return sqlite_path("", folder)

    return asyncio.run(make(tmp_path_factory.mktemp("empty")))


@pytest.fixture
async def database(tmp_path: Path, empty_database: Path) -> AsyncIterator[None]:
    shutil.copyfile(empty_database, sqlite_path("", tmp_path))
    await open_database("", tmp_path)
    yield
    await close_database()
