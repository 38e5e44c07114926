"""Writes of a job's owner: one function per verb, one transaction each; `moves.py` moves the status."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth.audit import Action, note
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SliceStatus
from jobs.actions import CANCELLABLE, FINISHED, PAUSABLE, can_retry, can_start, may_delete
from jobs.attempts import reset_everything, reset_undone_items
from jobs.creation import NewJob, find_by_external_id, insert_job
from jobs.inputs import (
    Inputs,
    add_inputs,
    check_inputs,
    check_options,
    count_bytes,
    lock_inputs,
    queue_of,
    state_of_inputs,
)
from jobs.live import active_jobs
from jobs.moves import enqueue_job, finish_cancelling, job_of, leave_uploaded, move_job, move_locked
from jobs.outbox import Letters, Outbox, Row
from jobs.progress import UPLOAD_STAGE
from jobs.queries import JobCriteria, find_job
from jobs.rows import change_job, lock_job, write_search_text
from jobs.slices import drop_slices, free_slices
from jobs.text import storable, storable_json
from models import Job
from models.fields import now
from processors.contract import Kind


async def create_job(viewer: Viewer, kind: Kind, new: NewJob, outbox: Outbox) -> Job:
    """Create a job over the viewer's uploads, which may still be coming in; the same external id, the same job.

    Raises:
        Refusal: UPLOAD_NOT_FOUND, UNSUPPORTED_TYPE, BAD_INPUT or INVALID_STATE, with the field that is wrong; DUPLICATE
            where a job of another type has the external id.
    """
    new = new.storable()
    options = check_options(kind, new.options)
    letters = Letters()
    try:
        async with in_transaction() as db:
            if known := await find_by_external_id(viewer, new.external_id, kind.job_type):
                return known
            uploads = await check_inputs(db, viewer, kind, new.upload_ids)
            row = await insert_job(db, viewer, kind, new, uploads, queue_of(options))
            if row["status"] == JobStatus.UPLOADED:
                row = await leave_uploaded(db, row, letters)
            else:
                letters.job_changed(row)
    except IntegrityError:
        known = await find_by_external_id(viewer, new.external_id, kind.job_type)
        if known is None:
            raise
        return known
    await outbox.send(letters)
    return job_of(row)


async def start_job(
    viewer: Viewer,
    job_id: str,
    kind_of: Callable[[str], Kind],
    outbox: Outbox,
    *,
    add_upload_ids: Sequence[str] = (),
    options: dict[str, Any] | None = None,
) -> Job:
    """Let a parked job go on, with more uploads or changed options.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_START where it is not AWAITING_INPUT or an input is gone; what `create_job` raises for its inputs.
    """
    kind = kind_of((await find_job(viewer, job_id)).kind)
    letters = Letters()
    async with in_transaction() as db:
        known = await lock_inputs(db, job_id)
        locked = await lock_job(db, job_id)
        if locked is None:
            raise Refusal(ErrorCode.CANNOT_START, "This job is gone.")
        status, inputs = JobStatus(locked["status"]), await state_of_inputs(db, job_id)
        if not can_start(status, inputs):
            if can_start(status, Inputs.COMPLETE):
                raise _lost_inputs(ErrorCode.CANNOT_START)
            message = f"This job is {status.lower()}: only one that awaits input can be started."
            raise Refusal(ErrorCode.CANNOT_START, message)
        changed = {**job_of(locked).options, **storable_json(options or {})}
        queue = queue_of(check_options(kind, changed))
        if add_upload_ids:
            uploads = await check_inputs(db, viewer, kind, [*(upload.id for upload in known), *add_upload_ids])
            await add_inputs(db, job_id, uploads[len(known) :], first_position=len(known))
            await write_search_text(db, locked)
        columns = {
            "options": orjson.dumps(changed).decode(),
            "auto_start": True,
            "awaiting": None,
            "answered": _answered(job_of(locked)),
            "queue": queue,
            **await count_bytes(db, job_id),
        }
        row = await _leave_awaiting(db, locked, letters, columns)
    await outbox.send(letters)
    return job_of(row)


async def pause_job(viewer: Viewer, job_id: str, outbox: Outbox) -> Job:
    """Stop the work and keep its place; what was not recorded by now will be done again.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_PAUSE where it neither waits nor runs. A paused job is answered as it is.
    """
    job = await find_job(viewer, job_id)
    letters = Letters()
    async with in_transaction() as db:
        row = await move_job(db, job.id, PAUSABLE, JobStatus.PAUSED, "Paused by its owner.", letters)
        if row is not None:
            await free_slices(db, job.id)
            letters.stop_job(row)
    await outbox.send(letters)
    if row is not None:
        return job_of(row)
    job = await find_job(viewer, job_id)
    if job.status is JobStatus.PAUSED:
        return job
    message = f"This job is {job.status.lower()}; only one that waits for a worker or has one can be paused."
    raise Refusal(ErrorCode.CANNOT_PAUSE, message)


async def resume_job(viewer: Viewer, job_id: str, outbox: Outbox) -> Job:
    """Let a paused job go on from where it was, at its old place among those that wait.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_RESUME where it is not PAUSED.
    """
    job = await find_job(viewer, job_id)
    letters = Letters(has_work=True)
    async with in_transaction() as db:
        columns = {"stage": None}
        row = await move_job(
            db, job.id, {JobStatus.PAUSED}, JobStatus.PENDING, "Waiting for a free worker.", letters, **columns
        )
    if row is None:
        job = await find_job(viewer, job_id)
        raise Refusal(ErrorCode.CANNOT_RESUME, f"This job is {job.status.lower()}; only a paused one can be resumed.")
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
        row = await move_job(
            db, job.id, CANCELLABLE, JobStatus.CANCELLING, "Stopping the work.", letters, awaiting=None
        )
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


async def cancel_jobs(viewer: Viewer, criteria: JobCriteria, outbox: Outbox) -> list[Job]:
    """Stop the active jobs that match, oldest first, at most 1,000; as they are then.

    Raises:
        Refusal: BAD_INPUT for criteria that every job meets; what `list_jobs` raises.
    """
    if criteria == JobCriteria():
        raise Refusal(ErrorCode.BAD_INPUT, "Say which jobs: an empty filter would stop all of them.", "filter")
    cancelled = []
    for job in await active_jobs(viewer, criteria):
        try:
            cancelled.append(await cancel_job(viewer, job.id, outbox))
        except Refusal:  # it ended meanwhile
            continue
    return cancelled


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
        inputs = await state_of_inputs(db, job_id)
        if job is None or job["deleted_at"] is not None:
            raise Refusal(ErrorCode.CANNOT_RETRY, "This job is gone.")
        status, failed_items = JobStatus(job["status"]), job["failed_items"]
        if not can_retry(status, failed_items, inputs):
            if can_retry(status, failed_items, Inputs.COMPLETE):
                raise _lost_inputs(ErrorCode.CANNOT_RETRY)
            message = f"This job is {status.lower()}: only failed, cancelled or partly failed jobs can be retried."
            raise Refusal(ErrorCode.CANNOT_RETRY, message)
        again = {**job, "attempt": job["attempt"] + 1}
        is_partial = only_failed_items and bool(job["total_slices"])
        columns, freed = await (reset_undone_items(db, again) if is_partial else reset_everything(db, again))
        columns |= dict.fromkeys(("started_at", "finished_at", "error_code", "error_message", "error_at"))
        columns |= {"attempt": again["attempt"], "percentage": 0.0, "worked_seconds": 0.0, "error_is_retryable": False}
        row = await enqueue_job(db, job, letters, **columns)
    await outbox.send(letters)
    return job_of(row), freed


async def update_job(
    viewer: Viewer, job_id: str, outbox: Outbox, *, title: str | None = None, priority: int | None = None
) -> Job:
    """Change what is said about a job, and its place in the queue.

    Raises:
        Refusal: *_NOT_FOUND.
    """
    job = await find_job(viewer, job_id)
    columns = {"title": title and storable(title), "priority": priority}
    letters = Letters()
    async with in_transaction() as db:
        changed = {name: value for name, value in columns.items() if value is not None}
        row = await change_job(db, job.id, list(JobStatus), **changed)
    if row is None:
        return await find_job(viewer, job_id)
    letters.job_changed(row)
    await outbox.send(letters)
    return job_of(row)


async def delete_job(viewer: Viewer, job_id: str, outbox: Outbox) -> str:
    """Hide a finished job by every road; its external id is free again. Returns its id.

    Raises:
        Refusal: *_NOT_FOUND; FORBIDDEN for a batch, unless the viewer is an admin; INVALID_STATE for an active job.
    """
    job = await find_job(viewer, job_id)
    if not may_delete(viewer, job.type):
        raise Refusal(ErrorCode.FORBIDDEN, "Only admins may delete batches.")
    await hide_job(viewer, job, outbox)
    return job.id


def _answered(job: Job) -> str | None:
    """The questions that were asked, with the one that `start_job` answers now, as JSON."""
    words = [*(job.answered or ()), *([job.awaiting] if job.awaiting not in {None, "start"} else [])]
    return orjson.dumps(sorted(set(words))).decode() if words else None


async def hide_job(viewer: Viewer, job: Job, outbox: Outbox) -> None:
    """Hide a finished job by every road; it is told to watchers for the last time, and noted in the audit log.

    Raises:
        Refusal: INVALID_STATE for an active job; *_NOT_FOUND for one that is hidden already.
    """
    letters = Letters()
    async with in_transaction() as db:
        columns = {"deleted_at": now().timestamp(), "external_id": None}
        row = await change_job(db, job.id, FINISHED, **columns)
        if row is None:
            await find_job(viewer, job.id)  # somebody else may have been quicker
            raise Refusal(ErrorCode.INVALID_STATE, "This job is active: cancel it first.")
        await note(Action.DELETED, viewer.user_id, job.id, job.title, db=db)
    letters.job_changed(row)
    await outbox.send(letters)


def _lost_inputs(code: ErrorCode) -> Refusal:
    return Refusal(code, "An input of this job is not there any more; upload it again in a new job.")


async def _leave_awaiting(db: BaseDBAsyncClient, job: Row, letters: Letters, columns: dict[str, Any]) -> Row:
    """AWAITING_INPUT → PENDING, or back to UPLOADING where an upload is not complete."""
    if await state_of_inputs(db, job["id"]) is Inputs.COMPLETE:
        return await enqueue_job(db, job, letters, **columns)
    columns = {**columns, "stage": UPLOAD_STAGE}
    return await move_locked(db, job, JobStatus.UPLOADING, "Waiting for its uploads.", letters, **columns)
