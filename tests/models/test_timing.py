"""The database is timed for the request that waits for it, once where waits overlap."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tortoise.connection import get_connection

from base.logging import Notes, notes
from models import User
from models.database import transaction
from models.ids import new_id
from tests.conftest import template  # noqa: F401  both databases, unlike the template of this folder
from tests.databases import Template, opened


@pytest.fixture
async def database(
    template: Template,  # noqa: F811  the fixture
    tmp_path: Path,
) -> AsyncIterator[None]:
    async with opened(template, tmp_path):
        yield


@pytest.fixture
def noted() -> Notes:
    return Notes()


async def add_user() -> None:
    await User.create(id=new_id("user"), username=new_id("user"))


async def write() -> None:
    async with transaction(is_durable=False):
        await add_user()


async def read() -> None:
    await get_connection("default").execute_query_dict("SELECT 1")


@pytest.mark.parametrize("work", [read, add_user, write])
async def test_whatever_is_done_is_timed(database: None, noted: Notes, work: object) -> None:
    assert callable(work)
    await work()
    assert noted.database_seconds == 0
    notes.set(noted)
    await work()

    assert 0 < noted.database_seconds < 2


async def test_waits_at_the_same_time_count_once() -> None:
    noted = Notes()

    async def wait() -> None:
        with noted.in_database(), noted.in_database():
            await asyncio.sleep(0.1)

    await asyncio.gather(*(wait() for _ in range(20)))
    await wait()

    assert 0.2 <= noted.database_seconds < 0.5


async def test_who_waits_for_the_lock_of_the_database_waits_for_the_database(database: None, noted: Notes) -> None:
    if get_connection("default").capabilities.dialect != "sqlite":
        return  # writers do not wait for each other there
    is_held = asyncio.Event()

    async def hold() -> None:
        async with transaction():
            is_held.set()
            await asyncio.sleep(0.1)

    async def wait() -> None:
        await is_held.wait()
        notes.set(noted)
        await write()

    await asyncio.gather(hold(), wait())

    assert noted.database_seconds >= 0.09
