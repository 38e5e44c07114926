"""Statements that go along with the next one or the commit."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from tortoise.connection import get_connection

from models.database import transaction
from models.sql import execute_counted, execute_soon, fetch_rows
from tests.databases import Template, opened

NEW = "INSERT INTO audit_entries (at, action, object_id) VALUES ($1, 'DELETED', $2)"
UNKNOWN_COLUMN = "INSERT INTO audit_entries (at, action, nonsense) VALUES (1, 'DELETED', 'x')"


@pytest.fixture(autouse=True)
async def database(template: Template, tmp_path: Path) -> AsyncIterator[None]:
    async with opened(template, tmp_path):
        yield


@pytest.fixture(params=[True, False], ids=["durable", "lax"])
def is_durable(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def noted() -> list[str]:
    rows = await fetch_rows(get_connection("default"), "SELECT object_id FROM audit_entries ORDER BY id")
    return [row["object_id"] for row in rows]


async def test_it_is_done_before_the_next_statement_and_before_the_commit(is_durable: bool) -> None:
    async with transaction(is_durable=is_durable) as db:
        await execute_soon(db, NEW, 1.0, "first")
        rows = await fetch_rows(db, "SELECT object_id FROM audit_entries")
        await execute_soon(db, NEW, 2.0, "second")
        await execute_soon(db, NEW, 3.0, "third")

    assert ([row["object_id"] for row in rows], await noted()) == (["first"], ["first", "second", "third"])


async def test_on_sqlite_it_takes_no_trip_of_its_own(is_durable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if get_connection("default").capabilities.dialect != "sqlite":
        return
    async with transaction() as db:
        await fetch_rows(db, "SELECT 1")  # now the connection is open
    connection: Any = aiosqlite.Connection
    trips, execute = [], connection._execute

    async def counted(self: aiosqlite.Connection, call: Any, *values: Any, **named: Any) -> Any:
        trips.append(call)
        return await execute(self, call, *values, **named)

    monkeypatch.setattr(connection, "_execute", counted)
    async with transaction(is_durable=is_durable) as db:
        await execute_soon(db, NEW, 1.0, "one")

    assert len(trips) == (2 if is_durable else 1)  # a durable one begins on a trip of its own


async def test_what_is_undone_takes_it_along(is_durable: bool) -> None:
    async def work() -> None:
        async with transaction(is_durable=is_durable) as db:
            await execute_soon(db, NEW, 1.0, "one")
            await fetch_rows(db, "SELECT 1")
            await execute_soon(db, NEW, 2.0, "two")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert await noted() == []


@pytest.mark.parametrize("has_more", [True, False])
async def test_where_it_fails_nothing_is_committed_and_the_next_transaction_begins(
    is_durable: bool, has_more: bool
) -> None:
    async def work() -> None:
        async with transaction(is_durable=is_durable) as db:
            await fetch_rows(db, NEW, 1.0, "before")
            await execute_soon(db, UNKNOWN_COLUMN)
            if has_more:
                await fetch_rows(db, NEW, 1.0, "after")

    with pytest.raises(Exception, match="nonsense"):
        await work()
    async with transaction(is_durable=is_durable) as db:
        await execute_soon(db, NEW, 2.0, "next")
    assert await noted() == ["next"]


async def test_a_statement_whose_rows_are_counted_counts_its_own_alone(is_durable: bool) -> None:
    async with transaction(is_durable=is_durable) as db:
        await execute_soon(db, NEW, 1.0, "one")
        await execute_soon(db, NEW, 2.0, "two")
        count = await execute_counted(db, "DELETE FROM audit_entries WHERE object_id = $1", "one")

    assert (count, await noted()) == (1, ["two"])


async def test_in_a_transaction_within_another_it_is_undone_with_the_inner_one(is_durable: bool) -> None:
    async def work() -> None:
        async with transaction() as inner:
            await execute_soon(inner, NEW, 2.0, "inner")
            raise ZeroDivisionError

    async with transaction(is_durable=is_durable) as db:
        await execute_soon(db, NEW, 1.0, "outer")
        with pytest.raises(ZeroDivisionError):
            await work()
    assert await noted() == ["outer"]
