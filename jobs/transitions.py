"""Transitions of a job: the one place that changes its status, by a conditional UPDATE with the line of its history."""

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SlicePhase, SliceStatus
from jobs.actions import RUNNABLE
from jobs.history import add_event, add_first_events
from jobs.limits import MESSAGE_LENGTH
from jobs.outbox import OutboxMessages
from jobs.rows import change_job, change_jobs, job_of
from jobs.scheduling.slices import NewSlice, add_first_slices, add_slices, drop_slices, has_slices, release_slices
from jobs.text import sanitise
from models.fields import now
from models.sql import Row, database_now, fetch_rows
from processors.contract import NeedsInput, PauseJob, SkipJob

_WAITING = "Waiting for a free worker."


async def transition_job(
    db: BaseDBAsyncClient,
    job_id: str,
    sources: Collection[JobStatus],
    status: JobStatus,
    message: str,
    messages: OutboxMessages,
    **columns: Any,
) -> Row | None:
    """Change the status of a job that is in one of `sources`, note it in the history, and tell it; None otherwise."""
    row = await change_job(db, job_id, sources, **{**_columns_of(status, message), **columns})
    if row is not None:
        messages.has_deliveries |= await add_event(db, row)
        messages.job_changed(row)
    return row


async def transition_locked(
    db: BaseDBAsyncClient, job: Row, status: JobStatus, message: str, messages: OutboxMessages, **columns: Any
) -> Row:
    """As `transition_job`, of a job whose row this transaction has locked and read: it is in the status that was read."""
    row = await transition_job(db, job["id"], {JobStatus(job["status"])}, status, message, messages, **columns)
    assert row is not None  # noqa: S101  locked
    return row


async def leave_uploaded(db: BaseDBAsyncClient, job: Row, messages: OutboxMessages) -> Row:
    """UPLOADED → PENDING with the first slice, or AWAITING_INPUT where the owner wants to start it."""
    if job["auto_start"]:
        return await enqueue_job(db, job, messages)
    message = "Waiting for its owner to start it."
    return await transition_locked(db, job, JobStatus.AWAITING_INPUT, message, messages, awaiting="start")


async def enqueue_job(db: BaseDBAsyncClient, job: Row, messages: OutboxMessages, **columns: Any) -> Row:
    """→ PENDING, with a slice to begin with where none waits."""
    columns = {**_queued(db), **columns}
    queued = await transition_locked(db, job, JobStatus.PENDING, _WAITING, messages, **columns)
    if not await has_slices(db, job["id"], SliceStatus.WAITING):
        await add_slices(db, queued, [NewSlice(SlicePhase.PLAN)])
    messages.has_work = True
    return queued


async def enqueue_new_jobs(db: BaseDBAsyncClient, jobs: Sequence[Row], messages: OutboxMessages) -> list[Row]:
    """UPLOADED → PENDING, of jobs that this transaction has made, each with the slice to begin with; by id."""
    columns = {**_columns_of(JobStatus.PENDING, _WAITING), **_queued(db)}
    queued = await change_jobs(db, [job["id"] for job in jobs], {JobStatus.UPLOADED}, **columns)
    await add_first_events(db, queued)
    await add_first_slices(db, queued)
    for row in queued:
        messages.job_changed(row)
    messages.has_work |= bool(queued)
    return queued


async def begin_work(db: BaseDBAsyncClient, job: Row, stage: str, message: str, messages: OutboxMessages) -> Row:
    """PENDING → PROCESSING for the first slice of `job` (locked), and the next stage for the first slice of each phase."""
    if job["status"] == JobStatus.PROCESSING and job["stage"] == stage:
        return job if job["wait_reason"] is None else await _end_wait(db, job, messages)
    moment = now().timestamp()
    columns = {"stage": stage, "started_at": ("coalesce(started_at, ?)", moment), "progressed_at": (database_now(db),)}
    return await transition_locked(db, job, JobStatus.PROCESSING, message, messages, **columns)


