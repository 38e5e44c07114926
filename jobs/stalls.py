"""Stalls: work that has not moved for much longer than it used to, of which nobody can tell when it will be done."""

from tortoise.connection import get_connection

from jobs.outbox import Outbox, OutboxMessages
from models.fields import now
from models.sql import database_now, fetch_rows

STALL_SECONDS = 10
"""What moves more often than so is never said to stand still …"""
STALL_FACTOR = 3
"""… nor what has not yet been still for so many times as long as its items take."""
_STALLED = (
    "status = 'PROCESSING' AND {now} - progressed_at > {seconds} AND "
    "({now} - progressed_at) * (completed_items + failed_items + skipped_items + 1) "
    "> {factor} * (worked_seconds + progressed_at - coalesce(working_since, progressed_at))"
)


async def sweep_stalls(outbox: Outbox) -> int:
    """Have the watchers of work that stands still told so; what it records next tells that it moves. Returns how many."""
    db = get_connection("default")
    stalled = _STALLED.format(now=database_now(db), seconds=STALL_SECONDS, factor=STALL_FACTOR)
    messages = OutboxMessages()
    for found in await fetch_rows(db, f"SELECT id FROM jobs WHERE {stalled}"):
        rows = await fetch_rows(
            db,
            "UPDATE jobs SET progressed_at = NULL, version = version + 1, updated_at = $1 "
            f"WHERE id = $2 AND {stalled} RETURNING *",
            now().timestamp(),
            found["id"],
        )
        for row in rows:
            messages.job_changed(row)
    await outbox.send(messages)
    return len(messages.events)
