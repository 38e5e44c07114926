"""Statements that are asked along with the one before them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from tortoise.connection import get_connection

from jobs.inputs import foresee_using, foresee_waiting, jobs_using, jobs_waiting_for
from models.database import transaction
from models.sql import execute_soon, fetch_rows, foresee_rows
from tests.databases import Template, opened

NEW = "INSERT INTO audit_entries (at, action, object_id) VALUES (1, 'DELETED', $1)"
NOTED = "SELECT object_id FROM audit_entries WHERE object_id <> $1 ORDER BY id"


@pytest.fixture(autouse=True)
async def database(template: Template, tmp_path: Path) -> AsyncIterator[None]:
    async with opened(template, tmp_path):
        yield


@pytest.fixture
async def trips(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the thread of SQLite is asked to do."""
    await fetch_rows(get_connection("default"), "SELECT 1")
    connection: Any = aiosqlite.Connection
    made, execute = list[Any](), connection._execute

    async def counted(self: aiosqlite.Connection, call: Any, *values: Any, **named: Any) -> Any:
        made.append(call)
        return await execute(self, call, *values, **named)

    monkeypatch.setattr(connection, "_execute", counted)
    return made


def is_sqlite() -> bool:
    return bool(get_connection("default").capabilities.dialect == "sqlite")


async def test_it_sees_what_the_statement_before_it_did_and_takes_no_trip_of_its_own(trips: list[Any]) -> None:
    async with transaction() as db:
        trips.clear()
        foresee_rows(db, NOTED, "x")
        await fetch_rows(db, f"{NEW} RETURNING id", "first")
        assert await fetch_rows(db, NOTED, "x") == [{"object_id": "first"}]
        assert len(trips) == 1 or not is_sqlite()


@pytest.mark.parametrize("is_soon", [True, False])
async def test_what_was_done_since_is_seen(is_soon: bool) -> None:
    async with transaction() as db:
        foresee_rows(db, NOTED, "x")
        await fetch_rows(db, f"{NEW} RETURNING id", "first")
        await (execute_soon(db, NEW, "second") if is_soon else fetch_rows(db, f"{NEW} RETURNING id", "second"))
        assert [row["object_id"] for row in await fetch_rows(db, NOTED, "x")] == ["first", "second"]


async def test_another_question_has_its_own_answer() -> None:
    async with transaction() as db:
        foresee_rows(db, NOTED, "x")
        await fetch_rows(db, f"{NEW} RETURNING id", "first")
        assert await fetch_rows(db, NOTED, "first") == []
        assert await fetch_rows(db, NOTED, "x") == [{"object_id": "first"}]


async def test_after_a_statement_that_fails_nothing_is_foreseen() -> None:
    async def fail() -> None:
        async with transaction() as db:
            foresee_rows(db, NOTED, "x")
            await fetch_rows(db, "SELECT nonsense FROM audit_entries")

    with pytest.raises(Exception, match="nonsense"):
        await fail()
    async with transaction() as db:
        await fetch_rows(db, f"{NEW} RETURNING id", "first")
        assert await fetch_rows(db, NOTED, "x") == [{"object_id": "first"}]


async def test_the_jobs_of_an_upload_are_foreseen(trips: list[Any]) -> None:
    async with transaction() as db:
        for foresee, ask in ((foresee_waiting, jobs_waiting_for), (foresee_using, jobs_using)):
            trips.clear()
            foresee(db, "upload-1")
            await fetch_rows(db, "SELECT 1")
            assert await ask(db, "upload-1") == []
            assert len(trips) == 1 or not is_sqlite()
