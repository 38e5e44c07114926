"""Killed starts: the next one migrates on from where they were."""

import signal
import subprocess
import sys

import pytest

from models.migrating import migrate
from tests.models.migrating_for_tests import (
    MIGRATIONS,
    ROOT,
    Place,
    connected,
    fill,
    migrate_until,
    read_rows,
    structure_of,
)
from tests.models.tables_for_tests import read_columns

TO_BE_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
import aiosqlite, asyncpg
from models.migrating import migrate

trips, last = 0, sys.argv[3]

def counted(method):
    def call(*arguments, **named):
        global trips
        trips += 1
        if str(trips) == last or any(last in str(value) for value in arguments if not last.isdigit()):
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments, **named)
    return call

aiosqlite.Connection._execute = counted(aiosqlite.Connection._execute)
for name in ("execute", "executemany", "fetch", "fetchrow"):
    setattr(asyncpg.Connection, name, counted(getattr(asyncpg.Connection, name)))
asyncio.run(migrate(sys.argv[1], Path(sys.argv[2])))
print(trips)
"""
"""Migrates, is killed before a trip to the database: of the given number, or that has the given words in it.

Says how many there were where it was not killed.
"""


def migrate_elsewhere(place: Place, *, killed_at: int | str) -> int:
    """In a process of its own; returns how many trips to the database it took, or 0 where it was killed."""
    command = [sys.executable, "-c", TO_BE_KILLED, place.url, str(place.folder), str(killed_at)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return int(done.stdout.split()[-1]) if done.returncode == 0 else 0


async def empty(place: Place) -> None:
    """Take everything away, as at first."""
    if place.url:
        async with connected(place) as db:
            await db.execute_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    else:
        for path in place.folder.glob("waybill.sqlite3*"):
            path.unlink()


async def check_that_the_next_start_goes_on(place: Place, whole: dict[str, list[str]], *, killed_at: int | str) -> None:
    await empty(place)
    await migrate_until(place, MIGRATIONS[0])
    await fill(place)
    async with connected(place):
        columns = await read_columns()
    before = await read_rows(place, columns)

    assert migrate_elsewhere(place, killed_at=killed_at) == 0
    applied = await migrate(place.url, place.folder)

    assert applied == MIGRATIONS[len(MIGRATIONS) - len(applied) :]
    assert await structure_of(place) == whole
    assert await read_rows(place, columns) == before


@pytest.mark.parametrize(
    "words",
    [
        pytest.param('INSERT INTO "tortoise_migrations"', id="before what was applied is noted"),
        pytest.param("UPDATE jobs SET search_text", id="in the middle of a migration"),
    ],
)
@pytest.mark.long
async def test_a_start_that_was_killed_while_it_migrated_leaves_what_the_next_one_goes_on_with(
    place: Place, words: str
) -> None:
    await migrate(place.url, place.folder)
    whole = await structure_of(place)
    await check_that_the_next_start_goes_on(place, whole, killed_at=words)


@pytest.mark.trial
async def test_whenever_a_start_is_killed_while_it_migrates_the_next_one_goes_on(place: Place) -> None:
    await migrate_until(place, MIGRATIONS[0])
    trips = migrate_elsewhere(place, killed_at=0)
    whole = await structure_of(place)
    for killed_at in range(2, trips + 1, max(1, trips // 12)):
        await check_that_the_next_start_goes_on(place, whole, killed_at=killed_at)
