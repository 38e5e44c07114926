"""An empty database, and passwords that are hashed in no time."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from auth import passwords
from tests.models.database_for_tests import make_template, open_copy


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
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
async def database(tmp_path: Path, template: Path) -> AsyncIterator[None]:
    async with open_copy(template, tmp_path):
        yield
