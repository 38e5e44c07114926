"""Migrations: they lead to what the models say, keep what is there, and are whole or not at all."""

import asyncio
import re
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.exceptions import OperationalError
from tortoise.migrations import operations
from tortoise.migrations.migration import Migration

from base.words import JobStatus
from jobs.monitoring import count_jobs_by_kind
from models import Job, User, database
from models.database import close_database, sqlite_path
from models.migrating import migrate, open_database
from models.sql import sql
from tests.databases import TABLES, copied_sqlite
from tests.models.migrating_for_tests import (
    MIGRATIONS,
    ROWS,
    Place,
    connected,
    fill,
    migrate_until,
    read_rows,
    structure_of,
)
from tests.models.tables_for_tests import read_columns, read_structure


async def add_users(place: Place, *names: str) -> None:
    columns = "id, username, role, is_anonymous, is_disabled, created_at"
    statement = f"INSERT INTO users ({columns}) VALUES ($1, $2, 'USER', false, false, 1)"
    async with connected(place) as db:
        for name in names:
            await db.execute_query(sql(db, statement), [f"user-{name}", name])


async def names_of_users(place: Place) -> list[str]:
    async with connected(place) as db:
        return [row["username"] for row in await db.execute_query_dict("SELECT username FROM users ORDER BY id")]


# ------------------------------------------------------------------------------------------------ the models


async def structure_of_models(place: Place) -> dict[str, list[str]]:
    """What the ORM makes of the models where there is nothing; what was at `place` on PostgreSQL is gone."""
    if place.url:
        async with connected(place) as db:
            await db.execute_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    empty = Place(place.url, place.folder / "empty")
    empty.folder.mkdir()
    async with connected(empty):
        await Tortoise.generate_schemas()
        return await read_structure()


async def test_the_migrations_lead_to_what_the_models_say(place: Place) -> None:
    assert await migrate(place.url, place.folder) == MIGRATIONS
    migrated = await structure_of(place)

    assert set(migrated) == set(TABLES)
    assert migrated == await structure_of_models(place)


ADDITIVE = (
    operations.CreateModel, operations.AddField, operations.AddIndex, operations.RemoveIndex, operations.RunSQL,
    operations.RunPython,
)  # fmt: skip


def test_migrations_only_add_so_that_the_version_before_goes_on_working_and_no_table_is_made_anew() -> None:
    modules = [import_module(f"models.migrations.{name}") for name in MIGRATIONS]
    every = [operation for module in modules for operation in module.Migration.operations]

    assert [operation for operation in every if not isinstance(operation, ADDITIVE)] == []
    added: list[Any] = [operation for operation in every if isinstance(operation, operations.AddField)]
    assert [field.name for field in added if not (field.field.null or field.field.has_db_default())] == []
    texts = [operation.sql for operation in every if isinstance(operation, operations.RunSQL)]
    assert [text for text in texts if re.search(r"\b(DROP|ALTER|RENAME|TRUNCATE|DELETE)\b", str(text).upper())] == []


# ---------------------------------------------------------------------------------------- what is there stays

NEWER = """
CREATE TABLE moods (id INTEGER PRIMARY KEY, name TEXT);
ALTER TABLE users ADD COLUMN mood VARCHAR(10) NOT NULL DEFAULT 'calm';
INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', '0099_moods', CURRENT_TIMESTAMP);
"""
"""What a version that is not out yet may have done."""


@pytest.mark.parametrize("start", [MIGRATIONS[0], "0005_lists", MIGRATIONS[-2]])
async def test_on_the_way_up_no_row_no_value_and_no_index_is_lost(place: Place, start: str) -> None:
    await migrate_until(place, start)
    await fill(place)
    async with connected(place):
        columns = await read_columns()
    before = await read_rows(place, columns)
    applied = await migrate(place.url, place.folder)
    after = await read_rows(place, columns)
    migrated = await structure_of(place)
    async with connected(place):
        status = (await Job.get(id="job-1")).status

    assert applied == MIGRATIONS[MIGRATIONS.index(start) + 1 :]
    assert {table: len(rows) for table, rows in before.items()} == dict.fromkeys(columns, len(ROWS))
    assert set(columns) >= {"users", "uploads", "jobs", "job_uploads", "slices", "items", "files", "job_events"}
    assert after == before
    assert status is JobStatus.COMPLETED
    assert migrated == await structure_of_models(place)


async def test_the_first_start_makes_the_tables_and_no_copy_of_nothing(tmp_path: Path) -> None:
    await open_database("", tmp_path)
    assert await User.all().count() == 0
    await close_database()
    assert not (tmp_path / "backups").exists()


