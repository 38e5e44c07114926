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

from models.database import close_database, database_config, migrate, sqlite_path

TABLES = (
    "uploads", "upload_parts", "jobs", "job_uploads", "slices", "items", "files", "job_events", "log_entries",
    "users", "sessions", "api_tokens", "identities", "audit_entries", "webhooks", "webhook_deliveries",
    "installation",
)  # fmt: skip


@dataclass(frozen=True)
class Template:
    """A migrated database: a URL on PostgreSQL, which tests empty; a file on SQLite (no URL), which they copy."""

    url: str
    folder: Path


@contextmanager
def made_postgres(server_url: str, folder: Path) -> Iterator[Template]:
    """A fresh, migrated database on the server of `server_url`, dropped afterwards."""
    with empty_postgres(server_url) as url:
        template = Template(url, folder)
        asyncio.run(_migrate(template))
        yield template


@contextmanager
def empty_postgres(server_url: str) -> Iterator[str]:
    """The address of a fresh database without tables on the server of `server_url`, dropped afterwards."""
    name = f"waybill_test_{uuid.uuid4().hex[:12]}"
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    asyncio.run(_command(server_url, f"CREATE DATABASE {name}"))
    try:
        yield url
    finally:
        asyncio.run(_command(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


def made_sqlite(folder: Path) -> Template:
    """A migrated file in `folder`."""
    template = Template("", folder)
    asyncio.run(_migrate(template))
    return template


@asynccontextmanager
async def opened(template: Template, folder: Path) -> AsyncIterator[None]:
    """The database open for one test, with nothing in it."""
    if not template.url:
        shutil.copyfile(sqlite_path("", template.folder), sqlite_path("", folder))
    EXECUTOR_CACHE.clear()  # it holds statements in the dialect of the test before
    await Tortoise.init(config=database_config(template.url, folder), _enable_global_fallback=True)
    try:
        if template.url:
            await get_connection("default").execute_query(f"TRUNCATE {', '.join(TABLES)}")
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
    await _command(url, f"DROP DATABASE {urlsplit(url).path.lstrip('/')} WITH (FORCE)")


async def _migrate(template: Template) -> None:
    EXECUTOR_CACHE.clear()
    await migrate(template.url, template.folder)


async def _command(server_url: str, statement: str) -> None:
    parts = urlsplit(server_url)
    connection = await asyncpg.connect(urlunsplit(parts._replace(scheme="postgres", path="/postgres")))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
