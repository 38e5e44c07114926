"""Plan deliveries from the history of jobs. Each webhook that asked for the event gets one."""

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from jobs.history import settle_events
from models import Job, JobEvent, User, Webhook
from models.ids import new_id
from models.sql import database_now, execute_each, fetch_rows, for_update
from webhooks.payloads import event_of, payload_of

LINES_AT_ONCE = 100
_IS_OWED = "is_owed = true"
"""As the partial index has it: SQLite compares the very letters."""


async def has_owed_lines() -> bool:
    """Whether any line waits for its deliveries."""
    rows = await fetch_rows(get_connection("default"), f"SELECT 1 FROM job_events WHERE {_IS_OWED} LIMIT 1")
    return bool(rows)


async def plan_deliveries(lines_at_once: int = LINES_AT_ONCE) -> int:
    """Make the deliveries of all lines that are owed, so many lines in a transaction; how many deliveries these are.

    A line and its deliveries are one transaction, and lines that another process has in hand are left to it: each is
    planned once, by whomever.
    """
    total, is_all = 0, not await has_owed_lines()
    while not is_all:
        async with in_transaction() as db:
            lines = await _lock_owed_lines(db, lines_at_once)
            total += await _plan(db, lines) if lines else 0
        is_all = len(lines) < lines_at_once
    return total


async def _plan(db: BaseDBAsyncClient, lines: list[JobEvent]) -> int:
    deliveries = await _deliveries_of(db, lines)
    if deliveries:
        await execute_each(db, _insert(db), deliveries)
    await settle_events(db, [line.id for line in lines])
    return len(deliveries)


async def _lock_owed_lines(db: BaseDBAsyncClient, count: int) -> list[JobEvent]:
    statement = (
        f"SELECT * FROM job_events WHERE {_IS_OWED} ORDER BY at, id LIMIT {count}{for_update(db, skip_locked=True)}"
    )
    rows = await fetch_rows(db, statement)
    return [JobEvent._init_from_db(**dict(row)) for row in rows]  # noqa: SLF001  the ORM's own way, without a query


async def _deliveries_of(db: BaseDBAsyncClient, lines: list[JobEvent]) -> list[list[Any]]:
    jobs = {job.id: job for job in await Job.filter(id__in={line.job_id for line in lines}).using_db(db)}
    webhooks = await _webhooks_of(db, {job.owner_id for job in jobs.values()})
    return [
        [new_id("delivery"), webhook.id, job.id, line.id, event, payload_of(event, line, job).decode()]
        for line in lines
        if (job := jobs.get(line.job_id)) and (event := event_of(job.type, line.status))
        for webhook in webhooks.get(job.owner_id, ())
        if event in webhook.events and line.id > webhook.after_event_id
    ]


async def _webhooks_of(db: BaseDBAsyncClient, owner_ids: set[str]) -> dict[str, list[Webhook]]:
    """The enabled webhooks of those of the owners who may sign in, locked: none ends before its deliveries are there."""
    owners = await User.filter(id__in=owner_ids, is_disabled=False).using_db(db).values_list("id", flat=True)
    enabled = Webhook.filter(owner_id__in=owners, is_enabled=True).order_by("id").select_for_update()
    found: dict[str, list[Webhook]] = {}
    for webhook in await enabled.using_db(db):
        found.setdefault(webhook.owner_id, []).append(webhook)
    return found


def _insert(db: BaseDBAsyncClient) -> str:
    return (
        "INSERT INTO webhook_deliveries (id, webhook_id, job_id, event_id, event, payload, attempt, is_sending, created_at, "
        f"next_attempt_at) VALUES ($1, $2, $3, $4, $5, $6, 0, false, {database_now(db)}, {database_now(db)})"
    )
