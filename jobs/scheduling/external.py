"""External workers' claims: a task of a queue under a lease (docs/workers.md)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, JobType, Role
from jobs.outbox import Outbox, OutboxMessages
from jobs.queries import ALL, find_job, read_job
from jobs.rows import job_of, lock_job
from jobs.scheduling.leases import recover_leases
from jobs.scheduling.slices import claim_waiting_slices, payload_of
from jobs.text import sanitise
from jobs.transitions import begin_work
from models import Job
from models.ids import type_of_id
from models.sql import Row, database_now, fetch_rows, for_update, placeholders
from processors.external.kind import KIND as EXTERNAL

SHORTEST_LEASE, LONGEST_LEASE = 1, 86_400
"""Seconds."""
LINK_GRACE = timedelta(minutes=1)
"""A link to an input outlasts the lease by so much: clocks differ, and what renews the lease gives a fresh link."""
STAGE = EXTERNAL.stages[0]
_ROUNDS = 100
"""So often at most somebody else is waited for who holds the task that is next; each holds it for one transaction."""
_LEASE = re.compile(r"lease-([0-9]{1,18})-([0-9]{1,9})")


def require_worker(viewer: Viewer) -> None:
    """Raises Refusal FORBIDDEN for everyone but workers."""
    if viewer.role is not Role.WORKER:
        raise Refusal(ErrorCode.FORBIDDEN, "Only workers claim tasks and report on them.")


def check_may_own(viewer: Viewer) -> None:
    """Raises Refusal FORBIDDEN for workers, who have no jobs of their own."""
    if viewer.role is Role.WORKER:
        raise Refusal(ErrorCode.FORBIDDEN, "Workers do tasks and have no jobs of their own.")


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's hold on a task."""

    id: str
    ends_at: datetime

    @property
    def links_end_at(self) -> datetime:
        """Until when links to the task's inputs are good that are given now."""
        return self.ends_at + LINK_GRACE


async def claim_task(
    viewer: Viewer, queue: str, lease_seconds: int, outbox: Outbox, task_id: str | None = None
) -> Job | None:
    """Give the worker the waiting task of `queue` with the highest priority, the oldest of those; None where none waits.

    Args:
        viewer: The worker.
        queue: Does not matter where a task is named.
        lease_seconds: How long it may be silent.
        outbox: Told that the task is begun.
        task_id: The task that it is to be, and no other.

    Raises:
        Refusal: FORBIDDEN; BAD_INPUT for a lease shorter than 1 s or longer than a day; for a named task INVALID_ID,
            TASK_NOT_FOUND, INVALID_STATE where it does not wait for a worker.
    """
    require_worker(viewer)
    if not SHORTEST_LEASE <= lease_seconds <= LONGEST_LEASE:
        message = f"A lease lasts {SHORTEST_LEASE} to {LONGEST_LEASE} seconds."
        raise Refusal(ErrorCode.BAD_INPUT, message, "leaseSeconds")
    await recover_leases(f"{_worker_name('')}%", outbox)
    if task_id is not None:
        return await _claim_named(viewer, task_id, lease_seconds, outbox)
    return await _claim_next(viewer, sanitise(queue), lease_seconds, outbox)


async def leases_of(viewer: Viewer, job_ids: Sequence[str]) -> list[Lease | None]:
    """For each task the lease under which the viewer holds it."""
    db = get_connection("default")
    statement = (
        "SELECT id, job_id, fence, lease_expires_at FROM slices WHERE status = 'RUNNING' AND worker = $1 "
        f"AND job_id IN ({placeholders(job_ids, 2)}) AND lease_expires_at > {database_now(db)}"
    )
    leases = {}
    for row in await fetch_rows(db, statement, _worker_name(viewer.user_id), *job_ids):
        ends_at = datetime.fromtimestamp(row["lease_expires_at"], UTC)
        leases[row["job_id"]] = Lease(f"lease-{row['id']}-{row['fence']}", ends_at)
    return [leases.get(id_) for id_ in job_ids]


async def find_task(viewer: Viewer, task_id: str, columns: frozenset[str] = ALL) -> Job:
    """The task, for who may see it, and for the worker that holds it; with these of its columns.

    Raises:
        Refusal: INVALID_ID, TASK_NOT_FOUND.
    """
    type_of_id(task_id)
    if viewer.role is Role.WORKER and (await leases_of(viewer, [task_id]))[0] is not None:
        task = await read_job(task_id, columns)
        if task is not None and task.type is JobType.TASK:
            return task
    return await find_job(viewer, task_id, JobType.TASK, columns)