async def _end_wait(db: BaseDBAsyncClient, job: Row, messages: OutboxMessages) -> Row:
    row = await change_job(db, job["id"], {JobStatus.PROCESSING}, wait_reason=None, wait_until=None)
    assert row is not None  # noqa: S101  the caller holds the row
    messages.job_changed(row)
    return row


async def wait_for_worker(db: BaseDBAsyncClient, job_id: str, messages: OutboxMessages, *, is_lost: bool) -> None:
    """PROCESSING → PENDING: the last worker of the job stopped or `is_lost`; the attempt goes on where it was."""
    if not await has_slices(db, job_id, SliceStatus.RUNNING):
        message = (
            "The worker was lost; going on where it stopped." if is_lost else "The worker stopped; another goes on."
        )
        await transition_job(db, job_id, {JobStatus.PROCESSING}, JobStatus.PENDING, message, messages)


async def ask_owner(
    db: BaseDBAsyncClient, job: Row, question: NeedsInput, messages: OutboxMessages, **columns: Any
) -> None:
    """PROCESSING (the row is locked) → AWAITING_INPUT: what runs for it stops, and goes on after startJob."""
    columns = {"stage": None, "awaiting": sanitise(question.awaiting, 100), **columns}
    message = sanitise(question.message)
    row = await transition_locked(db, job, JobStatus.AWAITING_INPUT, message, messages, **columns)
    await release_slices(db, job["id"])
    messages.stop_job(row)


async def pause_from_inside(db: BaseDBAsyncClient, job: Row, pause: PauseJob, messages: OutboxMessages) -> None:
    """PROCESSING (the row is locked) → PAUSED: what runs for it stops, and goes on after resumeJob."""
    row = await transition_locked(db, job, JobStatus.PAUSED, pause.message, messages)
    await release_slices(db, job["id"])
    messages.stop_job(row)


async def skip_job(db: BaseDBAsyncClient, job: Row, skip: SkipJob, messages: OutboxMessages) -> None:
    """PROCESSING (the row is locked) → SKIPPED."""
    told = {"skipReason": skip.reason, "duplicateOf": skip.duplicate_of}
    document = orjson.dumps({**(job_of(job).download or {}), **told}).decode()
    columns = {"stage": None, "finished_at": now().timestamp(), "download": document}
    await transition_locked(db, job, JobStatus.SKIPPED, skip.message, messages, **columns)
    await drop_slices(db, job["id"], SliceStatus.WAITING)
    await cancel_items(db, job["id"])


async def complete_job(
    db: BaseDBAsyncClient, job: Row, messages: OutboxMessages, *, is_retryable: bool, only_error: Refusal | None = None
) -> Row:
    """PROCESSING (the row is locked) → COMPLETED, or FAILED where every single item failed.

    `is_retryable`: whether any of the items that failed could end otherwise another time; `only_error` is that of the only item.
    """
    total, failed = job["total_items"] or 0, job["failed_items"]
    if total and failed == total:
        message = f"All {total} items failed; the report tells why."
        refusal = only_error or Refusal(ErrorCode.PROCESSING_FAILED, message)
        row = await end_failed(db, job["id"], {JobStatus.PROCESSING}, refusal, messages, is_retryable=is_retryable)
        assert row is not None  # noqa: S101  the caller holds the row
        return row
    end = {"stage": None, "percentage": 100.0, "finished_at": now().timestamp()}
    columns = {**end, "error_is_retryable": failed > 0 and is_retryable}
    return await transition_locked(
        db, job, JobStatus.COMPLETED, _summary(job["total_items"], failed), messages, **columns
    )


async def fail_job(
    db: BaseDBAsyncClient, job_id: str, refusal: Refusal, messages: OutboxMessages, *, is_retryable: bool
) -> Row | None:
    """PENDING or PROCESSING → FAILED, and stop whatever else runs for it; None in another status."""
    return await end_failed(db, job_id, RUNNABLE, refusal, messages, is_retryable=is_retryable)


