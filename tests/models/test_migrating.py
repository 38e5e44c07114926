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
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from tortoise.migrations import operations
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.migration import Migration

from base.words import JobStatus
from models import Job, User
from models.database import close_database, database_config, migrate, open_database, sql, sqlite_path
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


@pytest.fixture(scope="module")
def migrations() -> list[Migration]:
    async def load() -> list[Migration]:
        await Tortoise.init(config=database_config("", Path("/nowhere")), _enable_global_fallback=True)
        executor = MigrationExecutor(get_connection("default"), database_config("", Path("/nowhere"))["apps"])
        await executor.loader.build_graph()
        await close_database()
        return [executor.loader.graph.nodes[key] for key in executor._full_plan()]

    return asyncio.run(load())


def test_migrations_only_add_so_that_the_version_before_goes_on_working_and_no_table_is_made_anew(
    migrations: list[Migration],
) -> None:
    every = [(migration.name, operation) for migration in migrations for operation in migration.operations]

    assert [migration.name for migration in migrations] == MIGRATIONS
    assert [(name, operation) for name, operation in every if not isinstance(operation, ADDITIVE)] == []
    added = [operation for _, operation in every if isinstance(operation, operations.AddField)]
    assert [field.name for field in added if not (field.field.null or field.field.has_db_default())] == []
    texts = [operation.sql for _, operation in every if isinstance(operation, operations.RunSQL)]
    assert [text for text in texts if re.search(r"\b(DROP|ALTER|RENAME|TRUNCATE|DELETE)\b", str(text).upper())] == []


# ---------------------------------------------------------------------------------------- what is there stays

NUMBERS = ("INT", "BIGINT", "DOUBLE", "REAL", "SMALLINT")
WORDS = {
    ("users", "role"): "USER", ("uploads", "status"): "UPLOADED", ("jobs", "status"): "COMPLETED",
    ("jobs", "type"): "BATCH", ("items", "status"): "COMPLETED", ("slices", "status"): "DONE",
    ("slices", "phase"): "ITEMS", ("files", "role"): "RESULT", ("job_events", "status"): "COMPLETED",
    ("log_entries", "level"): "INFO",
}  # fmt: skip
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
