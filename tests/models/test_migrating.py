"""Migrations: they lead to what the models say, keep what is there, and are whole or not at all."""

import asyncio
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError
from tortoise.migrations import operations
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.migration import Migration

from base.words import JobStatus
from jobs.monitoring import count_jobs_by_kind
from models import Job, User, database
from models.database import close_database, database_config, sqlite_path
from models.migrating import migrate, open_database
from models.sql import sql
from tests.conftest import service_or_skip
from tests.databases import TABLES, empty_postgres
from tests.models.tables_for_tests import read_columns, read_structure

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = sorted(path.stem for path in (ROOT / "models" / "migrations").glob("0*.py"))


@dataclass(frozen=True)
class Place:
    """Where a database is: a URL on PostgreSQL, none for the SQLite file in `folder`."""

    url: str
    folder: Path


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A database without tables."""
    if request.param == "sqlite":
        yield Place("", tmp_path)
    else:
        with empty_postgres(service_or_skip("postgres", "TEST_DATABASE_URL")) as url:
            yield Place(url, tmp_path)


@asynccontextmanager
async def connected(place: Place) -> AsyncIterator[Any]:
    """The database as it is."""
    EXECUTOR_CACHE.clear()  # it holds statements in the dialect of the test before
    config = database_config(place.url, place.folder)
    await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        yield get_connection("default")
    finally:
        await close_database()
        EXECUTOR_CACHE.clear()


async def migrate_until(place: Place, name: str) -> None:
    """The tables as they were in the days of the migration `name`."""
    async with connected(place) as db:
        apps = database_config(place.url, place.folder)["apps"]
        await MigrationExecutor(db, apps).migrate([MigrationTarget("models", name)])


async def structure_of(place: Place) -> dict[str, list[str]]:
    async with connected(place):
        return await read_structure()


async def add_users(place: Place, *names: str) -> None:
    columns = "id, username, role, is_anonymous, is_disabled, created_at"
    statement = f"INSERT INTO users ({columns}) VALUES ($1, $2, 'USER', false, false, 1)"
    async with connected(place) as db:
        for name in names:
            await db.execute_query(sql(db, statement), [f"user-{name}", name])


async def names_of_users(place: Place) -> list[str]:
    async with connected(place) as db:
        return [row["username"] for row in await db.execute_query_dict("SELECT username FROM users ORDER BY id")]


# ------------------------------------------------------------------------------------------------ the models


async def structure_of_models(place: Place) -> dict[str, list[str]]:
    """What the ORM makes of the models where there is nothing; what was at `place` is gone."""
    async with connected(place) as db:
        if place.url:
            await db.execute_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    if not place.url:
        sqlite_path("", place.folder).unlink()
    async with connected(place):
        await Tortoise.generate_schemas()
        return await read_structure()


async def test_the_migrations_lead_to_what_the_models_say(place: Place) -> None:
    assert await migrate(place.url, place.folder) == MIGRATIONS
    migrated = await structure_of(place)

    assert set(migrated) == set(TABLES)
    assert migrated == await structure_of_models(place)


ADDITIVE = (
    operations.CreateModel, operations.AddField, operations.AddIndex, operations.RemoveIndex, operations.RunSQL,
    operations.RunPython,
)  # fmt: skip


def test_migrations_only_add_so_that_the_version_before_goes_on_working_and_no_table_is_made_anew() -> None:
    modules = [import_module(f"models.migrations.{name}") for name in MIGRATIONS]
    every = [operation for module in modules for operation in module.Migration.operations]

    assert [operation for operation in every if not isinstance(operation, ADDITIVE)] == []
    added: list[Any] = [operation for operation in every if isinstance(operation, operations.AddField)]
    assert [field.name for field in added if not (field.field.null or field.field.has_db_default())] == []
    texts = [operation.sql for operation in every if isinstance(operation, operations.RunSQL)]
    assert [text for text in texts if re.search(r"\b(DROP|ALTER|RENAME|TRUNCATE|DELETE)\b", str(text).upper())] == []


# ---------------------------------------------------------------------------------------- what is there stays

NUMBERS = ("INT", "BIGINT", "DOUBLE", "REAL", "SMALLINT")
WORDS = {
    ("users", "role"): "USER", ("uploads", "status"): "UPLOADED", ("jobs", "status"): "COMPLETED",
    ("jobs", "type"): "BATCH", ("items", "status"): "COMPLETED", ("slices", "status"): "DONE",
    ("slices", "phase"): "ITEMS", ("files", "role"): "RESULT", ("job_events", "status"): "COMPLETED",
    ("log_entries", "level"): "INFO", ("jobs", "wait_reason"): "DISK_FULL",
}  # fmt: skip
NEWER = """
CREATE TABLE moods (id INTEGER PRIMARY KEY, name TEXT);
ALTER TABLE users ADD COLUMN mood VARCHAR(10) NOT NULL DEFAULT 'calm';
INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', '0099_moods', CURRENT_TIMESTAMP);
"""
"""What a version that is not out yet may have done."""
ROWS = range(1, 4)
"""Rows of each table; those of the same number belong together."""


async def types_of_columns(db: Any, table: str) -> dict[str, str]:
    if db.capabilities.dialect == "postgres":
        statement = f"SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = '{table}'"
    else:
        statement = f"PRAGMA table_info({table})"
    return {row["name"]: row["type"].upper() for row in await db.execute_query_dict(statement)}


def value_for(table: str, column: str, type_: str, number: int) -> Any:
    if (table, column) in WORDS:
        return WORDS[table, column]
    if type_.startswith("BOOL"):
        return number % 2 == 0
    if type_.startswith("JSON"):
        return f'{{"number": {number}}}'
    if column == "owner_id":
        return f"user-{number}"
    if type_.startswith(NUMBERS):
        return number
    return f"{column.removesuffix('_id') if column != 'id' else table.removesuffix('s')}-{number}"


async def fill(place: Place) -> None:
    """Rows of every table there is, with a value in every column."""
    async with connected(place) as db:
        for table in await read_columns():
            await db.execute_query(f"DELETE FROM {table}")  # what a trigger has written
            types = await types_of_columns(db, table)
            columns = ", ".join(f'"{name}"' for name in types)
            places = ", ".join(f"${index}" for index in range(1, len(types) + 1))
            for number in ROWS:
                values = [value_for(table, name, type_, number) for name, type_ in types.items()]
                await db.execute_query(sql(db, f"INSERT INTO {table} ({columns}) VALUES ({places})"), values)


async def read_rows(place: Place, columns: dict[str, list[str]]) -> dict[str, list[dict[str, Any]]]:
    async with connected(place) as db:
        found = {}
        for table, names in columns.items():
            quoted = ", ".join(f'"{name}"' for name in names)
            rows = await db.execute_query_dict(f"SELECT {quoted} FROM {table} ORDER BY id")
            found[table] = [dict(row) for row in rows]
        return found


@pytest.mark.parametrize("start", [MIGRATIONS[0], "0005_lists", MIGRATIONS[-2]])
async def test_on_the_way_up_no_row_no_value_and_no_index_is_lost(place: Place, start: str) -> None:
    await migrate_until(place, start)
    await fill(place)
    async with connected(place):
        columns = await read_columns()
    before = await read_rows(place, columns)
    applied = await migrate(place.url, place.folder)
    after = await read_rows(place, columns)
    migrated = await structure_of(place)
    async with connected(place):
        status = (await Job.get(id="job-1")).status

    assert applied == MIGRATIONS[MIGRATIONS.index(start) + 1 :]
    assert {table: len(rows) for table, rows in before.items()} == dict.fromkeys(columns, len(ROWS))
    assert set(columns) >= {"users", "uploads", "jobs", "job_uploads", "slices", "items", "files", "job_events"}
    assert after == before
    assert status is JobStatus.COMPLETED
    assert migrated == await structure_of_models(place)


async def test_the_first_start_makes_the_tables_and_no_copy_of_nothing(tmp_path: Path) -> None:
    await open_database("", tmp_path)
    assert await User.all().count() == 0
    await close_database()
    assert not (tmp_path / "backups").exists()


async def test_migrating_twice_migrates_once_and_keeps_the_rows(place: Place) -> None:
    assert await migrate(place.url, place.folder) == MIGRATIONS
    await add_users(place, "ada")
    assert await migrate(place.url, place.folder) == []
    assert await names_of_users(place) == ["ada"]
    async with connected(place) as db:
        rows = await db.execute_query_dict("SELECT name FROM tortoise_migrations ORDER BY id")
    assert [row["name"] for row in rows] == MIGRATIONS
    assert not (place.folder / "backups").exists()


async def test_what_a_newer_version_added_stays_and_does_not_disturb(place: Place) -> None:
    await migrate(place.url, place.folder)
    async with connected(place) as db:
        await db.execute_script(NEWER)
    newer = await structure_of(place)
    assert await migrate(place.url, place.folder) == []
    await add_users(place, "ada")

    async with connected(place) as db:
        assert [user.username for user in await User.all()] == ["ada"]
        assert [row["mood"] for row in await db.execute_query_dict("SELECT mood FROM users")] == ["calm"]
    assert await structure_of(place) == newer


# --------------------------------------------------------------------------------- whole, or not at all

TO_BE_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
import aiosqlite, asyncpg
from models.migrating import migrate

trips, last = 0, sys.argv[3]

def counted(method):
    def call(*arguments, **named):
        global trips
        trips += 1
        if str(trips) == last or any(last in str(value) for value in arguments if not last.isdigit()):
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments, **named)
    return call

aiosqlite.Connection._execute = counted(aiosqlite.Connection._execute)
for name in ("execute", "executemany", "fetch", "fetchrow"):
    setattr(asyncpg.Connection, name, counted(getattr(asyncpg.Connection, name)))
asyncio.run(migrate(sys.argv[1], Path(sys.argv[2])))
print(trips)
"""
"""Migrates, is killed before a trip to the database: of the given number, or that has the given words in it.

Says how many there were where it was not killed.
"""


