"""Migrations: bringing the tables up to date, and opening the database then."""

import asyncio
import pkgutil
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.transactions import in_transaction

import models.migrations
from base.logging import log_for
from models.database import database_config, is_alive, is_sqlite, sqlite_path
from models.sql import fetch_rows

log = log_for(__name__)
_QUIET_WAIT_SECONDS = 2.0
_MIGRATION_LOCK = 0x5761_7962
"""Key of the PostgreSQL advisory lock under which migrations run."""


async def open_database(database_url: str, data_dir: Path) -> None:
    """Connect, and bring the tables up to date where they are not."""
    if is_sqlite(database_url):
        await asyncio.to_thread(_try_file, sqlite_path(database_url, data_dir))
    config = database_config(database_url, data_dir)
    await Tortoise.init(config=config, _enable_global_fallback=True)
    if not await _is_up_to_date():
        await Tortoise.close_connections()
        await migrate(database_url, data_dir)
        await Tortoise.init(config=config, _enable_global_fallback=True)
    if not await is_alive():
        msg = "it can only be read, as a standby"
        raise DBConnectionError(msg)


async def _is_up_to_date() -> bool:
    """Whether every migration was applied: the ORM's own look takes as long as the rest of a start."""
    try:
        applied = await fetch_rows(get_connection("default"), "SELECT name FROM tortoise_migrations")
    except OperationalError:  # there is no such table yet
        return False
    return {module.name for module in pkgutil.iter_modules(models.migrations.__path__)} <= {
        row["name"] for row in applied
    }


def _try_file(path: Path) -> None:
    """Raise what is wrong with the file: the ORM would wait for ever for one that is no database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


async def migrate(database_url: str, data_dir: Path) -> list[str]:
    """Apply the migrations that are missing, one process at a time, and return their names in order.

    Each is one transaction together with the note that it was applied: whoever is killed meanwhile leaves whole ones behind,
    and the next start goes on. Those of a newer version stay as they are. On SQLite the file is copied before anything
    changes.
    """
    file = sqlite_path(database_url, data_dir) if is_sqlite(database_url) else None
    if file is not None:
        await asyncio.to_thread(_try_file, file)
    config = database_config(database_url, data_dir, is_migrating=True)
    await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        async with AsyncExitStack() as stack:
            if file is None:
                await stack.enter_async_context(_turn_to_migrate())
            return await _apply_missing(config["apps"], file)
    finally:
        await Tortoise.close_connections()


@asynccontextmanager
async def _turn_to_migrate() -> AsyncIterator[None]:
    """Nobody else migrates this PostgreSQL during the block; who waits long for that says so."""
    connection: Any = get_connection("default")
    async with connection.acquire_connection() as raw:
        is_long = asyncio.get_running_loop().call_later(
            _QUIET_WAIT_SECONDS, log.warning, "another process migrates the database: waiting until it is done"
        )
        try:
            await raw.execute(f"SELECT pg_advisory_lock({_MIGRATION_LOCK})")
        finally:
            is_long.cancel()
        try:
            yield
        finally:
            await raw.execute(f"SELECT pg_advisory_unlock({_MIGRATION_LOCK})")


async def _apply_missing(apps: dict[str, Any], file: Path | None) -> list[str]:
    connection = get_connection("default")
    executor = MigrationExecutor(connection, apps)
    missing = [step.migration for step in await executor.plan(None)]
    if not missing:
        return []
    if file is not None:
        await asyncio.to_thread(_copy_before_migration, file, missing[0].name)
    await executor.recorder.ensure_schema(executor._schema_editor())  # noqa: SLF001
    state = await executor._project_state(set(await executor.recorder.applied_migrations()))  # noqa: SLF001
    for migration in missing:
        # The ORM's own `migrate` notes what it applied after the transaction: killed in between, it would apply it again.
        async with in_transaction() as db:
            editor = executor._schema_editor()  # noqa: SLF001
            editor.client = db
            await migration.apply(state, schema_editor=editor)
            await MigrationRecorder(db).record_applied(migration.app_label, migration.name)
    names = [migration.name for migration in missing]
    log.info("migrated the database", steps=len(names))
    return names


def _copy_before_migration(file: Path, first: str) -> None:
    """Copy the database, if there is a table in it, with SQLite's own backup: right while the write-ahead log is in use."""
    if not _has_tables(file):
        return
    folder = file.parent / "backups"
    folder.mkdir(exist_ok=True)
    copy = folder / f"before-{first}.sqlite3"
    if shutil.disk_usage(folder).free < file.stat().st_size:
        msg = f"There is not enough disk space to copy the database ({file.stat().st_size} bytes) before migrating it."
        raise OSError(msg)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _has_tables(file: Path) -> bool:
    """Whether there is more than the ORM's own list of migrations, which is there from the first look on."""
    own = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'tortoise_migrations'"
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(own).fetchone() is not None