async def lock_task(db: BaseDBAsyncClient, task_id: str) -> Row:
    """The row of a task that other programs do, locked.

    Raises:
        Refusal: TASK_NOT_FOUND.
    """
    job = await lock_job(db, task_id)
    if job is None or job["kind"] != EXTERNAL.name or job["deleted_at"] is not None:
        raise Refusal(ErrorCode.TASK_NOT_FOUND, "There is no such task.", "id")
    return job


async def check_may_upload(viewer: Viewer) -> None:
    """Workers upload results of the tasks that they hold, and nothing else.

    Raises:
        Refusal: FORBIDDEN.
    """
    if viewer.role is not Role.WORKER:
        return
    db = get_connection("default")
    held = f"SELECT 1 FROM slices WHERE status = 'RUNNING' AND worker = $1 AND lease_expires_at > {database_now(db)} LIMIT 1"
    if not await fetch_rows(db, held, _worker_name(viewer.user_id)):
        raise Refusal(ErrorCode.FORBIDDEN, "Workers upload results while they hold a task: call claimTask first.")


def _worker_name(user_id: str) -> str:
    return f"external:{user_id}"


async def _claim_next(viewer: Viewer, queue: str, lease_seconds: int, outbox: Outbox) -> Job | None:
    for _ in range(_ROUNDS):
        messages = OutboxMessages()
        async with in_transaction() as db:
            best = await _lock_next_task(db, queue)
            claimed = await _claim(db, best, viewer, lease_seconds, messages) if best else None
        if claimed is not None:
            await outbox.send(messages)
            return job_of(claimed)
        if await _find_next_task(get_connection("default"), queue) is None:
            return None
    return None


async def _lock_next_task(db: BaseDBAsyncClient, queue: str) -> Row | None:
    """The task of the queue that is next and that nobody holds; where all are held, the next one after its holder is done.

    None where that one does not wait any more then: another may.
    """
    free = await _find_next_task(db, queue, for_update(db, of="j", skip_locked=True))
    return free or await _find_next_task(db, queue, for_update(db, of="j"))


async def _find_next_task(db: BaseDBAsyncClient, queue: str, lock: str = "") -> Row | None:
    """The task of the queue that is next; one that is PENDING has a slice that waits."""
    rows = await fetch_rows(
        db,
        "SELECT j.* FROM jobs j WHERE j.queue = $1 AND j.status = 'PENDING' "
        f"ORDER BY j.priority DESC, j.queued_at, j.id LIMIT 1{lock}",
        queue,
    )
    return rows[0] if rows else None


async def _claim_named(viewer: Viewer, task_id: str, lease_seconds: int, outbox: Outbox) -> Job:
    type_of_id(task_id)
    messages = OutboxMessages()
    async with in_transaction() as db:
        job = await lock_task(db, task_id)
        is_waiting = job["status"] == JobStatus.PENDING
        claimed = await _claim(db, job, viewer, lease_seconds, messages) if is_waiting else None
    if claimed is None:
        status = str(job["status"]).lower().replace("_", " ")
        message = f"This task is {status}: only one that waits for a worker can be claimed."
        raise Refusal(ErrorCode.INVALID_STATE, message, "id")
    await outbox.send(messages)
    return job_of(claimed)


async def _claim(
    db: BaseDBAsyncClient, job: Row, viewer: Viewer, lease_seconds: int, messages: OutboxMessages
) -> Row | None:
    """None where the task went to somebody else before its row could be locked."""
    payload = {"leaseSeconds": lease_seconds}
    rows = await claim_waiting_slices(db, job["id"], _worker_name(viewer.user_id), lease_seconds, payload=payload)
    return await begin_work(db, job, STAGE.name, "A worker has it.", messages) if rows else None


async def renew_lease(db: BaseDBAsyncClient, viewer: Viewer, task_id: str, lease_id: str) -> None:
    """Hold on to a task (its row is locked) for the lease's own length.

    Raises:
        Refusal: LEASE_LOST, also for a lease whose time is over and that nobody took back yet.
    """
    match = _LEASE.fullmatch(lease_id)
    slice_id, fence = (int(match[1]), int(match[2])) if match else (0, 0)
    condition = "id = $1 AND job_id = $2 AND fence = $3 AND worker = $4 AND status = 'RUNNING'"
    held = (slice_id, task_id, fence, _worker_name(viewer.user_id))
    rows = await fetch_rows(
        db, f"SELECT payload FROM slices WHERE {condition} AND lease_expires_at > {database_now(db)}", *held
    )
    if not rows:
        raise Refusal(ErrorCode.LEASE_LOST, "The lease on this task is lost: stop, somebody else may have it by now.")
    seconds = int(payload_of(rows[0])["leaseSeconds"])
    renewal = f"UPDATE slices SET lease_expires_at = {database_now(db)} + {seconds} WHERE {condition} RETURNING id"
    await fetch_rows(db, renewal, *held)
