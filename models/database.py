"""Configuration, transactions and failures of the database."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

from tortoise import Tortoise
from tortoise.backends.base.client import TransactionContext
from tortoise.connection import get_connection
from tortoise.exceptions import BaseORMException, DBConnectionError

from base.errors import ErrorCode, Refusal
from base.loaded_errors import errors_of
from base.resilience import retry

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
_MIGRATING_SETTINGS = {
    # Between two statements the ORM works out what the tables are, which takes its time on a busy machine.
    "idle_in_transaction_session_timeout": "600000"
}
_UNREACHABLE = (
    "PostgresConnectionError",
    "CannotConnectNowError",
    "TooManyConnectionsError",
    "AdminShutdownError",
    "CrashShutdownError",
    "InterfaceError",
    # A standby, or a server that protects itself when its disk is nearly full.
    "ReadOnlySQLTransactionError",
    # The server's farewell has arrived, and the end of the connection not yet.
    "InternalClientError",
    # A newer version has changed a table meanwhile: the client forgets what it knew of it, and the same succeeds.
    "InvalidCachedStatementError",
)
_BUSY = ("LockNotAvailableError", "DeadlockDetectedError", "SerializationError", "QueryCanceledError")
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_FULL = {
    sqlite3.SQLITE_FULL,
    # What SQLite makes of a quota that is used up (EDQUOT), and of no room for the index of the write-ahead log.
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
}


def database_config(database_url: str, data_dir: Path, *, is_migrating: bool = False) -> dict[str, Any]:
    """The ORM's configuration for `database_url`; empty means SQLite in `data_dir`."""
    return {
        "connections": {"default": _connection(database_url, data_dir, is_migrating=is_migrating)},
        "apps": {"models": {"models": ["models"], "default_connection": "default", "migrations": "models.migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def close_database() -> None:
    """Close every connection; a process that leaves one open hangs at exit."""
    await Tortoise.close_connections()


def transaction(*, is_durable: bool = True) -> TransactionContext:
    """A transaction; with `is_durable=False` its commit does not wait for the disk.

    A crash of the process loses neither. A power cut, on PostgreSQL a crash of the database, too, may take the newest ones
    that were not durable, whole, and always together with whatever was committed after them; a durable one makes all before
    it durable.
    """
    client: Any = get_connection("default")
    entered: TransactionContext = client._in_transaction() if is_durable else client.in_lax_transaction()  # noqa: SLF001
    return entered


def worker_transaction() -> TransactionContext:
    """A transaction for work that is done again when it is lost; on SQLite its commit does not wait for the disk.

    A power cut that takes it from SQLite has taken the worker with it, which is in the same process. PostgreSQL must not
    forget a claim while its worker goes on elsewhere: another one would get the same fencing token.
    """
    return transaction(is_durable=get_connection("default").capabilities.support_for_update)


def refusal_of_database(error: BaseException) -> Refusal | None:
    """What a client is told where the database failed; None where it did not."""
    if is_out_of_space(error):
        message = "The server has no room on its disk; try again later."
        return Refusal(ErrorCode.INSUFFICIENT_STORAGE, message, retry_after=60)
    if _is_of_postgres(error, "InvalidCachedStatementError"):
        message = "A newer version has just changed the database; try again."
        return Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=1)
    if is_unreachable(error):
        message = "The database cannot be reached; try again later."
        return Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=2)
    if isinstance(error, BaseORMException | sqlite3.Error) or _is_of_postgres(error, "PostgresError"):
        if is_busy(error):
            message = "The database is busy with somebody else's change; try again."
            return Refusal(ErrorCode.DATABASE_ERROR, message, retry_after=2)
        return Refusal(ErrorCode.DATABASE_ERROR, "The database did not do its part; try again.")
    return None


def is_busy(error: BaseException) -> bool:
    """Whether somebody else's lock, or a change at the same time, kept the database from doing it: the same may succeed."""
    return any(
        _is_of_postgres(one, *_BUSY) or (isinstance(one, sqlite3.Error) and _code_of(one) & 0xFF in _SQLITE_BUSY)
        for one in _chain(error)
    )


def is_unreachable(error: BaseException) -> bool:
    """Whether the database is away, or a standby that only reads, and the same may succeed later."""
    is_away = isinstance(error, DBConnectionError) or _is_of_postgres(error, *_UNREACHABLE)
    return is_away and not isinstance(error, ValueError)  # those are of values


async def retry_while_away(work: Callable[[], Awaitable[Found]], deadline_seconds: float) -> Found:
    """Retry `work`, which may be done twice, while the database is away or full.

    Raises:
        Exception: What `work` raises; that the database is away or full only after the deadline.
    """
    return await retry(work, is_passing, deadline_seconds=deadline_seconds)


def is_out_of_space(error: BaseException) -> bool:
    """Whether the database has no room for what was to be written."""
    return any(
        _is_of_postgres(one, "DiskFullError") or (isinstance(one, sqlite3.Error) and _code_of(one) in _SQLITE_FULL)
        for one in _chain(error)
    )


def _is_of_postgres(error: BaseException, *names: str) -> bool:
    """Whether `error` is one of those that PostgreSQL's client names so; it is loaded where it is used."""
    return isinstance(error, errors_of("asyncpg", *names))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """`error` and what led to it: the ORM tells what the database's own client raised as an exception of its own."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _code_of(error: sqlite3.Error) -> int:
    """SQLite's extended result code; 0 where Python's module raised it by itself."""
    return getattr(error, "sqlite_errorcode", None) or 0


def is_passing(error: BaseException) -> bool:
    """Whether the database is away or full, and the same will succeed later without anybody changing it."""
    return is_unreachable(error) or is_out_of_space(error)


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
        "server_settings": _POSTGRES_SETTINGS | (_MIGRATING_SETTINGS if is_migrating else {}),
        # None: encrypted where the server can, or as the environment of libpq says (PGSSLMODE).
        "ssl": options.get("sslmode"),
    }
    return {"engine": "models.postgres", "credentials": credentials}


CONFIG = database_config("", Path("data"))
"""What the ORM's command line is given (`python -m tortoise -c models.database.CONFIG makemigrations`)."""