async def test_migrating_twice_migrates_once_and_keeps_the_rows(place: Place) -> None:
    assert await migrate(place.url, place.folder) == MIGRATIONS
    await add_users(place, "ada")
    assert await migrate(place.url, place.folder) == []
    assert await names_of_users(place) == ["ada"]
    async with connected(place) as db:
        rows = await db.execute_query_dict("SELECT name FROM tortoise_migrations ORDER BY id")
    assert [row["name"] for row in rows] == MIGRATIONS
    assert not (place.folder / "backups").exists()


async def test_what_a_newer_version_added_stays_and_does_not_disturb(place: Place) -> None:
    await migrate(place.url, place.folder)
    async with connected(place) as db:
        await db.execute_script(NEWER)
    newer = await structure_of(place)
    assert await migrate(place.url, place.folder) == []
    await add_users(place, "ada")

    async with connected(place) as db:
        assert [user.username for user in await User.all()] == ["ada"]
        assert [row["mood"] for row in await db.execute_query_dict("SELECT mood FROM users")] == ["calm"]
    assert await structure_of(place) == newer


# --------------------------------------------------------------------------------- whole, or not at all


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
async def test_postgresql_waits_for_a_slow_migration(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._POSTGRES_SETTINGS, "idle_in_transaction_session_timeout", "100")
    apply = Migration.apply

    async def apply_slowly(self: Migration, *arguments: Any, **named: Any) -> Any:
        if self.name == MIGRATIONS[-1]:
            await asyncio.sleep(0.5)
        return await apply(self, *arguments, **named)

    monkeypatch.setattr(Migration, "apply", apply_slowly)
    assert await migrate(place.url, place.folder) == MIGRATIONS


@pytest.fixture
async def with_a_table_in_the_way(tmp_path: Path, migrated_file: Path) -> Place:
    """A file of the version before, with one user, where the last migration cannot be applied."""
    place = Place("", copied_sqlite(migrated_file, tmp_path))
    await add_users(place, "ada")
    async with connected(place) as db:
        await db.execute_query("DELETE FROM tortoise_migrations WHERE name = ?", [MIGRATIONS[-1]])
    return place


async def test_a_database_with_tables_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    place = Place("", tmp_path)
    await migrate_until(place, MIGRATIONS[-2])
    await add_users(place, "ada")
    old = await structure_of(place)
    assert await migrate(place.url, place.folder) == MIGRATIONS[-1:]
    copied = tmp_path / "copied"
    copied.mkdir()
    (tmp_path / "backups" / f"before-{MIGRATIONS[-1]}.sqlite3").rename(sqlite_path("", copied))

    assert await names_of_users(Place("", copied)) == await names_of_users(place) == ["ada"]
    assert await structure_of(Place("", copied)) == old
    assert await structure_of(place) != old
    with closing(sqlite3.connect(sqlite_path("", copied))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_migration_that_fails_stops_the_start_and_leaves_the_tables_as_they_were(
    with_a_table_in_the_way: Place,
) -> None:
    before = await structure_of(with_a_table_in_the_way)
    with pytest.raises(OperationalError, match=r"already exists|duplicate column"):
        await open_database("", with_a_table_in_the_way.folder)
    await close_database()
    assert await structure_of(with_a_table_in_the_way) == before
    assert (with_a_table_in_the_way.folder / "backups" / f"before-{MIGRATIONS[-1]}.sqlite3").exists()


async def test_without_room_for_the_copy_nothing_is_migrated(
    with_a_table_in_the_way: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.migrating.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(OSError, match="not enough disk space to copy the database"):
        await open_database("", with_a_table_in_the_way.folder)
    await close_database()
    assert list((with_a_table_in_the_way.folder / "backups").iterdir()) == []


# ------------------------------------------------------------------------------------------------ counts of jobs


async def test_jobs_that_were_there_are_counted_and_so_are_those_that_come(place: Place) -> None:
    await migrate_until(place, "0021_summaries")
    await fill(place)
    async with connected(place) as db:
        await db.execute_query("UPDATE jobs SET deleted_at = NULL WHERE id <> 'job-3'")
    await migrate(place.url, place.folder)
    async with connected(place) as db:
        numbers = "owner_id, status, created_on, ended_on, jobs, items, runs, run_microseconds"
        found = await db.execute_query_dict(f"SELECT {numbers} FROM job_count_changes ORDER BY owner_id")
        assert [tuple(row.values()) for row in found] == [
            ("user-1", "COMPLETED", 0, 0, 1, 3, 1, 0), ("user-2", "COMPLETED", 0, 0, 1, 6, 1, 0),
        ]  # fmt: skip
        await db.execute_query("UPDATE jobs SET deleted_at = 7 WHERE id = 'job-1'")
        assert await count_jobs_by_kind() == {("kind-2", "COMPLETED"): 1}
