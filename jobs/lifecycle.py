"""Life of a job as its owner moves it: one function per verb, one transaction each."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth.audit import Action, note
from auth.quotas import lock_quota
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SliceStatus
from jobs.actions import (
    CANCELLABLE,
    FINISHED,
    PAUSABLE,
    can_retry,
    can_retry_rest,
    can_start,
    may_delete,
    may_end_otherwise,
)
from jobs.creation import NewJob, find_by_external_id, find_by_external_ids, insert_job, insert_jobs
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
from jobs.limits import check_unfinished, count_room, too_many_unfinished
from jobs.outbox import Outbox, OutboxMessages
from jobs.queries import JobCriteria, find_job, read_jobs
from jobs.recording.progress import UPLOAD_STAGE
from jobs.retries import reset_everything, reset_undone_items
from jobs.rows import change_job, job_of, lock_job, write_search_text
from jobs.scheduling.slices import drop_slices, release_slices
from jobs.snapshots import active_jobs
from jobs.text import sanitise, sanitise_json
from jobs.transitions import (
    enqueue_job,
    enqueue_new_jobs,
    finish_cancelling,
    leave_uploaded,
    transition_job,
    transition_locked,
)
from models import Job
from models.fields import now
from models.sql import Row
from processors.contract import Kind


async def create_job(viewer: Viewer, kind: Kind, new: NewJob, outbox: Outbox, *, max_unfinished: int = 0) -> Job:
    """Create a job over the viewer's uploads, which may still be coming in; the same external id, the same job.

    Raises:
        Refusal: UPLOAD_NOT_FOUND, UNSUPPORTED_TYPE, BAD_INPUT or INVALID_STATE, with the field that is wrong; DUPLICATE
            where a job of another type has the external id; QUOTA_EXCEEDED for more than `max_unfinished` unfinished ones.
    """
    new = new.sanitise()
    options = check_options(kind, new.options, new.field)
    messages = OutboxMessages()
    try:
        async with in_transaction() as db:
            await lock_quota(db, viewer.user_id)
            if known := await find_by_external_id(viewer, new.external_id, kind.job_type):
                return known
            await check_unfinished(db, viewer.user_id, max_unfinished)
            uploads = await check_inputs(db, viewer, kind, new.upload_ids)
            row = await insert_job(db, viewer, kind, new, uploads, queue_of(options))
            if row["status"] == JobStatus.UPLOADED:
                row = await leave_uploaded(db, row, messages)
            else:
                messages.job_changed(row)
    except IntegrityError:
        known = await find_by_external_id(viewer, new.external_id, kind.job_type)
        if known is None:
            raise
        return known
    await outbox.send(messages)
    return job_of(row)


async def create_jobs(
    viewer: Viewer, kind: Kind, new: Sequence[NewJob], outbox: Outbox, *, max_unfinished: int = 0
) -> list[Job | Refusal]:
    """Create jobs that need no uploads and begin at once, in one transaction; one that is refused stops none of the others.

    Args:
        viewer: Whose they are.
        kind: Of all of them.
        new: With external ids that differ, and with options that were checked, as `create_job` checks them.
        outbox: Told of all of them at once.
        max_unfinished: As for `create_job`.

    Returns:
        For each of `new` the job, or why there is none: DUPLICATE, QUOTA_EXCEEDED.
    """
    new = [one.sanitise() for one in new]
    messages = OutboxMessages()
    async with in_transaction() as db:
        await lock_quota(db, viewer.user_id)
        known = await find_by_external_ids(viewer, (one.external_id for one in new), kind.job_type)
        room = await count_room(db, viewer.user_id, max_unfinished)
        missing = [one for one in new if one.external_id not in known]
        wanted = missing if room >= len(missing) else missing[: max(int(room), 0)]
        rows = await insert_jobs(db, viewer, kind, wanted) if wanted else []
        rows = await enqueue_new_jobs(db, rows, messages) if rows else []
    await outbox.send(messages)
    made = map(job_of, rows)
    return [known.get(one.external_id or "") or next(made, too_many_unfinished(max_unfinished)) for one in new]


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
    messages = OutboxMessages()
    async with in_transaction() as db:
        known = await lock_inputs(db, job_id)
        locked = await lock_job(db, job_id)
        if locked is None:
            raise Refusal(ErrorCode.CANNOT_START, "This job is gone.")
        status, inputs = JobStatus(locked["status"]), await state_of_inputs(db, job_id)
        if not can_start(status, inputs):
            if can_start(status, Inputs.COMPLETE):
                raise _lost_inputs(ErrorCode.CANNOT_START)
            message = f"This job is {status}: only one that awaits input can be started."
            raise Refusal(ErrorCode.CANNOT_START, message)
        changed = {**job_of(locked).options, **sanitise_json(options or {})}
        queue = queue_of(check_options(kind, changed, "input.options"))
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
        row = await _leave_awaiting(db, locked, messages, columns)
    await outbox.send(messages)
    return job_of(row)


async def pause_job(viewer: Viewer, job_id: str, outbox: Outbox) -> Job:
    """Stop the work and keep its place; what was not recorded by now will be done again.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_PAUSE where it neither waits nor runs. A paused job is answered as it is.
    """
    job = await find_job(viewer, job_id)
    messages = OutboxMessages()
    async with in_transaction() as db:
        row = await transition_job(db, job.id, PAUSABLE, JobStatus.PAUSED, "Paused by its owner.", messages)
        if row is not None:
            await release_slices(db, job.id)
            messages.stop_job(row)
    await outbox.send(messages)
    if row is not None:
        return job_of(row)
    job = await find_job(viewer, job_id)
    if job.status is JobStatus.PAUSED:
        return job
    message = f"This job is {job.status}; only one that waits for a worker or has one can be paused."
    raise Refusal(ErrorCode.CANNOT_PAUSE, message)


async def resume_job(viewer: Viewer, job_id: str, outbox: Outbox) -> Job:
    """Let a paused job go on from where it was, at its old place among those that wait.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_RESUME where it is not PAUSED.
    """
    job = await find_job(viewer, job_id)
    messages = OutboxMessages(has_work=True)
    async with in_transaction() as db:
        columns = {"stage": None}
        row = await transition_job(
            db, job.id, {JobStatus.PAUSED}, JobStatus.PENDING, "Waiting for a free worker.", messages, **columns
        )
    if row is None:
        job = await find_job(viewer, job_id)
        raise Refusal(ErrorCode.CANNOT_RESUME, f"This job is {job.status}; only a paused one can be resumed.")
    await outbox.send(messages)
    return job_of(row)


async def cancel_job(viewer: Viewer, job_id: str, outbox: Outbox) -> Job:
    """Stop a job: CANCELLED at once where nothing runs, else CANCELLING until whoever works has stopped.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_CANCEL where the job is finished. A job that is being cancelled is answered as it is.
    """
    job = await find_job(viewer, job_id)
    messages = OutboxMessages()
    async with in_transaction() as db:
        row = await transition_job(
            db, job.id, CANCELLABLE, JobStatus.CANCELLING, "Stopping the work.", messages, awaiting=None
        )
        if row is not None:
            messages.stop_job(row)
            await drop_slices(db, row["id"], SliceStatus.WAITING)
            row = await finish_cancelling(db, row["id"], messages) or row
    await outbox.send(messages)
    if row is not None:
        return job_of(row)
    job = await find_job(viewer, job_id)
    if job.status in {JobStatus.CANCELLING, JobStatus.CANCELLED}:
        return job
    raise Refusal(ErrorCode.CANNOT_CANCEL, f"This job is {job.status}; only an active one can be cancelled.")


async def cancel_jobs(viewer: Viewer, criteria: JobCriteria, outbox: Outbox) -> list[Job]:
    """Stop the active jobs that match, oldest first, at most 1,000; as they are then, without options.

    Raises:
        Refusal: BAD_INPUT for criteria that every job meets; what `list_jobs` raises.
    """
    if criteria == JobCriteria():
        raise Refusal(ErrorCode.BAD_INPUT, "Say which jobs: an empty filter would stop all of them.", "filter")
    cancelled = []
    for job_id in await active_jobs(viewer, criteria):
        with suppress(Refusal):  # it ended meanwhile
            await cancel_job(viewer, job_id, outbox)
            cancelled.append(job_id)
    return await read_jobs(viewer, cancelled)


async def retry_job(
    viewer: Viewer, job_id: str, outbox: Outbox, *, only_failed_items: bool, max_unfinished: int = 0
) -> tuple[Job, list[str]]:
    """Begin another attempt, of everything or of the items that are not done; also answers the storage keys that are free now.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_RETRY where nothing could end otherwise, the inputs are gone, or `only_failed_items` would
            keep nothing; QUOTA_EXCEEDED where its owner has `max_unfinished` unfinished jobs.
    """
    known = await find_job(viewer, job_id)
    messages = OutboxMessages()
    async with in_transaction() as db:
        await lock_quota(db, known.owner_id)
        await check_unfinished(db, known.owner_id, max_unfinished)
        await lock_inputs(db, job_id)
        job = await lock_job(db, job_id)
        inputs = await state_of_inputs(db, job_id)
        if job is None or job["deleted_at"] is not None:
            raise Refusal(ErrorCode.CANNOT_RETRY, "This job is gone.")
        if not can_retry(job_of(job), inputs):
            raise _why_not_again(job_of(job))
        if only_failed_items and not can_retry_rest(job_of(job), inputs):
            message = "No item of this job has ended yet, so that nothing can be kept: retry all of it, without onlyFailedItems."
            raise Refusal(ErrorCode.CANNOT_RETRY, message)
        again = {**job, "attempt": job["attempt"] + 1}
        columns, freed = await (reset_undone_items(db, again) if only_failed_items else reset_everything(db, again))
        columns |= dict.fromkeys(("started_at", "finished_at", "error_code", "error_message", "error_at"))
        columns |= {"attempt": again["attempt"], "percentage": 0.0, "worked_seconds": 0.0, "error_is_retryable": False}
        row = await enqueue_job(db, job, messages, **columns)
    await outbox.send(messages)
    return job_of(row), freed


async def update_job(viewer: Viewer, job_id: str, changes: Mapping[str, str | int | None], outbox: Outbox) -> Job:
    """Change what is said about a job, and its place in the queue: `title` (None: it has none any more) and `priority`.

    Raises:
        Refusal: *_NOT_FOUND.
    """
    job = await find_job(viewer, job_id)
    columns = {name: sanitise(value) if isinstance(value, str) else value for name, value in changes.items()}
    messages = OutboxMessages()
    async with in_transaction() as db:
        row = await change_job(db, job.id, list(JobStatus), **columns)
    if row is None:
        return await find_job(viewer, job_id)
    messages.job_changed(row)
    await outbox.send(messages)
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
    messages = OutboxMessages()
    async with in_transaction() as db:
        columns = {"deleted_at": now().timestamp(), "external_id": None}
        row = await change_job(db, job.id, FINISHED, **columns)
        if row is None:
            await find_job(viewer, job.id)  # somebody else may have been quicker
            raise Refusal(ErrorCode.INVALID_STATE, "This job is active: cancel it first.")
        await note(Action.DELETED, viewer.user_id, job.id, job.title, db=db)
    messages.job_changed({**row, "external_id": job.external_id})  # who watches by it is told, too
    await outbox.send(messages)


def _why_not_again(job: Job) -> Refusal:
    if may_end_otherwise(job):
        return _lost_inputs(ErrorCode.CANNOT_RETRY)
    if job.status is JobStatus.FAILED or job.failed_items:
        message = "What failed would fail again in the same way: correct what went in, and make a new job of it."
    else:
        message = f"This job is {job.status}: only failed, cancelled or partly failed jobs can be retried."
    return Refusal(ErrorCode.CANNOT_RETRY, message)


def _lost_inputs(code: ErrorCode) -> Refusal:
    return Refusal(code, "An input of this job is not there any more; upload it again in a new job.")


async def _leave_awaiting(db: BaseDBAsyncClient, job: Row, messages: OutboxMessages, columns: dict[str, Any]) -> Row:
    """AWAITING_INPUT → PENDING, or back to UPLOADING where an upload is not complete."""
    if await state_of_inputs(db, job["id"]) is Inputs.COMPLETE:
        return await enqueue_job(db, job, messages, **columns)
    columns = {**columns, "stage": UPLOAD_STAGE}
    return await transition_locked(db, job, JobStatus.UPLOADING, "Waiting for its uploads.", messages, **columns)
