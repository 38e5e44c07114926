"""Migrations: several starters at once, the command, newer tables."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from client.api import Waybill
from client.server_process import ServerFailed, ServerProcess
from models.database import sqlite_path
from tests.conftest import service_or_skip
from tests.databases import empty_postgres
from tests.journeys.commands import Done, run_server_command

pytestmark = pytest.mark.long

MIGRATIONS = sorted(path.stem for path in (Path(__file__).parents[2] / "models" / "migrations").glob("0*.py"))
APPLIED = [f"Applied {name}." for name in MIGRATIONS]
NOTHING = ["Nothing was missing."]
LOCK = 0x5761_7962
PASSWORD = "a password of the tests"
TASK = "mutation { createTask(input: {work: {demo: {items: 1, seconds: 0}}}) { id } }"
WATCH = "subscription ($id: ID!) { taskUpdated(id: $id) { status } }"
NEWER = """
CREATE TABLE moods (id INTEGER PRIMARY KEY, name TEXT);
ALTER TABLE users ADD COLUMN mood VARCHAR(10) NOT NULL DEFAULT 'calm';
ALTER TABLE jobs ADD COLUMN mood VARCHAR(10);
CREATE INDEX moods_of_jobs ON jobs (mood, id);
INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', '0099_moods', CURRENT_TIMESTAMP);
"""
"""What a version that is not out yet may have done."""


@pytest.fixture
def empty_url() -> Iterator[str]:
    """A PostgreSQL without tables."""
    with empty_postgres(service_or_skip("postgres", "TEST_DATABASE_URL")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def any_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """No address, for SQLite; then a PostgreSQL without tables."""
    if request.param == "sqlite":
        yield ""
    else:
        with empty_postgres(service_or_skip("postgres", "TEST_DATABASE_URL")) as url:
            yield url


def migrate_at(data_dir: Path, url: str) -> asyncio.Task[Done]:
    return asyncio.create_task(run_server_command(data_dir, "--migrate", settings={"WAYBILL_DATABASE_URL": url}))


async def test_of_four_that_migrate_an_empty_postgresql_at_once_one_does_it_and_the_others_find_nothing_missing(
    tmp_path: Path, empty_url: str
) -> None:
    done = await asyncio.gather(*(migrate_at(tmp_path / "data", empty_url) for _ in range(4)))

    assert [(one.code, "Traceback" in one.stderr) for one in done] == [(0, False)] * 4
    assert sorted(len(one.stdout.splitlines()) for one in done) == [1, 1, 1, len(MIGRATIONS)]
    assert Counter(one.stdout.splitlines() == APPLIED for one in done) == {True: 1, False: 3}
    assert Counter(one.stdout.splitlines() == NOTHING for one in done) == {True: 3, False: 1}


async def test_of_four_servers_on_one_empty_data_folder_one_starts_and_the_others_say_who_has_it(
    tmp_path: Path,
) -> None:
    settings = {"WAYBILL_WORKERS": "0"}
    servers = [ServerProcess(tmp_path / "data", settings, tmp_path / f"{number}.log") for number in range(4)]
    try:
        started = await asyncio.gather(*(server.start() for server in servers), return_exceptions=True)
        (running,) = [server for server in servers if server.is_running]
        refused = [error.last_line for error in started if isinstance(error, ServerFailed)]
        others = await asyncio.gather(*(run_server_command(running.data_dir, "--migrate") for _ in range(2)))
    finally:
        await asyncio.gather(*(server.kill() for server in servers))

    assert len(refused) == 3
    assert [(one.code, one.stdout, one.stderr.count("\n")) for one in others] == [(1, "", 1)] * 2
    assert all(line.startswith("Another server ") for line in (*refused, *(one.stderr for one in others)))


async def test_the_command_on_sqlite_makes_the_tables_and_then_finds_nothing_missing(tmp_path: Path) -> None:
    first = await run_server_command(tmp_path / "data", "--migrate")
    second = await run_server_command(tmp_path / "data", "--migrate")

    assert (first.code, first.stdout.splitlines()) == (0, APPLIED)
    assert (second.code, second.stdout.splitlines(), second.stderr) == (0, NOTHING, "")
    assert not (tmp_path / "data" / "secret_key").exists()


async def test_who_cannot_migrate_says_why_in_a_sentence(tmp_path: Path) -> None:
    away = await migrate_at(tmp_path / "data", "postgres://u:hush@127.0.0.1:1/x")
    sqlite_path("", tmp_path / "data").write_bytes(b"no database at all, but long enough to look like one" * 100)
    spoilt = await run_server_command(tmp_path / "data", "--migrate")

    for done in (away, spoilt):
        assert (done.code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert done.stderr.startswith("The database cannot be opened: ")
    assert "hush" not in away.stderr


async def test_who_waits_for_another_that_migrates_says_so(tmp_path: Path, empty_url: str) -> None:
    held = await asyncpg.connect(empty_url)
    await held.execute(f"SELECT pg_advisory_lock({LOCK})")
    server = ServerProcess(tmp_path / "data", {"WAYBILL_DATABASE_URL": empty_url, "WAYBILL_WORKERS": "0"})
    starting = asyncio.create_task(server.start())
    try:
        async with asyncio.timeout(30):
            while not server.log_path.exists() or "waiting until it is done" not in server.output():  # noqa: ASYNC110  a process tells by what it prints
                await asyncio.sleep(0.05)
        assert not starting.done()
        await held.close()
        await starting
    finally:
        await held.close()
        await asyncio.gather(starting, return_exceptions=True)
        await server.kill()

    assert "Traceback" not in server.output()


async def add_what_is_newer(url: str, data_dir: Path) -> None:
    if url:
        connection = await asyncpg.connect(url)
        await connection.execute(NEWER)
        await connection.close()
    else:
        with closing(sqlite3.connect(sqlite_path("", data_dir))) as connection:
            connection.executescript(NEWER)


async def test_on_a_database_of_a_newer_version_a_server_starts_and_works(tmp_path: Path, any_url: str) -> None:
    settings = {"WAYBILL_DATABASE_URL": any_url, "WAYBILL_WORKERS": "1", "WAYBILL_ADMIN_PASSWORD": PASSWORD}
    server = ServerProcess(tmp_path / "data", settings)
    server.data_dir.mkdir()
    await run_server_command(server.data_dir, "--migrate", settings=settings)
    await add_what_is_newer(any_url, server.data_dir)
    async with server, Waybill(server.base_url) as waybill:
        await waybill.login("admin", PASSWORD)
        task = (await waybill.execute(TASK))["createTask"]
        statuses = [data["taskUpdated"]["status"] async for data in waybill.subscribe(WATCH, {"id": task["id"]})]
    again = await run_server_command(server.data_dir, "--migrate", settings=settings)

    assert statuses[-1] == "COMPLETED"
    assert (again.code, again.stdout.splitlines()) == (0, NOTHING)
