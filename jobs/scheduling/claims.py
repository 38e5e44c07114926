"""Claims: taking a waiting slice under a lease, and proving that it is still held.

Whoever writes for a claim locks the job's row first and its slices then: two writers never wait for each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from base.words import JobStatus, SlicePhase
from jobs.outbox import Outbox, OutboxMessages
from jobs.rows import job_of, lock_job
from jobs.scheduling.selection import UNLIMITED, Budget, acquire_scheduler_lock, is_waiting, select_next_job
from jobs.scheduling.slices import claim_waiting_slice, payload_of
from jobs.transitions import begin_work
from models import Job
from models.database import worker_transaction
from models.sql import Row, database_now, fetch_rows
from processors.contract import StageInfo

LEASE_SECONDS = 20

Stages = Mapping[str, tuple[StageInfo, StageInfo, StageInfo]]
"""The kinds that a worker can do, each with the stages of its three phases."""


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """A slice that this worker holds: `fence` proves it."""

    slice_id: int
    fence: int
    job: Job
    attempt: int
    phase: SlicePhase
    number: int
    first_index: int
    item_count: int
    payload: dict[str, Any]
    crash_count: int


class ClaimLost(Exception):  # noqa: N818  it is an answer: the slice went elsewhere, or its job is to stop
    """The slice is not ours any more (cancelled, failed, or the lease ran out): stop, nothing was written."""


async def claim_slice(worker: str, stages: Stages, outbox: Outbox, budget: Budget = UNLIMITED) -> Claim | None:
    """Take the best waiting slice: the highest priority, then the quota with the least running, then the oldest.

    Args:
        worker: Name of the worker, for people and for recovery; with a mark of this very claim it can be undone.
        stages: What the worker can do; slices of other kinds are left to others.
        outbox: Told when the job begins to move.
        budget: What one owner may have at most.
    """
    while True:
        messages = OutboxMessages()
        async with worker_transaction() as db:
            await acquire_scheduler_lock(db)
            best = await select_next_job(db, sorted(stages), budget)
            claim = await _claim(db, best, worker, stages, messages) if best else None
        if claim is not None or best is None:
            await outbox.send(messages)
            return claim


async def check_claim(claim: Claim) -> None:
    """Raise ClaimLost where the slice is not ours any more, or its job not to be worked on."""
    if not await is_held(claim):
        raise ClaimLost


async def hold_claim(db: BaseDBAsyncClient, claim: Claim, *, has_advanced: bool = False) -> Row:
    """Lock the job's row for a transaction that writes for `claim`, and renew the lease.

    Args:
        db: Of the transaction.
        claim: Whose slice it is about.
        has_advanced: Something of the slice is done with this transaction: workers that it took down before do not count.

    Raises:
        ClaimLost: The slice is not ours any more, or its job is not being worked on.
    """
    is_absolved = has_advanced and claim.crash_count > 0
    renewed = f"lease_expires_at = {database_now(db)} + {LEASE_SECONDS}"
    return await _change_held(db, claim, f"{renewed}, crash_count = 0" if is_absolved else renewed)


async def forget_crashes(db: BaseDBAsyncClient, claim: Claim) -> None:
    """As `hold_claim` with `has_advanced`, in a transaction that holds the claim already."""
    if claim.crash_count > 0:
        await fetch_rows(db, "UPDATE slices SET crash_count = 0 WHERE id = $1", claim.slice_id)


async def count_crashes(claim: Claim) -> int:
    """How many workers the slice has taken down since something of it was done."""
    statement = "SELECT crash_count FROM slices WHERE id = $1"
    rows = await fetch_rows(get_connection("default"), statement, claim.slice_id)
    return int(rows[0]["crash_count"]) if rows else 0


async def finish_claim(db: BaseDBAsyncClient, claim: Claim) -> Row:
    """As `hold_claim`, but the slice is done with this transaction."""
    return await _change_held(db, claim, "status = 'DONE', lease_expires_at = NULL")


async def release_claim(db: BaseDBAsyncClient, claim: Claim) -> bool:
    """The slice of `claim`, whose job's row is locked, waits again; false where the claim is lost."""
    statement = (
        "UPDATE slices SET status = 'WAITING', worker = NULL, lease_expires_at = NULL, fence = fence + 1 "
        "WHERE id = $1 AND fence = $2 AND status = 'RUNNING' RETURNING id"
    )
    return bool(await fetch_rows(db, statement, claim.slice_id, claim.fence))


async def has_waiting_slices() -> bool:
    """Whether any slice could be taken now."""
    db = get_connection("default")
    return bool(await fetch_rows(db, f"SELECT 1 FROM jobs j WHERE {is_waiting(db)} LIMIT 1"))


async def _claim(
    db: BaseDBAsyncClient, best: Row, worker: str, stages: Stages, messages: OutboxMessages
) -> Claim | None:
    """Take the next slice of the best job; None where it was changed before its row could be locked: choose again."""
    job = await lock_job(db, best["id"])
    if job is None or any(job[name] != best[name] for name in best):
        return None
    row = await claim_waiting_slice(db, job["id"], worker, LEASE_SECONDS)
    if row is None:
        return None
    phase = SlicePhase(row["phase"])
    stage = stages[job["kind"]][list(SlicePhase).index(phase)]
    job = await begin_work(db, job, stage.name, f"{stage.label}.", messages)
    return Claim(
        row["id"], row["fence"], job_of(job), row["attempt"], phase, row["number"], row["first_index"],
        row["item_count"], payload_of(row), row["crash_count"],
    )  # fmt: skip


async def is_held(claim: Claim) -> bool:
    """Whether the slice is still ours, and its job to be worked on."""
    statement = (
        "SELECT 1 FROM slices s JOIN jobs j ON j.id = s.job_id "
        "WHERE s.id = $1 AND s.fence = $2 AND s.status = 'RUNNING' AND j.status = $3"
    )
    rows = await fetch_rows(get_connection("default"), statement, claim.slice_id, claim.fence, JobStatus.PROCESSING)
    return bool(rows)


async def _change_held(db: BaseDBAsyncClient, claim: Claim, changes: str) -> Row:
    job = await lock_job(db, claim.job.id)
    if job is None or job["status"] != JobStatus.PROCESSING or job["attempt"] != claim.attempt:
        raise ClaimLost
    statement = f"UPDATE slices SET {changes} WHERE id = $1 AND fence = $2 AND status = 'RUNNING' RETURNING id"
    if not await fetch_rows(db, statement, claim.slice_id, claim.fence):
        raise ClaimLost
    return job
