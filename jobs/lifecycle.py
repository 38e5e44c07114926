"""Writes: the only file that changes a job's status; one function per verb, one transaction each."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SlicePhase, SliceStatus, UploadStatus
from jobs.actions import CANCELLABLE, RUNNABLE, can_retry
from jobs.attempts import reset_everything, reset_undone_items
from jobs.creation import NewJob, find_by_external_id, insert_job
from jobs.history import add_event
from jobs.inputs import (
    add_inputs,
    check_inputs,
    check_options,
    count_bytes,
    is_missing_uploads,
    jobs_using,
    jobs_waiting_for,
    lock_inputs,
)
from jobs.outbox import Letters, Outbox, Row
from jobs.progress import UPLOAD_STAGE
from jobs.queries import find_job
from jobs.rows import change_job, fetch, lock_job
from jobs.slices import NewSlice, add_slices, drop_slices, has_slices
from jobs.text import storable, storable_json
from models import Job, Upload
from models.fields import now
from processors.contract import Processor

AfterCommit = Callable[[], Awaitable[None]]


async def create_job(viewer: Viewer, processor: Processor, new: NewJob, outbox: Outbox) -> Job:
    """Create a job over the viewer's uploads, which may still be coming in; the same external id, the same job.

    Raises:
        Refusal: UPLOAD_NOT_FOUND, UNSUPPORTED_TYPE, BAD_INPUT or INVALID_STATE, with the field that is wrong.
    """
    new = new.storable()
    check_options(processor, new.options)
    letters = Letters()
    try:
        async with in_transaction() as db:
            if known := await find_by_external_id(viewer, new.external_id):
                return known
            uploads = await check_inputs(db, viewer, processor, new.upload_ids)
            row = await insert_job(db, viewer, processor, new, uploads)
            if row["status"] == JobStatus.UPLOADED:
                row = await _leave_uploaded(db, row, letters)
            else:
                letters.job_changed(row)
    except IntegrityError:
        known = await find_by_external_id(viewer, new.external_id)
        if known is None:
            raise
        return known
    await outbox.send(letters)
    return job_of(row)


async def start_waiting_jobs(db: BaseDBAsyncClient, upload: Upload, outbox: Outbox) -> AfterCommit:
    """Queue the jobs for which `upload` was the last one missing; runs inside the upload's own transaction."""
    letters = Letters()
    for job_id in await jobs_waiting_for(db, upload.id):
        if await lock_job(db, job_id) is None or await is_missing_uploads(db, job_id):
            continue
        columns = {"stage": None, **await count_bytes(db, job_id)}
        row = await _move(
            db, job_id, {JobStatus.UPLOADING}, JobStatus.UPLOADED, "All bytes are in.", letters, **columns
        )
        if row is not None:
            await _leave_uploaded(db, row, letters)
    return lambda: outbox.send(letters)


async def count_upload_bytes(db: BaseDBAsyncClient, upload: Upload, outbox: Outbox) -> AfterCommit:
    """Move the bytes of the jobs that wait for `upload`; runs inside the upload's own transaction."""
    letters = Letters()
    for job_id in await jobs_waiting_for(db, upload.id):
        await lock_job(db, job_id)
        row = await change_job(db, job_id, {JobStatus.UPLOADING}, **await count_bytes(db, job_id))
        if row is not None:
            letters.job_changed(row)
    return lambda: outbox.send(letters)


async def fail_waiting_jobs(db: BaseDBAsyncClient, upload: Upload, outbox: Outbox) -> AfterCommit:
    """Fail the jobs that wait for an upload which will never be complete; runs inside the upload's own transaction."""
    letters = Letters()
    refusal = _why_gone(upload)
    waiting = {JobStatus.UPLOADING, JobStatus.UPLOADED, JobStatus.PENDING, JobStatus.AWAITING_INPUT, JobStatus.PAUSED}
    for job_id in await jobs_using(db, upload.id):
        await _fail(db, job_id, waiting, refusal, letters, is_retryable=False)
    return lambda: outbox.send(letters)


