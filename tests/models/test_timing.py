"""Database time of a request, once where waits overlap."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tortoise.connection import get_connection

from base.logging import LogContext, current_log_context
from models import User
from models.database import transaction
from models.ids import new_id
from tests.databases import Template, opened


@pytest.fixture
async def database(template: Template, tmp_path: Path) -> AsyncIterator[None]:
    async with opened(template, tmp_path):
        yield


@pytest.fixture
def noted() -> LogContext:
    return LogContext()


async def add_user() -> None:
    await User.create(id=new_id("user"), username=new_id("user"))


async def write() -> None:
    async with transaction(is_durable=False):
        await add_user()


async def read() -> None:
    await get_connection("default").execute_query_dict("SELECT 1")


@pytest.mark.parametrize("work", [read, add_user, write])
async def test_whatever_is_done_is_timed(database: None, noted: LogContext, work: object) -> None:
    assert callable(work)
    await work()
    assert noted.database_seconds == 0
    current_log_context.set(noted)
    await work()

    assert 0 < noted.database_seconds < 10


async def test_waits_at_the_same_time_count_once() -> None:
    noted = LogContext()

    async def wait() -> None:
        for _ in range(2):
            noted.enter_database()
        await asyncio.sleep(0.1)
        for _ in range(2):
            noted.leave_database()

    await asyncio.gather(*(wait() for _ in range(100)))
    await wait()

    assert 0.2 <= noted.database_seconds < 5


async def test_who_waits_for_the_lock_of_the_database_waits_for_the_database(database: None, noted: LogContext) -> None:
    if get_connection("default").capabilities.dialect != "sqlite":
        return  # writers do not wait for each other there
    is_held, is_wanted = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with transaction():
            is_held.set()
            await is_wanted.wait()
            await asyncio.sleep(0.1)

    async def wait() -> None:
        await is_held.wait()
        current_log_context.set(noted)
        is_wanted.set()
        await write()

    await asyncio.gather(hold(), wait())

    assert noted.database_seconds >= 0.09
