"""The one place that moves a job's status: a conditional UPDATE, the line of its history, and what watchers are told."""

from collections.abc import Collection
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import Refusal
from base.words import JobStatus, SlicePhase, SliceStatus
from jobs.history import add_event
from jobs.outbox import Letters, Row
from jobs.rows import change_job, fetch
from jobs.slices import NewSlice, add_slices, drop_slices, has_slices
from jobs.text import storable
from models import Job
from models.database import database_now
from models.fields import now

_MESSAGE_LENGTH = 2_000


def job_of(row: Row) -> Job:
    """The row as an object."""
    return Job._init_from_db(**row)  # noqa: SLF001  the ORM's own way, without a query


async def move_job(
    db: BaseDBAsyncClient,
    job_id: str,
    sources: Collection[JobStatus],
    status: JobStatus,
    message: str,
    letters: Letters,
    **columns: Any,
) -> Row | None:
    """Change the status of a job that is in one of `sources`, note it in the history, and tell it; None otherwise."""
    columns = {"status": status, "status_message": storable(message, _MESSAGE_LENGTH), **_work_time(status), **columns}
    row = await change_job(db, job_id, sources, **columns)
    if row is not None:
        letters.has_news |= await add_event(db, row)
        letters.job_changed(row)
    return row


async def move_locked(
    db: BaseDBAsyncClient, job: Row, status: JobStatus, message: str, letters: Letters, **columns: Any
) -> Row:
    """As `move_job`, of a job whose row this transaction has locked and read: it is in the status that was read."""
    row = await move_job(db, job["id"], {JobStatus(job["status"])}, status, message, letters, **columns)
    assert row is not None  # noqa: S101  locked
    return row


async def leave_uploaded(db: BaseDBAsyncClient, job: Row, letters: Letters) -> Row:
    """UPLOADED → PENDING with the first slice, or AWAITING_INPUT where the owner wants to start it."""
    if job["auto_start"]:
        return await enqueue_job(db, job, letters)
    message = "Waiting for its owner to start it."
    return await move_locked(db, job, JobStatus.AWAITING_INPUT, message, letters, awaiting="start")


async def enqueue_job(db: BaseDBAsyncClient, job: Row, letters: Letters, **columns: Any) -> Row:
    """→ PENDING, with a slice to begin with where none waits."""
    columns = {"awaiting": None, "stage": None, "queued_at": (database_now(db),), **columns}
    queued = await move_locked(db, job, JobStatus.PENDING, "Waiting for a free worker.", letters, **columns)
    if not await has_slices(db, job["id"], SliceStatus.WAITING):
        await add_slices(db, queued, [NewSlice(SlicePhase.PLAN)])
    letters.has_work = True
    return queued


async def end_failed(
    db: BaseDBAsyncClient,
    job_id: str,
    sources: Collection[JobStatus],
    refusal: Refusal,
    letters: Letters,
    *,
    is_retryable: bool,
) -> Row | None:
    """→ FAILED for the reason that `refusal` gives, and stop whatever runs for it; None in another status."""
    moment, message = now().timestamp(), storable(refusal.message)
    error = {
        "error_code": refusal.code,
        "error_message": message,
        "error_is_retryable": is_retryable,
        "error_at": moment,
    }
    columns = {"stage": None, "awaiting": None, "finished_at": moment, **error}
    row = await move_job(db, job_id, sources, JobStatus.FAILED, message, letters, **columns)
    if row is not None:
        await drop_slices(db, job_id, SliceStatus.WAITING)
        await drop_slices(db, job_id, SliceStatus.RUNNING)
        await cancel_items(db, job_id)
        letters.stop_job(row)
    return row


async def finish_cancelling(db: BaseDBAsyncClient, job_id: str, letters: Letters) -> Row | None:
    """Write CANCELLED once nobody works on the job any more; None while somebody does."""
    if await has_slices(db, job_id, SliceStatus.RUNNING):
        return None
    columns = {"stage": None, "finished_at": now().timestamp()}
    row = await move_job(db, job_id, {JobStatus.CANCELLING}, JobStatus.CANCELLED, "Cancelled.", letters, **columns)
    if row is not None:
        await drop_slices(db, job_id, SliceStatus.WAITING)
        await cancel_items(db, job_id)
    return row


async def cancel_items(db: BaseDBAsyncClient, job_id: str) -> None:
    """What is not done will not be done in this attempt."""
    await fetch(
        db,
        "UPDATE items SET status = 'CANCELLED', updated_at = $1 WHERE job_id = $2 AND status IN ('PENDING', 'PROCESSING')",
        now().timestamp(),
        job_id,
    )


def _work_time(status: JobStatus) -> dict[str, Any]:
    """The columns that measure how long a job has been PROCESSING, waiting and pauses aside."""
    moment = now().timestamp()
    if status is JobStatus.PROCESSING:
        return {"working_since": ("coalesce(working_since, ?)", moment)}
    worked = ("worked_seconds + coalesce(CAST(? AS double precision) - working_since, 0)", moment)
    return {"working_since": None, "worked_seconds": worked}