async def start_job(
    viewer: Viewer,
    job_id: str,
    processor_of: Callable[[str], Processor],
    outbox: Outbox,
    *,
    add_upload_ids: Sequence[str] = (),
    options: dict[str, Any] | None = None,
) -> Job:
    """Let a parked job go on, with more uploads or changed options.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_START where it is not AWAITING_INPUT; what `create_job` raises for its inputs.
    """
    processor = processor_of((await find_job(viewer, job_id)).kind)
    letters = Letters()
    async with in_transaction() as db:
        known = await lock_inputs(db, job_id)
        locked = await lock_job(db, job_id)
        if locked is None or locked["status"] != JobStatus.AWAITING_INPUT:
            status = locked["status"] if locked else "gone"
            message = f"This job is {status.lower()}: only one that awaits input can be started."
            raise Refusal(ErrorCode.CANNOT_START, message)
        changed = {**job_of(locked).options, **storable_json(options or {})}
        check_options(processor, changed)
        if add_upload_ids:
            uploads = await check_inputs(db, viewer, processor, [*(upload.id for upload in known), *add_upload_ids])
            await add_inputs(db, job_id, uploads[len(known) :], first_position=len(known))
        columns = {
            "options": orjson.dumps(changed).decode(),
            "auto_start": True,
            "awaiting": None,
            **await count_bytes(db, job_id),
        }
        row = await _leave_awaiting(db, locked, letters, columns)
    await outbox.send(letters)
    return job_of(row)


async def cancel_job(viewer: Viewer, job_id: str, outbox: Outbox) -> Job:
    """Stop a job: CANCELLED at once where nothing runs, else CANCELLING until whoever works has stopped.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_CANCEL where the job is finished. A job that is being cancelled is answered as it is.
    """
    job = await find_job(viewer, job_id)
    letters = Letters()
    async with in_transaction() as db:
        row = await _move(db, job.id, CANCELLABLE, JobStatus.CANCELLING, "Stopping the work.", letters, awaiting=None)
        if row is not None:
            letters.stop_job(row)
            await drop_slices(db, row["id"], SliceStatus.WAITING)
            row = await finish_cancelling(db, row["id"], letters) or row
    await outbox.send(letters)
    if row is not None:
        return job_of(row)
    job = await find_job(viewer, job_id)
    if job.status in {JobStatus.CANCELLING, JobStatus.CANCELLED}:
        return job
    raise Refusal(ErrorCode.CANNOT_CANCEL, f"This job is {job.status.lower()}; only an active one can be cancelled.")


async def finish_cancelling(db: BaseDBAsyncClient, job_id: str, letters: Letters) -> Row | None:
    """Write CANCELLED once nobody works on the job any more; None while somebody does."""
    if await has_slices(db, job_id, SliceStatus.RUNNING):
        return None
    columns = {"stage": None, "finished_at": now().timestamp()}
    row = await _move(db, job_id, {JobStatus.CANCELLING}, JobStatus.CANCELLED, "Cancelled.", letters, **columns)
    if row is not None:
        await drop_slices(db, job_id, SliceStatus.WAITING)
        await _cancel_items(db, job_id)
    return row


