"""Claims: taking a waiting slice under a lease, holding on to it, giving it back, and taking it from a lost worker.

Whoever writes for a claim locks the job's row first and its slices then: two writers never wait for each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SlicePhase
from jobs.choosing import IS_WAITING, UNLIMITED, Budget, choose_job, take_turn
from jobs.moves import finish_cancelling, job_of
from jobs.outbox import Letters, Outbox, Row
from jobs.rows import fetch, lock_job
from jobs.working import begin_work, fail_job, wait_for_worker
from models import Job
from models.database import database_now
from processors.contract import StageInfo

LEASE_SECONDS = 20
MAX_CRASHES = 3
"""So often one slice may take its worker down; then the job fails."""

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
    """Take the best waiting slice: the highest priority, then the owner with the least running, then the oldest.

    Args:
        worker: Name of the worker, for people and for recovery; with a mark of this very claim it can be undone.
        stages: What the worker can do; slices of other kinds are left to others.
        outbox: Told when the job begins to move.
        budget: What one owner may have at most.
    """
    while True:
        letters = Letters()
        async with in_transaction() as db:
            await take_turn(db)
            best = await choose_job(db, sorted(stages), budget)
            claim = await _claim(db, best, worker, stages, letters) if best else None
        if claim is not None or best is None:
            await outbox.send(letters)
            return claim


async def renew_leases(claims: Sequence[Claim]) -> list[Claim]:
    """Hold on to `claims` for another 20 s by the database's clock, and answer those that are to be given up."""
    async with in_transaction() as db:
        # A row that somebody locks is being renewed or ended just now: waiting for one while holding another could
        # make two transactions wait for each other.
        lock = " FOR UPDATE SKIP LOCKED" if db.capabilities.support_for_update else ""
        for claim in claims:
            await fetch(
                db,
                f"UPDATE slices SET lease_expires_at = {database_now(db)} + {LEASE_SECONDS} WHERE id = "
                f"(SELECT id FROM slices WHERE id = $1 AND fence = $2 AND status = 'RUNNING'{lock})",
                claim.slice_id,
                claim.fence,
            )
    return [claim for claim in claims if not await _is_wanted(claim)]


async def check_claim(claim: Claim) -> None:
    """Raise ClaimLost where the slice is not ours any more, or its job not to be worked on."""
    if not await _is_wanted(claim):
        raise ClaimLost


async def hold_claim(db: BaseDBAsyncClient, claim: Claim) -> Row:
    """Lock the job's row for a transaction that writes for `claim`, and renew the lease.

    Raises:
        ClaimLost: The slice is not ours any more, or its job is not being worked on.
    """
    return await _change_held(db, claim, f"lease_expires_at = {database_now(db)} + {LEASE_SECONDS}")


async def finish_claim(db: BaseDBAsyncClient, claim: Claim) -> Row:
    """As `hold_claim`, but the slice is done with this transaction."""
    return await _change_held(db, claim, "status = 'DONE', lease_expires_at = NULL")


async def release_slice(claim: Claim, outbox: Outbox, *, is_crash: bool = False) -> None:
    """Give the slice back: it waits for the next worker, or its job is CANCELLED where it was being cancelled.

    Args:
        claim: Nothing happens where it is lost.
        outbox: Told what became of the job.
        is_crash: Counts as one of the times that the slice took its worker down.
    """
    letters = Letters()
    async with in_transaction() as db:
        if await lock_job(db, claim.job.id) is not None:
            await take_back(
                db,
                claim.job.id,
                "id = $1 AND fence = $2",
                claim.slice_id,
                claim.fence,
                letters=letters,
                is_crash=is_crash,
            )
    await outbox.send(letters)


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


async def recover_leases(worker_pattern: str, outbox: Outbox) -> int:
    """Take back what workers with such names (LIKE) hold beyond their leases. Returns how many slices."""
    condition = f"worker LIKE $1 AND lease_expires_at < {database_now(get_connection('default'))}"
    return await _recover(condition, worker_pattern, outbox=outbox, is_crash=True)


async def has_waiting_slices() -> bool:
    """Whether any slice could be taken now."""
    return bool(await fetch(get_connection("default"), f"SELECT 1 FROM jobs j WHERE {IS_WAITING} LIMIT 1"))


