"""Databases between two migrations, and rows of every table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from models.database import close_database, database_config
from models.sql import sql
from tests.models.tables_for_tests import read_columns, read_structure

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = sorted(path.stem for path in (ROOT / "models" / "migrations").glob("0*.py"))


NUMBERS = ("INT", "BIGINT", "DOUBLE", "REAL", "SMALLINT")
WORDS = {
    ("users", "role"): "USER", ("uploads", "status"): "UPLOADED", ("jobs", "status"): "COMPLETED",
    ("jobs", "type"): "BATCH", ("items", "status"): "COMPLETED", ("slices", "status"): "DONE",
    ("slices", "phase"): "ITEMS", ("files", "role"): "RESULT", ("job_events", "status"): "COMPLETED",
    ("log_entries", "level"): "INFO", ("jobs", "wait_reason"): "DISK_FULL",
}  # fmt: skip
ROWS = range(1, 4)
"""Rows of each table; those of the same number belong together."""


@dataclass(frozen=True)
class Place:
    """Where a database is: a URL on PostgreSQL, none for the SQLite file in `folder`."""

    url: str
    folder: Path


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
