"""Errors of a PostgreSQL that cannot be reached."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.exceptions import DBConnectionError

from base.errors import ErrorCode
from models import AuditEntry
from models.database import (
    close_database,
    database_config,
    is_alive,
    refusal_of_database,
    retry_while_away,
    transaction,
)
from models.migrating import migrate, open_database
from tests.conftest import service_or_skip
from tests.databases import empty_postgres

NOWHERE = "postgres://postgres@127.0.0.1:1/nothing"


async def begin() -> None:
    async with transaction():
        pass


async def begin_lax() -> None:
    async with transaction(is_durable=False):
        pass


@pytest.fixture(params=["refused", "unknown name"])
async def unreachable(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[None]:
    """A database at whose address nobody listens, and one that the server does not let in."""
    known = request.param == "refused"
    url = NOWHERE if known else f"{service_or_skip('postgres', 'TEST_DATABASE_URL').rpartition('/')[0]}/waybill_nothing"
    await Tortoise.init(config=database_config(url, tmp_path), _enable_global_fallback=True)
    try:
        yield
    finally:
        await close_database()


@pytest.mark.parametrize("work", [is_alive, begin, begin_lax])
async def test_who_cannot_connect_is_told_to_come_again(unreachable: None, work: Callable[[], Awaitable[None]]) -> None:
    with pytest.raises(DBConnectionError) as caught:
        await work()
    refusal = refusal_of_database(caught.value)
    assert refusal is not None
    assert (refusal.code, refusal.retry_after) == (ErrorCode.SERVICE_UNAVAILABLE, 2)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncpg.ConnectionDoesNotExistError("closed"), ErrorCode.SERVICE_UNAVAILABLE),
        (asyncpg.CannotConnectNowError("starting up"), ErrorCode.SERVICE_UNAVAILABLE),
        (asyncpg.TooManyConnectionsError("too many"), ErrorCode.SERVICE_UNAVAILABLE),
        (asyncpg.AdminShutdownError("terminated"), ErrorCode.SERVICE_UNAVAILABLE),
        (asyncpg.InterfaceError("connection is closed"), ErrorCode.SERVICE_UNAVAILABLE),
        (asyncpg.ReadOnlySQLTransactionError("a standby"), ErrorCode.SERVICE_UNAVAILABLE),
        (asyncpg.InternalClientError("another operation (2) is in progress"), ErrorCode.SERVICE_UNAVAILABLE),
        (asyncpg.DeadlockDetectedError("deadlock"), ErrorCode.DATABASE_ERROR),
        (asyncpg.DiskFullError("no space"), ErrorCode.INSUFFICIENT_STORAGE),
        (asyncpg.exceptions._base.DataError("a value"), None),
        (ConnectionError("of something else"), None),
    ],
)
def test_what_postgresql_says_has_its_code(error: Exception, code: ErrorCode | None) -> None:
    refusal = refusal_of_database(error)
    assert (refusal.code if refusal else None) is code


def failing(*errors: Exception) -> Callable[[], Awaitable[int]]:
    """Raises each of `errors` once, and tells then how often it was called."""
    left, calls = list(errors), [0]

    async def work() -> int:
        calls[0] += 1
        if left:
            raise left.pop(0)
        return calls[0]

    return work


async def test_what_waits_for_the_database_goes_on_once_it_is_there() -> None:
    away = (DBConnectionError("refused"), asyncpg.CannotConnectNowError("starting up"))

    assert await retry_while_away(failing(*away), 10) == 3


@pytest.mark.parametrize(
    ("error", "seconds"), [(DBConnectionError("refused"), 0), (asyncpg.DeadlockDetectedError("deadlock"), 10)]
)
async def test_it_does_not_wait_for_ever_nor_for_what_is_no_outage(error: Exception, seconds: float) -> None:
    with pytest.raises(type(error)):
        await retry_while_away(failing(error), seconds)


@pytest.mark.parametrize(("option", "heard"), [("", 2), ("?sslmode=prefer", 2), ("?sslmode=require", 1)])
async def test_who_wants_to_be_encrypted_tells_nothing_to_a_server_that_cannot(
    tmp_path: Path, option: str, heard: int
) -> None:
    received = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1024))
        writer.write(b"N")  # to SSLRequest: not here. Source: PostgreSQL, "SSL Session Encryption"
        received.append(await reader.read(1024))
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"postgres://somebody@127.0.0.1:{port}/nothing{option}"
        await Tortoise.init(config=database_config(url, tmp_path), _enable_global_fallback=True)
        try:
            with pytest.raises(DBConnectionError):
                await is_alive()
        finally:
            await close_database()
    assert len(list(filter(None, received))) == heard


@pytest.fixture
def reading_url(tmp_path: Path) -> Iterator[str]:
    """A migrated database that can only be read, as a standby."""
    with empty_postgres(service_or_skip("postgres", "TEST_DATABASE_URL")) as url:
        asyncio.run(migrate(url, tmp_path))
        asyncio.run(_make_read_only(url))
        yield url


async def _make_read_only(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    await connection.close()


async def delete_at_once() -> None:
    await AuditEntry.all().delete()


async def delete_in_a_transaction() -> None:
    async with transaction() as db:
        await AuditEntry.all().using_db(db).delete()


@pytest.mark.parametrize("work", [delete_at_once, delete_in_a_transaction])
async def test_who_writes_to_one_that_only_reads_is_told_to_come_again(
    reading_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, work: Callable[[], Awaitable[None]]
) -> None:
    await Tortoise.init(config=database_config(reading_url, tmp_path), _enable_global_fallback=True)
    try:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError) as caught:
            await work()
        refusal = refusal_of_database(caught.value)
        assert refusal is not None
        assert (refusal.code, refusal.retry_after) == (ErrorCode.SERVICE_UNAVAILABLE, 2)
        assert await is_alive() is False
        assert await AuditEntry.all().count() == 0
    finally:
        await close_database()
    assert caplog.messages == []  # such as of a transaction that was left open


async def test_a_program_does_not_start_on_one_that_only_reads(reading_url: str, tmp_path: Path) -> None:
    with pytest.raises(DBConnectionError, match="can only be read"):
        await open_database(reading_url, tmp_path)
    await close_database()
