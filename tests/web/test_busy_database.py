"""A database that somebody else has locked: readers do not wait, and who writes is told when to come again."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tortoise.connection import get_connection

from models.database import sqlite_path
from tests.web_app import App

ANNOUNCE = 'mutation { createUpload(input: {filename: "a.txt", size: 3}) { id } }'
LIST = "{ jobs { totalCount nodes { id title } } uploads { totalCount nodes { id } } viewer { username } }"


@contextmanager
def locked(app: App) -> Iterator[None]:
    """Another program writes, and takes its time."""
    with closing(
        sqlite3.connect(sqlite_path("", app.services.request.settings.data_dir), isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_who_reads_does_not_wait_for_a_write_that_waits(app: App) -> None:
    owner = await app.person()
    await app.batch(owner, title="first")
    with locked(app):
        writing = asyncio.create_task(app.ask(ANNOUNCE, owner))
        await asyncio.sleep(0.3)
        for _ in range(8):  # more than there are readers
            data = await asyncio.wait_for(app.data(LIST, owner), 5)
            assert [node["title"] for node in data["jobs"]["nodes"]] == ["first"]
        assert (await app.http.get("/ready")).json()["parts"]["database"] == "ok"
        assert not writing.done()
    answer = await writing
    assert answer.errors == []
    assert (await app.data(LIST, owner))["uploads"]["totalCount"] == 2


async def test_who_waited_in_vain_for_a_lock_is_told_when_to_come_again(app: App) -> None:
    owner = await app.person()
    await get_connection("default").execute_script("PRAGMA busy_timeout = 100")
    with locked(app):
        answer = await app.ask(ANNOUNCE, owner)
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "3", **owner.header}
        response = await app.http.post("/files/", headers=headers)
    assert (answer.code, answer.errors[0]["extensions"]["retryAfter"] > 0) == ("DATABASE_ERROR", True)
    assert (response.status_code, response.json()["error"]["code"]) == (500, "DATABASE_ERROR")
    assert int(response.headers["Retry-After"]) == response.json()["error"]["retryAfter"] > 0
    assert (await app.ask(ANNOUNCE, owner)).errors == []


async def test_a_full_database_is_told_with_when_to_come_again(app: App) -> None:
    """SQLite may have no more pages than it has."""
    owner = await app.person()
    db = get_connection("default")
    await db.execute_script("PRAGMA max_page_count = 1")
    long = "a" * 900
    refused = None
    for number in range(200):  # until the pages that it has are used
        mutation = f'mutation {{ createUpload(input: {{filename: "{number} {long}", size: 3}}) {{ id }} }}'
        if (refused := await app.ask(mutation, owner)).errors:
            break
    assert refused is not None
    assert (refused.code, refused.errors[0]["extensions"]["retryAfter"]) == ("INSUFFICIENT_STORAGE", 60)
    await db.execute_script("PRAGMA max_page_count = 1073741823")
    assert (await app.ask(ANNOUNCE, owner)).errors == []
