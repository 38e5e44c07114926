"""A job's history and its log, the newest 1,000 lines of each; ids grow within a job because its row is locked."""

from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import JobStatus, LogLevel
from events.messages import Event
from jobs.limits import MESSAGE_LENGTH
from jobs.outbox import OutboxMessages
from jobs.text import sanitise
from models.fields import now
from models.sql import Row, execute_counted, execute_each, fetch_rows, placeholders

LOG_LINES = HISTORY_LINES = 1_000
"""Lines that a job's log, and its history, keep; the oldest are dropped."""

_INSERT = (
    "INSERT INTO job_events (job_id, at, attempt, status, stage, message, is_owed) VALUES ($1, $2, $3, $4, $5, $6, "
)
_HAS_WEBHOOK = "EXISTS (SELECT 1 FROM webhooks WHERE owner_id = $7 AND is_enabled = true)"


async def add_event(db: BaseDBAsyncClient, job: Row) -> bool:
    """Note the present status, stage and sentence of `job` (a row that this transaction has just changed).

    The oldest lines beyond the limit go, but for those that are still owed to webhooks.

    Returns:
        Whether the line is owed to webhooks: an end of which its owner has somebody told.
    """
    values = [job["id"], now().timestamp(), job["attempt"], job["status"], job["stage"], job["status_message"]]
    is_end = not JobStatus(job["status"]).is_active
    rows = await fetch_rows(
        db,
        f"{_INSERT}{_HAS_WEBHOOK if is_end else 'false'}) RETURNING is_owed",
        *values,
        *([job["owner_id"]] if is_end else []),
    )
    if job["version"] > HISTORY_LINES:  # it grows with every line, so that there are no more of them before
        await fetch_rows(
            db,
            "DELETE FROM job_events WHERE job_id = $1 AND is_owed = false AND id <= "
            f"(SELECT id FROM job_events WHERE job_id = $2 ORDER BY id DESC LIMIT 1 OFFSET {HISTORY_LINES})",
            job["id"],
            job["id"],
        )
    return bool(rows[0]["is_owed"])


async def add_first_events(db: BaseDBAsyncClient, jobs: Sequence[Row]) -> None:
    """Note the present status of `jobs`, which this transaction has made; none of them has ended."""
    moment = now().timestamp()
    rows = [[job["id"], moment, job["attempt"], job["status"], job["stage"], job["status_message"]] for job in jobs]
    await execute_each(db, f"{_INSERT}false)", rows)


async def settle_events(db: BaseDBAsyncClient, event_ids: Sequence[int]) -> None:
    """Webhooks are not owed these lines any more: their deliveries are there."""
    statement = f"UPDATE job_events SET is_owed = false WHERE id IN ({placeholders(event_ids)})"
    await execute_counted(db, statement, *event_ids)


async def add_lines(
    db: BaseDBAsyncClient, job: Row, lines: Sequence[tuple[LogLevel, str]], messages: OutboxMessages
) -> None:
    """Write lines to the log of `job`, whose row this transaction has locked, and drop the oldest beyond the limit."""
    job_id = job["id"]
    newest = await fetch_rows(db, "SELECT max(id) AS id FROM log_entries WHERE job_id = $1", job_id)
    previous = newest[0]["id"]
    for level, message in lines[-LOG_LINES:]:
        rows: list[dict[str, Any]] = await fetch_rows(
            db,
            "INSERT INTO log_entries (job_id, level, message, at) VALUES ($1, $2, $3, $4) RETURNING *",
            job_id,
            level,
            sanitise(message, MESSAGE_LENGTH),
            now().timestamp(),
        )
        messages.events.append(Event("log", {**rows[0], "owner_id": job["owner_id"], "previous_id": previous}))
        previous = rows[0]["id"]
    await fetch_rows(
        db,
        "DELETE FROM log_entries WHERE job_id = $1 AND id <= "
        f"(SELECT id FROM log_entries WHERE job_id = $2 ORDER BY id DESC LIMIT 1 OFFSET {LOG_LINES})",
        job_id,
        job_id,
    )
