"""Claims: taking a waiting slice under a lease, and proving that it is still held.

Whoever writes for a claim locks the job's row first and its slices then: two writers never wait for each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from base.words import JobStatus, SlicePhase
from jobs.outbox import Outbox, OutboxMessages
from jobs.rows import job_of, lock_job
from jobs.scheduling.selection import UNLIMITED, Budget, acquire_scheduler_lock, is_waiting, select_next_job
from jobs.scheduling.slices import claim_waiting_slices, payload_of
from jobs.transitions import begin_work
from models import Job
from models.database import worker_transaction
from models.sql import Row, database_now, fetch_rows, placeholders
from processors.contract import StageInfo

LEASE_SECONDS = 20

Stages = Mapping[str, tuple[StageInfo, StageInfo, StageInfo]]
"""The kinds that a worker can do, each with the stages of its three phases."""


RunLength = Callable[[str], int]
"""How many slices of a job, by its id, one claim takes at most."""


@dataclass(frozen=True, slots=True)
class ClaimedSlice:
    """One slice of a claim, see `NewSlice`."""

    id: int
    number: int
    first_index: int
    item_count: int
    payload: dict[str, Any]


@dataclass(slots=True, eq=False)
class Claim:
    """Slices of a job that this worker holds: `fence`, which they share, proves it.

    There is more than one only of those that nobody has held before; those that are given back are no more among `slices`.
    """

    job: Job
    attempt: int
    phase: SlicePhase
    fence: int
    crash_count: int
    slices: tuple[ClaimedSlice, ...]

    @property
    def first(self) -> ClaimedSlice:
        return self.slices[0]

    @property
    def condition(self) -> str:
        """SQL: whether a row is one of the slices, and still ours; its values are `proof`."""
        return f"fence = $1 AND id IN ({placeholders(self.slices, 2)})"

    @property
    def proof(self) -> tuple[int, ...]:
        return self.fence, *(one.id for one in self.slices)


class ClaimLost(Exception):  # noqa: N818  it is an answer: the slice went elsewhere, or its job is to stop
    """The slice is not ours any more (cancelled, failed, or the lease ran out): stop, nothing was written."""


async def claim_slices(
    worker: str, stages: Stages, outbox: Outbox, budget: Budget = UNLIMITED, run_length: RunLength = lambda _: 1
) -> Claim | None:
    """Take the best waiting slice: the highest priority, then the quota with the least running, then the oldest.

    With it go those of its job that come next, as `run_length` allows.

    Args:
        worker: Name of the worker, for people and for recovery; with a mark of this very claim it can be undone.
        stages: What the worker can do; slices of other kinds are left to others.
        outbox: Told when the job begins to move.
        budget: What one owner may have at most.
        run_length: How many slices of the chosen job are taken together.
    """
    while True:
        messages = OutboxMessages()
        async with worker_transaction() as db:
            await acquire_scheduler_lock(db)
            best = await select_next_job(db, sorted(stages), budget)
            claim = await _claim(db, best, worker, stages, run_length, messages) if best else None
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
        await fetch_rows(db, f"UPDATE slices SET crash_count = 0 WHERE {claim.condition}", *claim.proof)


async def count_crashes(claim: Claim) -> int:
    """How many workers the slice has taken down since something of it was done; where there are several, none has."""
    statement = "SELECT crash_count FROM slices WHERE id = $1"
    rows = await fetch_rows(get_connection("default"), statement, claim.first.id)
    return int(rows[0]["crash_count"]) if rows else 0


async def finish_claim(db: BaseDBAsyncClient, claim: Claim) -> Row:
    """As `hold_claim`, but the slices are done with this transaction."""
    return await _change_held(db, claim, "status = 'DONE', lease_expires_at = NULL")


async def release_claim(db: BaseDBAsyncClient, claim: Claim) -> bool:
    """The slices of `claim`, whose job's row is locked, wait again; false where the claim is lost."""
    statement = (
        "UPDATE slices SET status = 'WAITING', worker = NULL, lease_expires_at = NULL, fence = fence + 1 "
        f"WHERE {claim.condition} AND status = 'RUNNING' RETURNING id"
    )
    return bool(await fetch_rows(db, statement, *claim.proof))


async def has_waiting_slices() -> bool:
    """Whether any slice could be taken now."""
    db = get_connection("default")
    return bool(await fetch_rows(db, f"SELECT 1 FROM jobs j WHERE {is_waiting(db)} LIMIT 1"))


async def _claim(
    db: BaseDBAsyncClient, best: Row, worker: str, stages: Stages, run_length: RunLength, messages: OutboxMessages
) -> Claim | None:
    """Take the next slices of the best job; None where it was changed before its row could be locked: choose again."""
    job = await lock_job(db, best["id"])
    if job is None or any(job[name] != best[name] for name in best):
        return None
    rows = await claim_waiting_slices(db, job["id"], worker, LEASE_SECONDS, run_length(job["id"]))
    if not rows:
        return None
    phase = SlicePhase(rows[0]["phase"])
    stage = stages[job["kind"]][list(SlicePhase).index(phase)]
    job = await begin_work(db, job, stage.name, f"{stage.label}.", messages)
    slices = [
        ClaimedSlice(row["id"], row["number"], row["first_index"], row["item_count"], payload_of(row)) for row in rows
    ]
    return Claim(job_of(job), rows[0]["attempt"], phase, rows[0]["fence"], rows[0]["crash_count"], tuple(slices))


async def is_held(claim: Claim) -> bool:
    """Whether any of the slices is still ours, as they all are but those that were given back, and their job to be worked on."""
    statement = (
        f"SELECT 1 FROM slices WHERE {claim.condition} AND status = 'RUNNING' "
        f"AND EXISTS (SELECT 1 FROM jobs j WHERE j.id = job_id AND j.status = '{JobStatus.PROCESSING}') LIMIT 1"
    )
    return bool(await fetch_rows(get_connection("default"), statement, *claim.proof))


async def _change_held(db: BaseDBAsyncClient, claim: Claim, changes: str) -> Row:
    job = await lock_job(db, claim.job.id)
    if job is None or job["status"] != JobStatus.PROCESSING or job["attempt"] != claim.attempt:
        raise ClaimLost
    statement = f"UPDATE slices SET {changes} WHERE {claim.condition} AND status = 'RUNNING' RETURNING id"
    if len(await fetch_rows(db, statement, *claim.proof)) < len(claim.slices):
        raise ClaimLost
    return job
