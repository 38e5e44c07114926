"""Park jobs whose work cannot be done now. The fault is not theirs: the disk is full.

They are tried again at growing intervals: exponential back-off with jitter.
"""

import random

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from base.words import JobStatus, LogLevel, SliceStatus, WaitReason
from jobs.history import add_lines
from jobs.outbox import Outbox, OutboxMessages
from jobs.rows import change_job, lock_job
from jobs.scheduling.claims import Claim, release_claim
from jobs.scheduling.slices import has_slices
from jobs.transitions import finish_cancelling, transition_locked
from models.sql import Row, database_now

FIRST_SECONDS, LONGEST_SECONDS = 5.0, 60.0
_SPREAD = 0.5
"""Each pause is up to so much shorter: jobs that wait for the same are not tried all at once."""
_MESSAGES = {WaitReason.DISK_FULL: "The server's disk is full; this goes on by itself when there is room."}


def pause_after(count: int) -> float:
    """Seconds until the next attempt after `count` (1 or more) in a row: exponential back-off with jitter, 60 at most."""
    longest = min(FIRST_SECONDS * 2.0 ** min(count - 1, 30), LONGEST_SECONDS)
    return longest * random.uniform(1 - _SPREAD, 1)  # noqa: S311  no secret


async def park_slice(claim: Claim, reason: WaitReason, outbox: Outbox) -> None:
    """Give the slice back; its job waits, and is taken up again by itself. It is neither an attempt nor a lost worker.

    Nothing happens where the claim is lost.
    """
    messages = OutboxMessages()
    async with in_transaction() as db:
        job = await lock_job(db, claim.job.id)
        if (
            job is not None
            and await release_claim(db, claim)
            and await finish_cancelling(db, claim.job.id, messages) is None
            and job["status"] == JobStatus.PROCESSING
        ):
            await _wait(db, job, reason, messages)
    await outbox.send(messages)


async def _wait(db: BaseDBAsyncClient, job: Row, reason: WaitReason, messages: OutboxMessages) -> None:
    """PROCESSING (the row is locked) → PENDING, unless other slices of the job still run; the log tells it once."""
    count, message = job["wait_count"] + 1, _MESSAGES[reason]
    columns = {
        "wait_reason": reason,
        "wait_until": (f"{database_now(db)} + CAST(? AS double precision)", pause_after(count)),
        "wait_count": count,
    }
    if await has_slices(db, job["id"], SliceStatus.RUNNING):
        row = await change_job(db, job["id"], {JobStatus.PROCESSING}, **columns)
        if row is not None:
            messages.job_changed(row)
    else:
        row = await transition_locked(db, job, JobStatus.PENDING, message, messages, **columns)
    if row is not None and count == 1:
        await add_lines(db, row, [(LogLevel.WARNING, message)], messages)
