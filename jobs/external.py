"""Tasks that other programs do: claiming one under a lease, and holding on to it (docs/workers.md)."""

import asyncio
import re
from collections.abc import Sequence

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import Role
from jobs.claims import recover_leases
from jobs.moves import job_of
from jobs.outbox import Letters, Outbox, Row
from jobs.rows import fetch
from jobs.text import storable
from jobs.working import begin_work
from models import Job
from models.database import database_now
from processors.external import External

SHORTEST_LEASE, LONGEST_LEASE = 1, 86_400
"""Seconds."""
STAGE = External.stages[0]
_TRIES, _PAUSE_SECONDS = 100, 0.01
_LEASE = re.compile(r"lease-([0-9]{1,18})-([0-9]{1,9})")


def require_worker(viewer: Viewer) -> None:
    """Raises Refusal FORBIDDEN for everyone but workers."""
    if viewer.role is not Role.WORKER:
        raise Refusal(ErrorCode.FORBIDDEN, "Only workers claim tasks and report on them.")


def check_may_own(viewer: Viewer) -> None:
    """Raises Refusal FORBIDDEN for workers, who have no jobs of their own."""
    if viewer.role is Role.WORKER:
        raise Refusal(ErrorCode.FORBIDDEN, "Workers do tasks and have no jobs of their own.")


async def claim_task(viewer: Viewer, queue: str, lease_seconds: int, outbox: Outbox) -> Job | None:
    """Give the worker the waiting task of `queue` with the highest priority, the oldest of those; None where none waits.

    Raises:
        Refusal: FORBIDDEN; BAD_INPUT for a lease shorter than 1 s or longer than a day.
    """
    require_worker(viewer)
    if not SHORTEST_LEASE <= lease_seconds <= LONGEST_LEASE:
        message = f"A lease lasts {SHORTEST_LEASE} to {LONGEST_LEASE} seconds."
        raise Refusal(ErrorCode.BAD_INPUT, message, "leaseSeconds")
    await recover_leases(f"{_worker_name('')}%", outbox)
    for _ in range(_TRIES):
        letters = Letters()
        async with in_transaction() as db:
            lock = " FOR UPDATE OF j SKIP LOCKED" if db.capabilities.support_for_update else ""
            best = await _best(db, storable(queue), lock)
            claimed = await _claim(db, best, viewer, lease_seconds, letters) if best else None
        if claimed is not None:
            await outbox.send(letters)
            return job_of(claimed)
        if await _best(get_connection("default"), storable(queue)) is None:
            return None
        await asyncio.sleep(_PAUSE_SECONDS)  # somebody else is just at it, and may leave it as it is
    return None


async def leases_of(viewer: Viewer, job_ids: Sequence[str]) -> list[str | None]:
    """For each task the lease under which the viewer holds it."""
    places = ", ".join(f"${number}" for number in range(2, len(job_ids) + 2))
    statement = (
        f"SELECT id, job_id, fence FROM slices WHERE status = 'RUNNING' AND worker = $1 AND job_id IN ({places})"
    )
    rows = await fetch(get_connection("default"), statement, _worker_name(viewer.user_id), *job_ids)
    leases = {row["job_id"]: f"lease-{row['id']}-{row['fence']}" for row in rows}
    return [leases.get(id_) for id_ in job_ids]


async def check_may_upload(viewer: Viewer) -> None:
    """Workers upload results of the tasks that they hold, and nothing else.

    Raises:
        Refusal: FORBIDDEN.
    """
    if viewer.role is not Role.WORKER:
        return
    db = get_connection("default")
    held = f"SELECT 1 FROM slices WHERE status = 'RUNNING' AND worker = $1 AND lease_expires_at > {database_now(db)} LIMIT 1"
    if not await fetch(db, held, _worker_name(viewer.user_id)):
        raise Refusal(ErrorCode.FORBIDDEN, "Workers upload results while they hold a task: call claimTask first.")


def _worker_name(user_id: str) -> str:
    return f"external:{user_id}"


async def _best(db: BaseDBAsyncClient, queue: str, lock: str = "") -> Row | None:
    """The task of the queue that is next; one that is PENDING has a slice that waits."""
    rows = await fetch(
        db,
        "SELECT j.* FROM jobs j WHERE j.queue = $1 AND j.status = 'PENDING' "
        f"ORDER BY j.priority DESC, j.queued_at, j.id LIMIT 1{lock}",
        queue,
    )
    return rows[0] if rows else None


async def _claim(db: BaseDBAsyncClient, job: Row, viewer: Viewer, lease_seconds: int, letters: Letters) -> Row | None:
    """None where the task went to somebody else before its row could be locked."""
    rows = await fetch(
        db,
        f"UPDATE slices SET status = 'RUNNING', worker = $1, fence = fence + 1, payload = $2, "
        f"lease_expires_at = {database_now(db)} + {lease_seconds} WHERE id = (SELECT id FROM slices WHERE job_id = $3 "
        f"AND status = 'WAITING' ORDER BY number LIMIT 1) AND status = 'WAITING' RETURNING id",
        _worker_name(viewer.user_id),
        orjson.dumps({"leaseSeconds": lease_seconds}).decode(),
        job["id"],
    )
    return await begin_work(db, job, STAGE.name, "A worker has it.", letters) if rows else None


async def renew_lease(db: BaseDBAsyncClient, viewer: Viewer, task_id: str, lease_id: str) -> None:
    """Hold on to a task (its row is locked) for the lease's own length.

    Raises:
        Refusal: LEASE_LOST, also for a lease whose time is over and that nobody took back yet.
    """
    match = _LEASE.fullmatch(lease_id)
    slice_id, fence = (int(match[1]), int(match[2])) if match else (0, 0)
    condition = "id = $1 AND job_id = $2 AND fence = $3 AND worker = $4 AND status = 'RUNNING'"
    held = (slice_id, task_id, fence, _worker_name(viewer.user_id))
    rows = await fetch(
        db, f"SELECT payload FROM slices WHERE {condition} AND lease_expires_at > {database_now(db)}", *held
    )
    if not rows:
        raise Refusal(ErrorCode.LEASE_LOST, "The lease on this task is lost: stop, somebody else may have it by now.")
    payload = rows[0]["payload"]
    seconds = int((orjson.loads(payload) if isinstance(payload, str) else payload)["leaseSeconds"])
    renewal = f"UPDATE slices SET lease_expires_at = {database_now(db)} + {seconds} WHERE {condition} RETURNING id"
    await fetch(db, renewal, *held)
