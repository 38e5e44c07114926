"""100,000 jobs with their uploads, half of them one owner's; the same at every run, but for the day."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from models.database import is_sqlite, sqlite_path
from models.migrating import migrate
from models.search import search_text_of

OWNER = "user-1754556928-0000000000a1"
"""Whose half the jobs are."""
SESSION = "session-1754556928-0000000000a1"
FAR_SECONDS = 4_102_444_800.0
SECONDS_BETWEEN = 75.0
"""Between two jobs: 100,000 take 87 days, all of which statistics tell."""
_DAY_SECONDS = 86_400
STATUSES = ("COMPLETED",) * 12 + ("FAILED", "FAILED", "CANCELLED", "PROCESSING", "AWAITING_INPUT")
KINDS = (("BATCH", "leads"), ("BATCH", "omr"), ("BATCH", "leads"), ("TASK", "alignment"), ("DOWNLOAD", "download"))
TOWNS = ("Hannover", "Łódź", "Zürich", "Oslo", "Porto", "Graz", "Lyon", "Turku")

_JOBS = (
    "id", "type", "kind", "owner_id", "title", "search_text", "status", "status_message", "stage", "options", "auto_start",
    "priority", "attempt", "version", "percentage", "total_items", "completed_items", "failed_items", "skipped_items",
    "total_slices", "completed_slices", "total_bytes", "processed_bytes", "total_size", "error_is_retryable", "queued_at",
    "created_at", "updated_at", "started_at", "finished_at",
)  # fmt: skip
_UPLOADS = (
    "id", "owner_id", "status", "filename", "content_type", "metadata", "is_partial", "is_stored", "size_bytes",
    "offset_bytes", "sha256", "fence", "version", "created_at", "updated_at",
)  # fmt: skip
_SESSIONS = ("id", "user_id", "current_hash", "created_at", "expires_at")
_USERS = ("id", "username", "role", "is_anonymous", "is_disabled", "created_at")
Table = tuple[str, Sequence[str], list[tuple[Any, ...]]]


def _last_midnight() -> float:
    return time.time() // _DAY_SECONDS * _DAY_SECONDS


@dataclass(frozen=True)
class Size:
    """How many jobs there are; `waiting` of them, of 50 owners in turn, are PENDING."""

    jobs: int = 100_000
    waiting: int = 0
    ends_at: float = field(default_factory=_last_midnight)

    def moment(self, number: int) -> float:
        """When the job `number` was created, in seconds since 1970: the last one shortly before the day began (UTC)."""
        return self.ends_at - (self.jobs - number) * SECONDS_BETWEEN + 0.25


async def fill(database_url: str, data_dir: Path, size: Size) -> None:
    """A new database at `database_url` (empty = SQLite in `data_dir`) with all its rows."""
    await migrate(database_url, data_dir)
    tables = list(_tables(size))
    if is_sqlite(database_url):
        await asyncio.to_thread(_fill_sqlite, sqlite_path(database_url, data_dir), tables)
    else:
        await _fill_postgres(database_url, tables)


def _tables(size: Size) -> Iterator[Table]:
    dice = random.Random(1)
    beginning = size.moment(0)
    owners = [OWNER, *(f"user-1754556928-{number:012x}" for number in range(0xB0, 0xB0 + 50))]
    yield "users", _USERS, [(id_, f"person {id_[-2:]}", "USER", False, False, beginning) for id_ in owners]
    yield "sessions", _SESSIONS, [(SESSION, OWNER, "0" * 64, beginning, FAR_SECONDS)]
    jobs, uploads, links = [], [], []
    for number in range(size.jobs):
        owner = OWNER if number % 2 == 0 else owners[1 + number // 2 % 50]
        moment = size.moment(number)
        upload_id = f"upload-{int(moment)}-{number:012x}"
        filename = f"{dice.choice(TOWNS)} Export {number}.xlsx"
        job = _job(dice, number, owner, moment, filename, is_waiting=number >= size.jobs - size.waiting)
        jobs.append(job)
        uploads.append(
            (upload_id, owner, "COMPLETED", filename, "application/octet-stream", "filename bGVhZHMueGxzeA==", False, True,
             28_411 + number, 28_411 + number, f"{number:064x}", 0, 3, moment, moment)
        )  # fmt: skip
        links.append((job[0], upload_id, 0))
    yield "jobs", _JOBS, jobs
    yield "uploads", _UPLOADS, uploads
    yield "job_uploads", ("job_id", "upload_id", "position"), links


def _job(
    dice: random.Random, number: int, owner: str, moment: float, filename: str, *, is_waiting: bool
) -> tuple[Any, ...]:
    type_, kind = KINDS[number % len(KINDS)]
    status = "PENDING" if is_waiting else dice.choice(STATUSES)
    title = f"Leads of the fair in {dice.choice(TOWNS)}, day {number % 9}" if number % 4 else None
    is_over = status in {"COMPLETED", "FAILED", "CANCELLED"}
    begun = None if is_waiting else moment + 4
    ended = moment + 4 + dice.random() * 300 if is_over else None
    failed = number % 3 if is_over else 0
    return (
        f"{type_.lower()}-{int(moment)}-{number:012x}", type_, kind, owner, title, search_text_of(title, [filename]), status,
        "Everything is done; some of the items failed.", None, '{"batchSize": 100, "country": "DE", "sheet": "Leads"}', True,
        0, 1, 9, 100.0 if status == "COMPLETED" else 0.0, 200, 200 - failed, failed, 0, None if is_waiting else 2,
        0 if is_waiting else 2, 28_411, 28_411, 28_411, False,
        moment + 2, moment, moment + 300, begun, ended,
    )  # fmt: skip


def _fill_sqlite(file: Path, tables: list[Table]) -> None:
    with closing(sqlite3.connect(file)) as connection:
        for table, columns, rows in tables:
            places = ", ".join("?" for _ in columns)
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _fill_postgres(database_url: str, tables: list[Table]) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for table, columns, rows in tables:
            await connection.copy_records_to_table(table, records=rows, columns=list(columns))
            await connection.execute(f"VACUUM ANALYZE {table}")
    finally:
        await connection.close()
