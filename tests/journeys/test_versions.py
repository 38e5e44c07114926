"""Servers of this version beside a newer one."""

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from client.server_process import ServerProcess
from tests.databases import TABLES
from tests.journeys.installation import PASSWORD
from tests.journeys.loads import CREATE_BATCH, Load, carry_out
from tests.journeys.outcomes import READ, outcome_of
from tests.journeys.retrying_client import RetryingClient

pytestmark = pytest.mark.long

LEADS = b"email,name\nada@example.com,Ada Lovelace\nalan@example.com,Alan Turing\n"
NEWER = [
    "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', '9999_newer', CURRENT_TIMESTAMP)",
    "CREATE TABLE newer (id integer PRIMARY KEY)",
    *(f"ALTER TABLE {table} ADD COLUMN newer_text text" for table in TABLES),
    *(f"ALTER TABLE {table} ADD COLUMN newer_number integer NOT NULL DEFAULT 7" for table in TABLES),
]
"""What a newer version does: a migration that is not known here, a table, and columns that may be left out."""


def change_sqlite(server: ServerProcess, _: dict[str, str]) -> None:
    with closing(sqlite3.connect(server.data_dir / "waybill.sqlite3", isolation_level=None)) as connection:
        for statement in NEWER:
            connection.execute(statement)


def change_postgres(_: ServerProcess, settings: dict[str, str]) -> None:
    asyncio.run(_change(settings["WAYBILL_DATABASE_URL"]))


async def _change(url: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in NEWER:
        await connection.execute(statement)
    await connection.close()


async def do_all_kinds_of_work(server: ServerProcess, key: str) -> None:
    """A file goes up, is worked on, and its results are read."""
    async with RetryingClient([server.base_url]) as caller, asyncio.timeout(120):
        await caller.login("admin", PASSWORD)
        load = Load("leads.csv", LEADS, CREATE_BATCH)
        await carry_out(load, caller, random.Random(0), key, send_seconds=0)
        while (await caller.ask(READ, id=load.job_id))["job"]["status"] not in {"COMPLETED", "FAILED"}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        outcome = await outcome_of(load, caller)
        assert (outcome["status"], outcome["progress"]["totalItems"]) == ("COMPLETED", 2)
        assert set(caller.told) <= {"SERVICE_UNAVAILABLE"}


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    shared: dict[str, str] = request.getfixturevalue("shared") if request.param == "PostgreSQL" else {}
    return {**shared, "WAYBILL_ADMIN_PASSWORD": PASSWORD}


async def test_an_older_server_starts_and_works_with_a_newer_database(tmp_path: Path, settings: dict[str, str]) -> None:
    change = change_postgres if "WAYBILL_DATABASE_URL" in settings else change_sqlite
    async with ServerProcess(tmp_path / "data", {**settings, "WAYBILL_WORKERS": "1"}) as server:
        await server.stop()
        await asyncio.to_thread(change, server, settings)
        await server.start()
        await do_all_kinds_of_work(server, "after")
        assert "Traceback" not in server.output()


async def test_a_running_server_goes_on_when_a_newer_one_changes_the_tables(
    tmp_path: Path, shared: dict[str, str]
) -> None:
    async with ServerProcess(tmp_path / "data", {**shared, "WAYBILL_WORKERS": "1"}) as server:
        for number in range(3):  # so that every connection to the database knows the tables as they were
            await asyncio.gather(*(do_all_kinds_of_work(server, f"before-{number}-{n}") for n in range(5)))
        await asyncio.to_thread(change_postgres, server, shared)
        await asyncio.gather(*(do_all_kinds_of_work(server, f"after-{n}") for n in range(5)))
        assert "Traceback" not in server.output()
