"""Opening, migrating and closing the database."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.backends.base.client import TransactionContext
from tortoise.connection import get_connection
from tortoise.exceptions import BaseORMException, DBConnectionError
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder

from base.errors import ErrorCode, Refusal
from base.logging import log_for

log = log_for(__name__)

Found = TypeVar("Found")

DATABASE_TROUBLE = "The database cannot be opened: check WAYBILL_DATABASE_URL and WAYBILL_DATA_DIR"
"""What an operator is told when `open_database` raises."""

_POSTGRES_SETTINGS = {
    # Compiling a statement takes hundreds of milliseconds; the longest here takes less than fifty.
    "jit": "off",
    # Indexes lie in memory or on disks without moving parts; PostgreSQL's own 4.0 makes it read whole tables instead.
    "random_page_cost": "1.1",
    # Milliseconds. A process that stands still in the middle of a transaction does not hold up all others for ever.
    "idle_in_transaction_session_timeout": "10000",
}
_UNREACHABLE = (
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    # A standby, or a server that protects itself when its disk is nearly full.
    asyncpg.ReadOnlySQLTransactionError,
    # The server's farewell has arrived, and the end of the connection not yet.
    asyncpg.InternalClientError,
    # A newer version has changed a table meanwhile: the client forgets what it knew of it, and the same succeeds.
    asyncpg.InvalidCachedStatementError,
)
_RETRY_SECONDS = 0.3
_PATIENCE_SECONDS = 2.0
_MIGRATION_LOCK = 0x5761_7962
"""Key of the PostgreSQL advisory lock under which migrations run."""


def database_config(database_url: str, data_dir: Path, *, is_migrating: bool = False) -> dict[str, Any]:
    """The ORM's configuration for `database_url`; empty means SQLite in `data_dir`."""
    return {
        "connections": {"default": _connection(database_url, data_dir, is_migrating=is_migrating)},
        "apps": {"models": {"models": ["models"], "default_connection": "default", "migrations": "models.migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def open_database(database_url: str, data_dir: Path) -> None:
    """Bring the tables up to date and connect."""
    await migrate(database_url, data_dir)
    await Tortoise.init(config=database_config(database_url, data_dir), _enable_global_fallback=True)
    if not await is_alive():
        msg = "it can only be read, as a standby"
        raise DBConnectionError(msg)


def _try_file(path: Path) -> None:
    """Raise what is wrong with the file: the ORM would wait for ever for one that is no database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


async def close_database() -> None:
    """Close every connection; a process that leaves one open hangs at exit."""
    await Tortoise.close_connections()


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
            _PATIENCE_SECONDS, log.warning, "another process migrates the database: waiting until it is done"
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
        async with transaction() as db:
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


def transaction(*, is_durable: bool = True) -> TransactionContext:
    """A transaction; with `is_durable=False` its commit does not wait for the disk.

    A crash of the process loses neither. A power cut, on PostgreSQL a crash of the database, too, may take the newest ones
    that were not durable, whole, and always together with whatever was committed after them; a durable one makes all before
    it durable.
    """
    client: Any = get_connection("default")
    entered: TransactionContext = client._in_transaction() if is_durable else client.in_lax_transaction()  # noqa: SLF001
    return entered


def refusal_of_database(error: BaseException) -> Refusal | None:
    """What a client is told where the database failed; None where it did not."""
    if _is_out_of_space(error):
        message = "The server has no room on its disk; try again later."
        return Refusal(ErrorCode.INSUFFICIENT_STORAGE, message, retry_after=60)
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        message = "A newer version has just changed the database; try again."
        return Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=1)
    if is_unreachable(error):
        message = "The database cannot be reached; try again later."
        return Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=2)
    if isinstance(error, BaseORMException | sqlite3.Error | asyncpg.PostgresError):
        return Refusal(ErrorCode.DATABASE_ERROR, "The database did not do its part; try again.")
    return None


def is_unreachable(error: BaseException) -> bool:
    """Whether the database is away, or a standby that only reads, and the same may succeed later."""
    return isinstance(error, _UNREACHABLE) and not isinstance(error, ValueError)  # those are of values


async def once_reachable(work: Callable[[], Awaitable[Found]], seconds: float) -> Found:
    """What `work`, which may be done twice, comes to: tried again for as long as the database is away.

    Raises:
        Exception: What `work` raises; that the database is away only after `seconds`.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_unreachable(error) or time.monotonic() >= until:
                raise
        await asyncio.sleep(_RETRY_SECONDS)


def _is_out_of_space(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return isinstance(error, asyncpg.DiskFullError) or (error is not None and _is_out_of_space(error.__cause__))


async def is_alive() -> bool:
    """Whether the database answers, and can be written to."""
    connection = get_connection("default")
    if connection.capabilities.dialect != "postgres":
        await connection.execute_query("SELECT 1")
        return True
    _, (row,) = await connection.execute_query("SHOW transaction_read_only")
    return bool(row["transaction_read_only"] == "off")


def sqlite_path(database_url: str, data_dir: Path) -> Path:
    """Where the SQLite file lies: sqlite:///below/the/current/folder.db, sqlite:////from/the/root.db, or in `data_dir`."""
    return Path(unquote(urlsplit(database_url).path.removeprefix("/")) or data_dir / "waybill.sqlite3")


def is_sqlite(database_url: str) -> bool:
    """Whether `database_url` means SQLite."""
    return not database_url or urlsplit(database_url).scheme == "sqlite"


@cache
def _numbered(statement: str) -> str:
    return statement.replace("$", "?")


def sql(connection: Any, statement: str) -> str:
    """`statement`, written with $1, $2, …, as the connection's database wants it (SQLite: ?1, ?2, …)."""
    return statement if connection.capabilities.dialect == "postgres" else _numbered(statement)


def database_now(connection: Any) -> str:
    """SQL for the database's own clock, in seconds since 1970: leases are measured by one clock for all workers."""
    if connection.capabilities.dialect == "postgres":
        return "extract(epoch from clock_timestamp())"
    return "((julianday('now') - 2440587.5) * 86400.0)"


def _connection(database_url: str, data_dir: Path, *, is_migrating: bool) -> dict[str, Any]:
    if is_sqlite(database_url):
        return {
            "engine": "models.sqlite",
            "credentials": {
                "file_path": str(sqlite_path(database_url, data_dir)),
                "journal_mode": "WAL",
                "synchronous": "FULL",
                "busy_timeout": 10_000,
                # Rebuilding a parent table with foreign keys on would delete its children.
                "foreign_keys": "OFF" if is_migrating else "ON",
                "cache_size": -32_000,
                "journal_size_limit": 67_108_864,
            },
        }
    parts = urlsplit(database_url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    credentials: dict[str, Any] = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 5432,
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password) if parts.password else None,
        "database": parts.path.lstrip("/") or "waybill",
        "minsize": 1,
        "maxsize": int(options.get("maxsize", "10")),
        "server_settings": _POSTGRES_SETTINGS,
        # None: encrypted where the server can, or as the environment of libpq says (PGSSLMODE).
        "ssl": options.get("sslmode"),
    }
    return {"engine": "models.postgres", "credentials": credentials}


CONFIG = database_config("", Path("data"))
"""What the ORM's command line is given (`python -m tortoise -c models.database.CONFIG makemigrations`)."""