async def retry_job(viewer: Viewer, job_id: str, outbox: Outbox, *, only_failed_items: bool) -> tuple[Job, list[str]]:
    """Begin another attempt, of everything or of the failed items; also answers the storage keys that are free now.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_RETRY where there is nothing to do again or the inputs are gone.
    """
    await find_job(viewer, job_id)
    letters = Letters()
    async with in_transaction() as db:
        await lock_inputs(db, job_id)
        job = await lock_job(db, job_id)
        if job is None or not can_retry(JobStatus(job["status"]), job["failed_items"]):
            status = job["status"] if job else "gone"
            message = f"This job is {status.lower()}: only failed, cancelled or partly failed jobs can be retried."
            raise Refusal(ErrorCode.CANNOT_RETRY, message)
        if await is_missing_uploads(db, job_id):
            raise Refusal(ErrorCode.CANNOT_RETRY, "The inputs of this job are gone; upload them again in a new job.")
        again = {**job, "attempt": job["attempt"] + 1}
        is_partial = only_failed_items and bool(job["total_slices"])
        columns, freed = await (reset_undone_items(db, again) if is_partial else reset_everything(db, again))
        columns |= dict.fromkeys(("started_at", "finished_at", "error_code", "error_message", "error_at"))
        columns |= {"attempt": again["attempt"], "percentage": 0.0, "error_is_retryable": False}
        row = await _enqueue(db, job, letters, **columns)
    await outbox.send(letters)
    return job_of(row), freed


async def begin_work(db: BaseDBAsyncClient, job: Row, stage: str, message: str, letters: Letters) -> Row:
    """PENDING → PROCESSING for the first slice of `job` (locked), and the next stage for the first slice of each phase."""
    if job["status"] == JobStatus.PROCESSING and job["stage"] == stage:
        return job
    columns = {"stage": stage, "started_at": ("coalesce(started_at, ?)", now().timestamp())}
    return await _move_locked(db, job, JobStatus.PROCESSING, message, letters, **columns)


async def wait_for_worker(db: BaseDBAsyncClient, job_id: str, letters: Letters) -> None:
    """PROCESSING → PENDING: the last worker of the job was lost; the attempt goes on where it stopped."""
    if not await has_slices(db, job_id, SliceStatus.RUNNING):
        message = "The worker was lost; going on where it stopped."
        await _move(db, job_id, {JobStatus.PROCESSING}, JobStatus.PENDING, message, letters)


async def complete_job(db: BaseDBAsyncClient, job: Row, letters: Letters) -> Row:
    """PROCESSING (the row is locked) → COMPLETED, or FAILED where every single item failed."""
    total, failed = job["total_items"] or 0, job["failed_items"]
    if total and failed == total:
        sentence = f"All {total} items failed" if total > 1 else "The only item failed"
        refusal = Refusal(ErrorCode.PROCESSING_FAILED, f"{sentence}; the report tells why.")
        row = await _fail(db, job["id"], {JobStatus.PROCESSING}, refusal, letters, is_retryable=True)
        assert row is not None  # noqa: S101  the caller holds the row
        return row
    columns = {"stage": None, "percentage": 100.0, "finished_at": now().timestamp()}
    return await _move_locked(db, job, JobStatus.COMPLETED, _summary(total, failed), letters, **columns)


async def fail_job(
    db: BaseDBAsyncClient, job_id: str, refusal: Refusal, letters: Letters, *, is_retryable: bool
) -> None:
    """PENDING or PROCESSING → FAILED, and stop whatever else runs for it."""
    await _fail(db, job_id, RUNNABLE, refusal, letters, is_retryable=is_retryable)


def job_of(row: Row) -> Job:
    """The row as an object."""
    return Job._init_from_db(**row)  # noqa: SLF001  the ORM's own way, without a query


async def _fail(
    db: BaseDBAsyncClient,
    job_id: str,
    sources: Collection[JobStatus],
    refusal: Refusal,
    letters: Letters,
    *,
    is_retryable: bool,
) -> Row | None:
    moment, message = now().timestamp(), storable(refusal.message)
    error = {
        "error_code": refusal.code,
        "error_message": message,
        "error_is_retryable": is_retryable,
        "error_at": moment,
    }
    columns = {"stage": None, "awaiting": None, "finished_at": moment, **error}
    row = await _move(db, job_id, sources, JobStatus.FAILED, message, letters, **columns)
    if row is not None:
        await drop_slices(db, job_id, SliceStatus.WAITING)
        await drop_slices(db, job_id, SliceStatus.RUNNING)
        await _cancel_items(db, job_id)
        letters.stop_job(row)
    return row


