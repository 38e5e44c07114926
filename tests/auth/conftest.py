"""Fixtures: an empty database, and cheap password hashes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from auth import passwords
from auth.passwords import ITSELF, hash_password
from base.words import Role
from models import User
from models.ids import new_id
from tests.databases import Template, opened


@pytest.fixture(autouse=True)
def light_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """argon2id with the least cost; the turns and the decoy belong to one test each."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._hashing_slots.cache_clear()
    passwords._decoy.cache_clear()
    yield
    passwords._hashing_slots.cache_clear()
    passwords._decoy.cache_clear()


@pytest.fixture
async def database(tmp_path: Path, template: Template) -> AsyncIterator[None]:
    async with opened(template, tmp_path):
        yield


@pytest.fixture
async def ada(database: None) -> User:
    return await User.create(
        id=new_id("user"), username="ada", role=Role.USER, password_hash=await hash_password("right", ITSELF)
    )