async def take_back(
    db: BaseDBAsyncClient, job_id: str, condition: str, *values: Any, letters: Letters, is_crash: bool
) -> int:
    """The running slices of a job (its row is locked) for which `condition` holds wait again. Returns how many."""
    rows = await fetch(
        db,
        "UPDATE slices SET status = 'WAITING', worker = NULL, lease_expires_at = NULL, fence = fence + 1, "
        f"crash_count = crash_count + {int(is_crash)} "
        f"WHERE {condition} AND job_id = ${len(values) + 1} AND status = 'RUNNING' RETURNING crash_count",
        *values,
        job_id,
    )
    if not rows or await finish_cancelling(db, job_id, letters) is not None:
        return len(rows)
    if is_crash and max(row["crash_count"] for row in rows) >= MAX_CRASHES:
        message = f"Its worker was lost {MAX_CRASHES} times over the same part of the work."
        await fail_job(db, job_id, Refusal(ErrorCode.WORKER_LOST, message), letters, is_retryable=True)
    else:
        await wait_for_worker(db, job_id, letters, is_lost=is_crash)
        letters.has_work = True
    return len(rows)


async def _claim(db: BaseDBAsyncClient, best: Row, worker: str, stages: Stages, letters: Letters) -> Claim | None:
    """Take the next slice of the best job; None where it was changed before its row could be locked: choose again."""
    job = await lock_job(db, best["id"])
    if job is None or any(job[name] != best[name] for name in best):
        return None
    rows = await fetch(
        db,
        f"UPDATE slices SET status = 'RUNNING', worker = $1, fence = fence + 1, "
        f"lease_expires_at = {database_now(db)} + {LEASE_SECONDS} WHERE id = (SELECT id FROM slices WHERE job_id = $2 "
        f"AND status = 'WAITING' ORDER BY number LIMIT 1) AND status = 'WAITING' RETURNING *",
        worker,
        job["id"],
    )
    if not rows:
        return None
    row, phase = rows[0], SlicePhase(rows[0]["phase"])
    stage = stages[job["kind"]][list(SlicePhase).index(phase)]
    job = await begin_work(db, job, stage.name, f"{stage.label}.", letters)
    payload = row["payload"]
    return Claim(
        row["id"], row["fence"], job_of(job), row["attempt"], phase, row["number"], row["first_index"],
        row["item_count"], orjson.loads(payload) if isinstance(payload, str) else payload, row["crash_count"],
    )  # fmt: skip


async def _is_wanted(claim: Claim) -> bool:
    statement = (
        "SELECT 1 FROM slices s JOIN jobs j ON j.id = s.job_id "
        "WHERE s.id = $1 AND s.fence = $2 AND s.status = 'RUNNING' AND j.status = $3"
    )
    rows = await fetch(get_connection("default"), statement, claim.slice_id, claim.fence, JobStatus.PROCESSING)
    return bool(rows)


async def _change_held(db: BaseDBAsyncClient, claim: Claim, changes: str) -> Row:
    job = await lock_job(db, claim.job.id)
    if job is None or job["status"] != JobStatus.PROCESSING or job["attempt"] != claim.attempt:
        raise ClaimLost
    statement = f"UPDATE slices SET {changes} WHERE id = $1 AND fence = $2 AND status = 'RUNNING' RETURNING id"
    if not await fetch(db, statement, claim.slice_id, claim.fence):
        raise ClaimLost
    return job


async def _recover(condition: str, *values: Any, outbox: Outbox, is_crash: bool) -> int:
    """Take back running slices, one job at a time, and end the cancelling of jobs that nobody works on."""
    statement = (
        f"SELECT job_id AS id FROM slices WHERE status = 'RUNNING' AND {condition} "
        "UNION SELECT id FROM jobs WHERE status = 'CANCELLING'"
    )
    count = 0
    for row in await fetch(get_connection("default"), statement, *values):
        letters = Letters()
        async with in_transaction() as db:
            await lock_job(db, row["id"])
            count += await take_back(db, row["id"], condition, *values, letters=letters, is_crash=is_crash)
            await finish_cancelling(db, row["id"], letters)
        await outbox.send(letters)
    return count