def migrate_elsewhere(place: Place, *, killed_at: int | str) -> int:
    """In a process of its own; returns how many trips to the database it took, or 0 where it was killed."""
    command = [sys.executable, "-c", TO_BE_KILLED, place.url, str(place.folder), str(killed_at)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return int(done.stdout.split()[-1]) if done.returncode == 0 else 0


async def empty(place: Place) -> None:
    """Take everything away, as at first."""
    if place.url:
        async with connected(place) as db:
            await db.execute_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    else:
        for path in place.folder.glob("waybill.sqlite3*"):
            path.unlink()


async def check_that_the_next_start_goes_on(place: Place, whole: dict[str, list[str]], *, killed_at: int | str) -> None:
    await empty(place)
    await migrate_until(place, MIGRATIONS[0])
    await fill(place)
    async with connected(place):
        columns = await read_columns()
    before = await read_rows(place, columns)

    assert migrate_elsewhere(place, killed_at=killed_at) == 0
    applied = await migrate(place.url, place.folder)

    assert applied == MIGRATIONS[len(MIGRATIONS) - len(applied) :]
    assert await structure_of(place) == whole
    assert await read_rows(place, columns) == before


@pytest.mark.parametrize(
    "words",
    [
        pytest.param('INSERT INTO "tortoise_migrations"', id="before what was applied is noted"),
        pytest.param("UPDATE jobs SET search_text", id="in the middle of a migration"),
    ],
)
@pytest.mark.long
async def test_a_start_that_was_killed_while_it_migrated_leaves_what_the_next_one_goes_on_with(
    place: Place, words: str
) -> None:
    await migrate(place.url, place.folder)
    whole = await structure_of(place)
    await check_that_the_next_start_goes_on(place, whole, killed_at=words)


@pytest.mark.trial
async def test_whenever_a_start_is_killed_while_it_migrates_the_next_one_goes_on(place: Place) -> None:
    await migrate_until(place, MIGRATIONS[0])
    trips = migrate_elsewhere(place, killed_at=0)
    whole = await structure_of(place)
    for killed_at in range(2, trips + 1, max(1, trips // 12)):
        await check_that_the_next_start_goes_on(place, whole, killed_at=killed_at)


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
async def test_postgresql_waits_for_a_slow_migration(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._POSTGRES_SETTINGS, "idle_in_transaction_session_timeout", "100")
    apply = Migration.apply

    async def apply_slowly(self: Migration, *arguments: Any, **named: Any) -> Any:
        if self.name == MIGRATIONS[-1]:
            await asyncio.sleep(0.5)
        return await apply(self, *arguments, **named)

    monkeypatch.setattr(Migration, "apply", apply_slowly)
    assert await migrate(place.url, place.folder) == MIGRATIONS


@pytest.fixture
async def with_a_table_in_the_way(tmp_path: Path) -> Place:
    """A file of the version before, with one user, where the last migration cannot be applied."""
    place = Place("", tmp_path)
    await migrate(place.url, place.folder)
    await add_users(place, "ada")
    async with connected(place) as db:
        await db.execute_query("DELETE FROM tortoise_migrations WHERE name = ?", [MIGRATIONS[-1]])
    return place


async def test_a_database_with_tables_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    place = Place("", tmp_path)
    await migrate_until(place, MIGRATIONS[-2])
    await add_users(place, "ada")
    old = await structure_of(place)
    assert await migrate(place.url, place.folder) == MIGRATIONS[-1:]
    copied = tmp_path / "copied"
    copied.mkdir()
    (tmp_path / "backups" / f"before-{MIGRATIONS[-1]}.sqlite3").rename(sqlite_path("", copied))

    assert await names_of_users(Place("", copied)) == await names_of_users(place) == ["ada"]
    assert await structure_of(Place("", copied)) == old
    assert await structure_of(place) != old
    with closing(sqlite3.connect(sqlite_path("", copied))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_migration_that_fails_stops_the_start_and_leaves_the_tables_as_they_were(
    with_a_table_in_the_way: Place,
) -> None:
    before = await structure_of(with_a_table_in_the_way)
    with pytest.raises(OperationalError, match=r"already exists|duplicate column"):
        await open_database("", with_a_table_in_the_way.folder)
    await close_database()
    assert await structure_of(with_a_table_in_the_way) == before
    assert (with_a_table_in_the_way.folder / "backups" / f"before-{MIGRATIONS[-1]}.sqlite3").exists()


async def test_without_room_for_the_copy_nothing_is_migrated(
    with_a_table_in_the_way: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.migrating.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(OSError, match="not enough disk space to copy the database"):
        await open_database("", with_a_table_in_the_way.folder)
    await close_database()
    assert list((with_a_table_in_the_way.folder / "backups").iterdir()) == []


# ------------------------------------------------------------------------------------------------ counts of jobs


async def test_jobs_that_were_there_are_counted_and_so_are_those_that_come(place: Place) -> None:
    await migrate_until(place, "0021_summaries")
    await fill(place)
    async with connected(place) as db:
        await db.execute_query("UPDATE jobs SET deleted_at = NULL WHERE id <> 'job-3'")
    await migrate(place.url, place.folder)
    async with connected(place) as db:
        numbers = "owner_id, status, created_on, ended_on, jobs, items, runs, run_microseconds"
        found = await db.execute_query_dict(f"SELECT {numbers} FROM job_count_changes ORDER BY owner_id")
        assert [tuple(row.values()) for row in found] == [
            ("user-1", "COMPLETED", 0, 0, 1, 3, 1, 0), ("user-2", "COMPLETED", 0, 0, 1, 6, 1, 0),
        ]  # fmt: skip
        await db.execute_query("UPDATE jobs SET deleted_at = 7 WHERE id = 'job-1'")
        assert await count_jobs_by_kind() == {("kind-2", "COMPLETED"): 1}
