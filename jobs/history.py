"""A job's history (kept) and its log (the newest 1,000 lines); ids grow within a job because its row is locked."""

from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import JobStatus, LogLevel
from events.messages import Event
from jobs.outbox import Letters, Row
from jobs.rows import fetch
from jobs.text import storable
from models.fields import now

LOG_LINES = 1_000
"""Lines that a job's log keeps; the oldest are dropped."""
LINE_LENGTH = 2_000
"""Characters of one line; what is longer is cut."""


_HAS_WEBHOOK = "EXISTS (SELECT 1 FROM webhooks WHERE owner_id = $7 AND is_enabled = true)"


async def add_event(db: BaseDBAsyncClient, job: Row) -> bool:
    """Note the present status, stage and sentence of `job` (a row that this transaction has just changed).

    Returns:
        Whether the line is owed to webhooks: an end of which its owner has somebody told.
    """
    values = [job["id"], now().timestamp(), job["attempt"], job["status"], job["stage"], job["status_message"]]
    is_end = not JobStatus(job["status"]).is_active
    rows = await fetch(
        db,
        "INSERT INTO job_events (job_id, at, attempt, status, stage, message, is_owed) "
        f"VALUES ($1, $2, $3, $4, $5, $6, {_HAS_WEBHOOK if is_end else 'false'}) RETURNING is_owed",
        *values,
        *([job["owner_id"]] if is_end else []),
    )
    return bool(rows[0]["is_owed"])


async def add_lines(db: BaseDBAsyncClient, job: Row, lines: Sequence[tuple[LogLevel, str]], letters: Letters) -> None:
    """Write lines to the log of `job`, whose row this transaction has locked, and drop the oldest beyond the limit."""
    job_id = job["id"]
    newest = await fetch(db, "SELECT max(id) AS id FROM log_entries WHERE job_id = $1", job_id)
    previous = newest[0]["id"]
    for level, message in lines[-LOG_LINES:]:
        rows: list[dict[str, Any]] = await fetch(
            db,
            "INSERT INTO log_entries (job_id, level, message, at) VALUES ($1, $2, $3, $4) RETURNING *",
            job_id,
            level,
            storable(message, LINE_LENGTH),
            now().timestamp(),
        )
        letters.events.append(Event("log", {**rows[0], "owner_id": job["owner_id"], "previous_id": previous}))
        previous = rows[0]["id"]
    await fetch(
        db,
        "DELETE FROM log_entries WHERE job_id = $1 AND id <= "
        f"(SELECT id FROM log_entries WHERE job_id = $2 ORDER BY id DESC LIMIT 1 OFFSET {LOG_LINES})",
        job_id,
        job_id,
    )
