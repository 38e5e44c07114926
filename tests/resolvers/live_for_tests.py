"""Subscriptions, and jobs that are moved and logged about."""

from typing import Any

from tortoise.transactions import in_transaction

from base.words import JobStatus, LogLevel
from jobs.history import add_lines
from jobs.outbox import OutboxMessages
from jobs.rows import change_job, lock_job
from tests.web_app import App, Wire

WATCH = "subscription ($id: ID!, $pace: Float! = 20) { jobUpdated(id: $id, maxPerSecond: $pace) { id status progress { percentage } version } }"
WATCH_ALL = "subscription ($filter: JobFilter) { jobsUpdated(filter: $filter, maxPerSecond: 20) { id status } }"
LOGS = "subscription ($id: ID, $after: ID, $level: LogLevel! = INFO) { logs(jobId: $id, after: $after, minLevel: $level) { id message jobId } }"
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { status } }"
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


async def move(app: App, job_id: str, **columns: Any) -> None:
    """Change a job as a worker does, and tell it."""
    messages = OutboxMessages()
    async with in_transaction() as db:
        row = await change_job(db, job_id, set(JobStatus), **columns)
        assert row is not None
        messages.job_changed(row)
    await app.services.request.outbox.send(messages)


async def say(app: App, job_id: str, *lines: str, level: LogLevel = LogLevel.INFO, is_told: bool = True) -> None:
    """Write to a job's log as a worker does; the event is lost where it is not told."""
    messages = OutboxMessages()
    async with in_transaction() as db:
        row = await lock_job(db, job_id)
        assert row is not None
        await add_lines(db, row, [(level, message) for message in lines], messages)
    if is_told:
        await app.services.request.outbox.send(messages)


async def finished(wire: Wire, id_: str = "1") -> bool:
    return await wire.receive() == {"id": id_, "type": "complete"}
