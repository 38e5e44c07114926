import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from models import User
from models.database import database_config, is_sqlite, sqlite_path, transaction
from models.fields import InstantField, now
from models.sql import database_now, sql
from models.sqlite import READERS, ImmediateClient

ROOT = Path(__file__).resolve().parents[2]
FIRST = "0001_initial"


def file_in(folder: Path) -> Path:
    return sqlite_path("", folder)


async def value_of(statement: str) -> Any:
    (row,) = await get_connection("default").execute_query_dict(statement)
    return next(iter(row.values()))


async def add_user(id_: str = "user-1754556928-00000000000a") -> User:
    return await User.create(id=id_, username=id_)


# -------------------------------------------------------------------------------------------- how it is set


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("foreign_keys", 1),
        ("synchronous", 2),
        ("busy_timeout", 10_000),
        ("cache_size", -32_000),
    ],
)
async def test_what_is_set_is_really_in_force(data_dir: Path, pragma: str, value: Any) -> None:
    assert await value_of(f"PRAGMA {pragma}") == value


async def test_a_read_that_is_cancelled_while_its_connection_opens_holds_up_no_later_one(data_dir: Path) -> None:
    async def read() -> None:
        await value_of("SELECT 1")

    for turns in range(40):
        reads = [asyncio.create_task(read()) for _ in range(READERS)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for one in reads:
            one.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
    async with asyncio.timeout(10):
        await asyncio.gather(*[read() for _ in range(2 * READERS)])


async def test_it_is_in_force_inside_of_a_transaction_too(data_dir: Path) -> None:
    async with in_transaction() as db:
        assert [dict(row) for row in await db.execute_query_dict("PRAGMA busy_timeout")] == [{"timeout": 10_000}]


async def test_a_transaction_takes_the_write_lock_when_it_begins(data_dir: Path) -> None:
    with closing(sqlite3.connect(file_in(data_dir), timeout=0)) as other:
        async with in_transaction():
            with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                other.execute("BEGIN IMMEDIATE")
            assert other.execute("SELECT count(*) FROM users").fetchone() == (0,)
        other.execute("BEGIN IMMEDIATE")


async def test_a_transaction_waits_for_another_writer_instead_of_failing(data_dir: Path) -> None:
    with closing(sqlite3.connect(file_in(data_dir), timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(add_in_transaction())
        await asyncio.sleep(0.2)
        assert not waiting.done()
        other.execute("COMMIT")
        await asyncio.wait_for(waiting, 5)
    assert await User.all().count() == 1


async def add_in_transaction() -> None:
    async with in_transaction():
        await add_user()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("", "/data/waybill.sqlite3"), ("sqlite://", "/data/waybill.sqlite3"), ("sqlite:///kept/here.db", "kept/here.db"),
        ("sqlite:////var/lib/here.db", "/var/lib/here.db"), ("sqlite:///a%20b.db", "a b.db"),
    ],
)  # fmt: skip
def test_the_file_lies_where_the_address_says(url: str, path: str) -> None:
    assert sqlite_path(url, Path("/data")) == Path(path)


@pytest.mark.parametrize(
    ("url", "expected"), [("", True), ("sqlite:///a.db", True), ("postgres://h/n", False), ("postgresql://h/n", False)]
)
def test_what_is_sqlite(url: str, expected: bool) -> None:
    assert is_sqlite(url) is expected


def test_a_postgresql_address_is_taken_apart() -> None:
    config = database_config("postgres://us%40er:p%2Fw@db.example:6432/bill?maxsize=25&sslmode=require", Path("/data"))
    assert config["connections"]["default"] == {
        "engine": "models.postgres",
        "credentials": {
            "host": "db.example", "port": 6432, "user": "us@er", "password": "p/w", "database": "bill", "minsize": 1,
            "maxsize": 25, "server_settings": {
                "jit": "off", "random_page_cost": "1.1", "idle_in_transaction_session_timeout": "10000",
            }, "ssl": "require",
        },
    }  # fmt: skip


async def test_numbered_places_are_written_as_sqlite_wants_them(data_dir: Path) -> None:
    db = get_connection("default")
    rows = await db.execute_query_dict(sql(db, "SELECT $2 AS second, $1 AS first, $2 AS again"), ["a", "b"])
    assert dict(rows[0]) == {"second": "b", "first": "a", "again": "b"}


async def test_the_clock_of_the_database_is_the_time_of_day(data_dir: Path) -> None:
    assert abs(await value_of(f"SELECT {database_now(get_connection('default'))}") - time.time()) < 1


# ------------------------------------------------------------------------------------------ two that write

PRAGMAS = database_config("", Path("/"))["connections"]["default"]["credentials"]
WRITER = """
import asyncio, sys
from pathlib import Path
from tortoise import Tortoise
from tortoise.transactions import in_transaction
from models.database import close_database, database_config

async def main():
    await Tortoise.init(config=database_config("", Path(sys.argv[1])), _enable_global_fallback=True)
    for _ in range(int(sys.argv[2])):
        async with in_transaction() as db:
            (row,) = await db.execute_query_dict("SELECT value FROM counter")
            await asyncio.sleep(0)
            await db.execute_query("UPDATE counter SET value = ?", [row["value"] + 1])
    await close_database()

asyncio.run(main())
"""


@pytest.fixture
async def counter(data_dir: Path) -> None:
    db = get_connection("default")
    await db.execute_query("CREATE TABLE counter (value INTEGER)")
    await db.execute_query("INSERT INTO counter VALUES (0)")


async def add_to_counter(client: BaseDBAsyncClient, times: int) -> None:
    for _ in range(times):
        async with client._in_transaction() as db:
            (row,) = await db.execute_query_dict("SELECT value FROM counter")
            await asyncio.sleep(0)
            await db.execute_query("UPDATE counter SET value = ?", [row["value"] + 1])


async def test_two_connections_that_read_and_write_back_lose_nothing_and_never_fail(
    data_dir: Path, counter: None
) -> None:
    credentials = {**PRAGMAS, "file_path": str(file_in(data_dir))}
    other = ImmediateClient(connection_name="default", fetch_inserted=True, **credentials)
    try:
        both = (add_to_counter(client, 50) for client in (get_connection("default"), other))
        assert await asyncio.gather(*both, return_exceptions=True) == [None, None]
    finally:
        await other.close()
    assert await value_of("SELECT value FROM counter") == 100


async def test_two_processes_that_read_and_write_back_lose_nothing_and_never_fail(
    data_dir: Path, counter: None
) -> None:
    command = [sys.executable, "-c", WRITER, str(data_dir), "100"]
    started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [await asyncio.to_thread(process.communicate) for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    assert await value_of("SELECT value FROM counter") == 200


async def test_tasks_of_one_process_take_turns(data_dir: Path, counter: None) -> None:
    await asyncio.gather(*(add_to_counter(get_connection("default"), 5) for _ in range(10)))
    assert await value_of("SELECT value FROM counter") == 50


# ------------------------------------------------------------------------------------------------ durability


async def synchronous() -> int:
    return int(await value_of("PRAGMA synchronous"))


@pytest.mark.parametrize(("is_durable", "expected"), [(True, 2), (False, 1)])
async def test_only_a_transaction_that_must_last_waits_for_the_disk(
    data_dir: Path, is_durable: bool, expected: int
) -> None:
    async with transaction(is_durable=is_durable):
        await add_user()
        assert await synchronous() == expected
    assert (await synchronous(), await User.all().count()) == (2, 1)


async def test_after_one_that_need_not_last_failed_the_next_one_waits_again(data_dir: Path) -> None:
    with suppress(RuntimeError):
        async with transaction(is_durable=False):
            await add_user()
            raise RuntimeError
    assert (await synchronous(), await User.all().count()) == (2, 0)


async def test_one_that_need_not_last_and_writes_nothing_leaves_nothing(data_dir: Path) -> None:
    async with transaction(is_durable=False):
        pass
    with suppress(RuntimeError):
        async with transaction(is_durable=False):
            raise RuntimeError
    with closing(sqlite3.connect(file_in(data_dir), timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
    assert await synchronous() == 2


async def add_twice_whatever_the_first_one_says() -> None:
    async with transaction(is_durable=False):
        with suppress(OperationalError):
            await add_user()
        await add_user()


async def test_one_that_need_not_last_and_cannot_begin_writes_nothing(data_dir: Path) -> None:
    await get_connection("default").execute_query("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(file_in(data_dir), timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="database is locked"):
            await add_twice_whatever_the_first_one_says()
        other.execute("ROLLBACK")
    assert (await synchronous(), await User.all().count()) == (2, 0)


async def test_whenever_one_that_need_not_last_is_cancelled_the_next_one_waits_again(data_dir: Path) -> None:
    async def write() -> None:
        async with transaction(is_durable=False) as db:
            await db.execute_query("UPDATE users SET username = 'x'")

    chance = random.Random(1)
    for _ in range(60):
        task = asyncio.create_task(write())
        await asyncio.sleep(chance.random() * 0.001)
        task.cancel()
        await asyncio.wait([task])
        assert await synchronous() == 2


# --------------------------------------------------------------------------------------------- cancellation


@pytest.fixture
def other(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection, who waits for nobody."""
    with closing(sqlite3.connect(file_in(data_dir), timeout=0, isolation_level=None)) as connection:
        yield connection


async def is_free(other: sqlite3.Connection) -> None:
    """Nobody holds a lock, in this process or in the file."""
    await asyncio.wait_for(add_in_transaction(), 5)
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")


async def test_who_is_cancelled_while_entering_leaves_no_lock(other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    entering = asyncio.create_task(add_in_transaction())
    await asyncio.sleep(0.1)
    entering.cancel()
    await asyncio.wait([entering])
    assert entering.cancelled()
    other.execute("ROLLBACK")
    await is_free(other)
    assert await User.all().count() == 1


async def test_who_is_cancelled_while_waiting_for_their_turn_leaves_no_lock(other: sqlite3.Connection) -> None:
    client: Any = get_connection("default")
    await client._lock.acquire()
    waiting = asyncio.create_task(add_in_transaction())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    client._lock.release()
    await is_free(other)
    assert await User.all().count() == 1


async def test_who_is_cancelled_inside_leaves_no_lock_and_no_row(other: sqlite3.Connection) -> None:
    inside = asyncio.Event()

    async def add_and_wait() -> None:
        async with in_transaction():
            await add_user("user-1754556928-00000000000b")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(add_and_wait())
    await asyncio.wait_for(inside.wait(), 5)
    task.cancel()
    await asyncio.wait([task])
    assert await User.all().count() == 0
    await is_free(other)


@pytest.mark.parametrize("seed", range(3))
async def test_whoever_is_cancelled_whenever_the_database_stays_usable(
    data_dir: Path, counter: None, other: sqlite3.Connection, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        tasks = [asyncio.create_task(add_to_counter(get_connection("default"), 1)) for _ in range(3)]
        await asyncio.sleep(chance.random() * 0.003)
        for task in tasks:
            if chance.random() < 0.7:
                task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() or task.exception() is None for task in tasks)
    await is_free(other)
    client: Any = get_connection("default")
    assert not client._lock.locked()


async def test_a_database_that_cannot_be_opened_leaves_no_lock(tmp_path: Path) -> None:
    client = ImmediateClient(str(tmp_path / "none" / "a.db"), connection_name="default", fetch_inserted=True)
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
            await asyncio.wait_for(client._in_transaction().__aenter__(), 5)
    assert not client._lock.locked()
    while any("_connection_worker_thread" in thread.name for thread in threading.enumerate()):  # noqa: ASYNC110  threads tell nobody when they end
        await asyncio.sleep(0.01)  # it still speaks to this loop


async def test_a_transaction_inside_of_another_is_undone_alone(data_dir: Path) -> None:
    async with in_transaction():
        await add_user("user-1754556928-00000000000b")
        with suppress(RuntimeError):
            async with in_transaction():
                await add_user("user-1754556928-00000000000c")
                raise RuntimeError
    assert [user.id for user in await User.all()] == ["user-1754556928-00000000000b"]


# -------------------------------------------------------------------------------------------------- moments


async def test_a_moment_comes_back_to_the_microsecond_in_utc(data_dir: Path) -> None:
    user = await add_user()
    chance = random.Random(1)
    for _ in range(50):
        moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(microseconds=chance.randrange(80 * 365 * 86_400 * 10**6))
        await User.filter(id=user.id).update(created_at=moment)
        assert (await User.get(id=user.id)).created_at == moment
    assert (await User.get(id=user.id)).created_at.tzinfo is UTC


async def test_a_moment_is_a_number_that_the_database_can_compare(data_dir: Path) -> None:
    await add_user()
    assert await value_of("SELECT typeof(created_at) FROM users") == "real"
    clock = database_now(get_connection("default"))
    assert await value_of(f"SELECT abs(created_at - {clock}) < 5 FROM users") == 1
    assert await User.filter(created_at__lte=now()).count() == 1
    assert await User.filter(created_at__gt=now()).count() == 0


def test_no_moment_is_no_number() -> None:
    assert InstantField().to_db_value(None, User) is None
    assert InstantField().to_python_value(None) is None
