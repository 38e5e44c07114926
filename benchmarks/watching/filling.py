"""People who may see every job, and jobs in work; the same at every run."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from jobs.outbox import UNSEEN
from models.database import sqlite_path
from models.migrating import migrate

Row = dict[str, Any]

_FAR_SECONDS = 4_102_444_800.0
_MOMENT = 1_750_000_000.25


def user_id(number: int) -> str:
    """The id of one of the people; each is an admin."""
    return f"user-1754556928-{number:012x}"


def session_id(number: int) -> str:
    """The id of the open session of one of the people."""
    return f"session-1754556928-{number:012x}"


async def fill_watched(data_dir: Path, people: int, jobs: int) -> list[Row]:
    """A new SQLite database with so many people and jobs; the jobs' rows as events tell them."""
    await migrate("", data_dir)
    return await asyncio.to_thread(_fill, sqlite_path("", data_dir), people, jobs)


def _fill(file: Path, people: int, jobs: int) -> list[Row]:
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        _insert(connection, "users", [_user(number) for number in range(people)])
        _insert(connection, "sessions", [_session(number) for number in range(people)])
        _insert(connection, "jobs", [_job(number) for number in range(jobs)])
        connection.commit()
        found = connection.execute("SELECT * FROM jobs ORDER BY id")
        return [{name: row[name] for name in row.keys() if name not in UNSEEN} for row in found]  # noqa: SIM118


def _insert(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    columns = list(rows[0])
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' for _ in columns)})"
    connection.executemany(statement, [[row[name] for name in columns] for row in rows])


def _user(number: int) -> Row:
    return {
        "id": user_id(number), "username": f"watcher {number}", "role": "ADMIN", "is_anonymous": False,
        "is_disabled": False, "created_at": _MOMENT,
    }  # fmt: skip


def _session(number: int) -> Row:
    return {
        "id": session_id(number), "user_id": user_id(number), "current_hash": "0" * 64, "created_at": _MOMENT,
        "expires_at": _FAR_SECONDS,
    }  # fmt: skip


def _job(number: int) -> Row:
    moment = _MOMENT + number
    return {
        "id": f"batch-{int(moment)}-{number:012x}", "type": "BATCH", "kind": "leads", "owner_id": user_id(0),
        "title": f"Leads of the fair, day {number}", "search_text": "", "status": "PROCESSING",
        "status_message": "0", "stage": "scoring", "options": '{"country": "DE"}', "auto_start": True, "priority": 0,
        "attempt": 1, "version": 9, "percentage": 1.0, "total_items": 100_000, "completed_items": 1_000,
        "failed_items": 0, "skipped_items": 0, "total_slices": 1_000, "completed_slices": 10, "total_bytes": 28_411,
        "processed_bytes": 28_411, "total_size": 28_411, "error_is_retryable": False, "queued_at": moment,
        "created_at": moment, "updated_at": moment, "started_at": moment, "working_since": moment,
        "progressed_at": moment,
    }  # fmt: skip
