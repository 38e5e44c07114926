"""An open, empty database for a test: SQLite in its folder, or PostgreSQL at TEST_DATABASE_URL."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection

from models.database import close_database, database_config, sqlite_path
from models.migrating import migrate

TABLES = (
    "uploads", "upload_parts", "jobs", "job_uploads", "slices", "items", "files", "job_events", "log_entries",
    "users", "sessions", "api_tokens", "identities", "audit_entries", "webhooks", "webhook_deliveries",
    "installation", "job_counts", "job_count_changes",
)  # fmt: skip
"""Those of the counts last: whoever deletes jobs changes them."""

_EMPTY_TABLES = f"""DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY{list(TABLES)} LOOP
    EXECUTE format(CASE WHEN pg_relation_size(name::regclass) > 65536 THEN 'TRUNCATE %I' ELSE 'DELETE FROM %I' END, name);
  END LOOP;
END $$"""
"""TRUNCATE makes new files for a table and its indexes, which takes longer than most tests; DELETE leaves dead rows."""


@dataclass(frozen=True)
class Template:
    """A migrated database: a URL on PostgreSQL, which tests empty; a file on SQLite (no URL), which they copy."""

    url: str
    folder: Path


@contextmanager
def migrated_postgres(server_url: str, folder: Path) -> Iterator[str]:
    """The address of a fresh, migrated database on the server of `server_url`, dropped afterwards."""
    with empty_postgres(server_url) as url:
        asyncio.run(_migrate(url, folder))
        yield url


@contextmanager
def copied_postgres(url: str) -> Iterator[str]:
    """The address of a copy of the database at `url`, to which nobody is connected; dropped afterwards."""
    with _created_postgres(url, f"TEMPLATE {_name_of(url)}") as copy:
        yield copy


@contextmanager
def empty_postgres(server_url: str) -> Iterator[str]:
    """The address of a fresh database without tables on the server of `server_url`, dropped afterwards."""
    with _created_postgres(server_url, "") as url:
        yield url


@contextmanager
def _created_postgres(server_url: str, how: str) -> Iterator[str]:
    name = f"waybill_test_{uuid.uuid4().hex[:12]}"
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    asyncio.run(_command(server_url, f"CREATE DATABASE {name} {how}"))
    try:
        yield url
    finally:
        asyncio.run(_command(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


def migrated_sqlite(folder: Path) -> Path:
    """A migrated file in `folder`."""
    asyncio.run(_migrate("", folder))
    return sqlite_path("", folder)


def copied_sqlite(file: Path, data_dir: Path) -> Path:
    """The data folder `data_dir`, in which a server finds a copy of `file` as its database."""
    data_dir.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, sqlite_path("", data_dir))
    return data_dir


@asynccontextmanager
async def opened(template: Template, folder: Path) -> AsyncIterator[None]:
    """The database open for one test, with nothing in it."""
    if not template.url:
        copied_sqlite(sqlite_path("", template.folder), folder)
    EXECUTOR_CACHE.clear()  # it holds statements in the dialect of the test before
    await Tortoise.init(config=database_config(template.url, folder), _enable_global_fallback=True)
    try:
        if template.url:
            await get_connection("default").execute_script(_EMPTY_TABLES)
        yield
    finally:
        await close_database()
        EXECUTOR_CACHE.clear()


async def read_tables(*tables: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of `tables` (or of all), in the order of their ids."""
    db = get_connection("default")
    return {
        table: [dict(row) for row in await db.execute_query_dict(f"SELECT * FROM {table} ORDER BY id")]
        for table in tables or TABLES
    }


async def drop_database(url: str) -> None:
    """Drop the PostgreSQL database, whoever is connected to it."""
    await _command(url, f"DROP DATABASE {_name_of(url)} WITH (FORCE)")


def _name_of(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


async def _migrate(url: str, folder: Path) -> None:
    EXECUTOR_CACHE.clear()
    await migrate(url, folder)


async def _command(server_url: str, statement: str) -> None:
    parts = urlsplit(server_url)
    connection = await asyncpg.connect(urlunsplit(parts._replace(scheme="postgres", path="/postgres")))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