async def _cancel_items(db: BaseDBAsyncClient, job_id: str) -> None:
    """What is not done will not be done in this attempt."""
    await fetch(
        db,
        "UPDATE items SET status = 'CANCELLED', updated_at = $1 WHERE job_id = $2 AND status IN ('PENDING', 'PROCESSING')",
        now().timestamp(),
        job_id,
    )


async def _leave_uploaded(db: BaseDBAsyncClient, job: Row, letters: Letters) -> Row:
    """UPLOADED → PENDING with the first slice, or AWAITING_INPUT where the owner wants to start it."""
    if job["auto_start"]:
        return await _enqueue(db, job, letters)
    message = "Waiting for its owner to start it."
    return await _move_locked(db, job, JobStatus.AWAITING_INPUT, message, letters, awaiting="start")


async def _leave_awaiting(db: BaseDBAsyncClient, job: Row, letters: Letters, columns: dict[str, Any]) -> Row:
    """AWAITING_INPUT → PENDING, or back to UPLOADING where an upload is not complete."""
    if not await is_missing_uploads(db, job["id"]):
        return await _enqueue(db, job, letters, **columns)
    columns = {**columns, "stage": UPLOAD_STAGE}
    return await _move_locked(db, job, JobStatus.UPLOADING, "Waiting for its uploads.", letters, **columns)


async def _enqueue(db: BaseDBAsyncClient, job: Row, letters: Letters, **columns: Any) -> Row:
    """→ PENDING, with a slice to begin with where none waits."""
    columns = {"awaiting": None, "stage": None, "queued_at": now().timestamp(), **columns}
    queued = await _move_locked(db, job, JobStatus.PENDING, "Waiting for a free worker.", letters, **columns)
    if not await has_slices(db, job["id"], SliceStatus.WAITING):
        await add_slices(db, queued, [NewSlice(SlicePhase.PLAN)])
    letters.has_work = True
    return queued


async def _move(
    db: BaseDBAsyncClient,
    job_id: str,
    sources: Collection[JobStatus],
    status: JobStatus,
    message: str,
    letters: Letters,
    **columns: Any,
) -> Row | None:
    """Change the status of a job that is in one of `sources`, note it in the history, and tell it; None otherwise."""
    row = await change_job(db, job_id, sources, status=status, status_message=message, **columns)
    if row is not None:
        await add_event(db, row)
        letters.job_changed(row)
    return row


async def _move_locked(
    db: BaseDBAsyncClient, job: Row, status: JobStatus, message: str, letters: Letters, **columns: Any
) -> Row:
    """As `_move`, of a job whose row this transaction has locked and read: it is in the status that was read."""
    row = await _move(db, job["id"], {JobStatus(job["status"])}, status, message, letters, **columns)
    assert row is not None  # noqa: S101  locked
    return row


def _why_gone(upload: Upload) -> Refusal:
    """What the jobs of an upload that ended without being complete are told."""
    match upload.status:
        case UploadStatus.EXPIRED:
            return Refusal(ErrorCode.UPLOAD_EXPIRED, f"The upload “{upload.filename}” was not finished in time.")
        case UploadStatus.REJECTED:
            return Refusal(ErrorCode(str(upload.error_code)), f"The upload “{upload.filename}”: {upload.error_message}")
        case _:
            message = f"The upload “{upload.filename}” is gone; its job cannot start."
            return Refusal(ErrorCode.UPLOAD_NOT_FOUND, message)


def _summary(total: int, failed: int) -> str:
    if failed:
        return f"{total - failed} of {total} items are done, {failed} failed."
    if total == 1:
        return "The only item is done."
    return f"All {total} items are done." if total else "There were no items."


__all__ = [
    "AfterCommit", "NewJob", "begin_work", "cancel_job", "complete_job", "count_upload_bytes", "create_job", "fail_job",
    "fail_waiting_jobs", "finish_cancelling", "job_of", "retry_job", "start_job", "start_waiting_jobs", "wait_for_worker",
]  # fmt: skip
