"""Commits that fail on SQLite: their transaction is undone, and the next one begins."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from tortoise.connection import get_connection

from models.database import transaction

TABLES = """
CREATE TABLE parents (id INTEGER PRIMARY KEY);
CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
"""


@pytest.fixture(autouse=True)
async def tables(data_dir: Path) -> None:
    await get_connection("default").execute_script(TABLES)


@pytest.fixture(params=[True, False], ids=["durable", "lax"])
def is_durable(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def commit_what_fails(*, is_durable: bool) -> None:
    """A transaction of which only the COMMIT finds that a row refers to none."""
    async with transaction(is_durable=is_durable) as db:
        await db.execute_query("INSERT INTO parents VALUES (999)")
        await db.execute_query("INSERT INTO children VALUES (1000)")


async def commit(number: int, *, is_durable: bool) -> None:
    async with transaction(is_durable=is_durable) as db:
        await db.execute_query("INSERT INTO parents VALUES (?)", [number])


async def parents() -> list[int]:
    rows = await get_connection("default").execute_query_dict("SELECT id FROM parents ORDER BY id")
    return [row["id"] for row in rows]


async def test_nothing_of_it_stays_and_the_next_one_begins(is_durable: bool) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        await commit_what_fails(is_durable=is_durable)

    (row,) = (await get_connection("default").execute_query("PRAGMA synchronous"))[1]
    assert row[0] == 2
    await commit(1, is_durable=is_durable)
    assert await parents() == [1]


async def test_so_it_is_whenever_its_caller_is_cancelled(is_durable: bool) -> None:
    for turns in range(40):
        task = asyncio.create_task(commit_what_fails(is_durable=is_durable))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await commit(turns, is_durable=is_durable)

    assert await parents() == list(range(40))
