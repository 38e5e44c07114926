"""Leases: renewing them, and taking slices back from workers that are lost or have stopped.

Leases last 20 s by the database's clock; who writes for one locks the job's row first and its slices then.
"""

from collections.abc import Sequence
from math import inf
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from jobs.outbox import Outbox, OutboxMessages
from jobs.rows import lock_job
from jobs.scheduling.claims import LEASE_SECONDS, Claim, is_held
from jobs.scheduling.slices import release_items
from jobs.transitions import fail_job, finish_cancelling, wait_for_worker
from models.sql import database_now, fetch_rows, for_update

RENEW_SECONDS = 5.0
MAX_CRASHES = 3
"""So often one slice may take its worker down with nothing of it done in between; then the job fails."""
_PAST_ITS_END = 0.05
"""Seconds after which a lease is over by every reading of the clock."""


async def renew_leases(claims: Sequence[Claim]) -> list[Claim]:
    """Hold on to `claims` for another 20 s by the database's clock, and answer those that are to be given up."""
    async with in_transaction() as db:
        # A row that somebody locks is being renewed or ended just now: waiting for one while holding another could
        # make two transactions wait for each other.
        lock = for_update(db, skip_locked=True)
        for claim in claims:
            await fetch_rows(
                db,
                f"UPDATE slices SET lease_expires_at = {database_now(db)} + {LEASE_SECONDS} WHERE id IN "
                f"(SELECT id FROM slices WHERE {claim.condition} AND status = 'RUNNING'{lock})",
                *claim.proof,
            )
    return [claim for claim in claims if not await is_held(claim)]


async def release_run(claim: Claim, outbox: Outbox, *, is_crash: bool = False) -> None:
    """Give the slices back: they wait for the next worker, or their job is CANCELLED where it was being cancelled.

    Args:
        claim: Nothing happens where it is lost.
        outbox: Told what became of the job.
        is_crash: Counts as one of the times that each of the slices took its worker down.
    """
    messages = OutboxMessages()
    async with in_transaction() as db:
        if await lock_job(db, claim.job.id) is not None:
            await requeue_slices(db, claim.job.id, claim.condition, *claim.proof, messages=messages, is_crash=is_crash)
    await outbox.send(messages)


async def recover_slices(worker_prefix: str, outbox: Outbox) -> int:
    """At the start of an embedded server: its own slices of the life before are free again. Returns how many."""
    condition = f"substr(worker, 1, {len(worker_prefix)}) = $1"
    return await _recover(condition, worker_prefix, outbox=outbox, is_crash=False)


async def undo_claim(worker: str, outbox: Outbox) -> int:
    """Free what a claim under this name has taken, if it has: the database went away before it answered. Returns how many."""
    return await _recover("worker = $1", worker, outbox=outbox, is_crash=False)


async def sweep_leases(outbox: Outbox) -> int:
    """Take back the slices whose lease ran out. Returns how many."""
    condition = f"lease_expires_at < {database_now(get_connection('default'))}"
    return await _recover(condition, outbox=outbox, is_crash=True)


async def seconds_to_next_lease_end() -> float:
    """So long until a lease that is not renewed has run out, by the database's clock; infinite where nobody holds any.

    A lease that has run out already, and is left to its worker for now, does not count.
    """
    db = get_connection("default")
    now = database_now(db)
    held = f"status = 'RUNNING' AND lease_expires_at >= {now}"
    rows = await fetch_rows(db, f"SELECT MIN(lease_expires_at) - {now} AS seconds FROM slices WHERE {held}")
    seconds = rows[0]["seconds"]
    return inf if seconds is None else seconds + _PAST_ITS_END


async def recover_leases(worker_pattern: str, outbox: Outbox) -> int:
    """Take back what workers with such names (LIKE) hold beyond their leases. Returns how many slices."""
    condition = f"worker LIKE $1 AND lease_expires_at < {database_now(get_connection('default'))}"
    return await _recover(condition, worker_pattern, outbox=outbox, is_crash=True)


async def requeue_slices(
    db: BaseDBAsyncClient, job_id: str, condition: str, *values: Any, messages: OutboxMessages, is_crash: bool
) -> int:
    """The running slices of a job (its row is locked) for which `condition` holds wait again. Returns how many."""
    rows = await fetch_rows(
        db,
        "UPDATE slices SET status = 'WAITING', worker = NULL, lease_expires_at = NULL, fence = fence + 1, "
        f"crash_count = crash_count + {int(is_crash)} "
        f"WHERE {condition} AND job_id = ${len(values) + 1} AND status = 'RUNNING' "
        "RETURNING crash_count, first_index, item_count",
        *values,
        job_id,
    )
    if not rows or await finish_cancelling(db, job_id, messages) is not None:
        return len(rows)
    await release_items(db, job_id, rows)
    if is_crash and max(row["crash_count"] for row in rows) >= MAX_CRASHES:
        message = f"Its worker was lost {MAX_CRASHES} times over the same part of the work."
        await fail_job(db, job_id, Refusal(ErrorCode.WORKER_LOST, message), messages, is_retryable=True)
    else:
        await wait_for_worker(db, job_id, messages, is_lost=is_crash)
        messages.has_work = True
    return len(rows)


async def _recover(condition: str, *values: Any, outbox: Outbox, is_crash: bool) -> int:
    """Take back running slices, one job at a time, and end the cancelling of jobs that nobody works on."""
    statement = (
        f"SELECT job_id AS id FROM slices WHERE status = 'RUNNING' AND {condition} "
        "UNION SELECT id FROM jobs WHERE status = 'CANCELLING'"
    )
    count = 0
    for row in await fetch_rows(get_connection("default"), statement, *values):
        messages = OutboxMessages()
        async with in_transaction() as db:
            await lock_job(db, row["id"])
            count += await requeue_slices(db, row["id"], condition, *values, messages=messages, is_crash=is_crash)
            await finish_cancelling(db, row["id"], messages)
        await outbox.send(messages)
    return count