async def end_failed(
    db: BaseDBAsyncClient,
    job_id: str,
    sources: Collection[JobStatus],
    refusal: Refusal,
    messages: OutboxMessages,
    *,
    is_retryable: bool,
) -> Row | None:
    """→ FAILED for the reason that `refusal` gives, and stop whatever runs for it; None in another status."""
    moment, message = now().timestamp(), sanitise(refusal.message, MESSAGE_LENGTH)
    error = {
        "error_code": refusal.code,
        "error_message": message,
        "error_is_retryable": is_retryable,
        "error_at": moment,
    }
    columns = {"stage": None, "awaiting": None, "finished_at": moment, **error}
    row = await transition_job(db, job_id, sources, JobStatus.FAILED, message, messages, **columns)
    if row is not None:
        await drop_slices(db, job_id, SliceStatus.WAITING)
        await drop_slices(db, job_id, SliceStatus.RUNNING)
        await cancel_items(db, job_id)
        messages.stop_job(row)
    return row


async def finish_cancelling(db: BaseDBAsyncClient, job_id: str, messages: OutboxMessages) -> Row | None:
    """Write CANCELLED once nobody works on the job any more; None while somebody does."""
    if await has_slices(db, job_id, SliceStatus.RUNNING):
        return None
    columns = {"stage": None, "finished_at": now().timestamp()}
    row = await transition_job(
        db, job_id, {JobStatus.CANCELLING}, JobStatus.CANCELLED, "Cancelled.", messages, **columns
    )
    if row is not None:
        await drop_slices(db, job_id, SliceStatus.WAITING)
        await cancel_items(db, job_id)
    return row


async def cancel_items(db: BaseDBAsyncClient, job_id: str) -> None:
    """What is not done will not be done in this attempt."""
    await fetch_rows(
        db,
        "UPDATE items SET status = 'CANCELLED', updated_at = $1 WHERE job_id = $2 AND status IN ('PENDING', 'PROCESSING')",
        now().timestamp(),
        job_id,
    )


def _columns_of(status: JobStatus, message: str) -> dict[str, Any]:
    """The columns that change with the status, whatever else does."""
    told = {"status": status, "status_message": sanitise(message, MESSAGE_LENGTH)}
    return {**told, **_no_wait(status), **_work_time(status)}


def _queued(db: BaseDBAsyncClient) -> dict[str, Any]:
    """The columns of jobs that begin to wait, in this moment: of those that do so together, the lowest id is the oldest."""
    return {"awaiting": None, "stage": None, "queued_at": (f"(SELECT {database_now(db)})",)}


def _no_wait(status: JobStatus) -> dict[str, Any]:
    """The columns of a job that waits for nothing; while it is tried again and again, how often is remembered."""
    is_tried = status in {JobStatus.PENDING, JobStatus.PROCESSING}
    return {"wait_reason": None, "wait_until": None, **({} if is_tried else {"wait_count": 0})}


def _work_time(status: JobStatus) -> dict[str, Any]:
    """The columns that measure how long a job has been PROCESSING, waiting and pauses aside."""
    moment = now().timestamp()
    if status is JobStatus.PROCESSING:
        return {"working_since": ("coalesce(working_since, ?)", moment)}
    worked = ("worked_seconds + coalesce(CAST(? AS double precision) - working_since, 0)", moment)
    return {"working_since": None, "worked_seconds": worked}


def _summary(total: int | None, failed: int) -> str:
    """`total` is None where nobody counted items: a worker of another program need not."""
    if total is None:
        return "The work is done."
    if failed:
        return f"{total - failed} of {total} items are done, {failed} failed."
    if total == 1:
        return "The only item is done."
    return f"All {total} items are done." if total else "There were no items."
