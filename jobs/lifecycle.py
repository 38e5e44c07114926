"""Writes: the only file that changes a job's status; one function per verb, one transaction each."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, JobStatus, JobType, SlicePhase, SliceStatus, UploadStatus
from jobs.actions import CANCELLABLE, can_retry
from jobs.history import add_event
from jobs.inputs import check_inputs, check_options
from jobs.outbox import Letters, Outbox, Row
from jobs.progress import UPLOAD_STAGE
from jobs.queries import find_job
from jobs.rows import change_job, fetch, lock_job
from models import Job, JobUpload, Upload
from models.fields import now
from models.ids import new_id
from processors.contract import Processor

AfterCommit = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a client asks for; `options` as JSON with the processor's own names."""

    kind: str
    options: dict[str, Any]
    upload_ids: Sequence[str]
    title: str | None = None
    external_id: str | None = None
    priority: int = 0
    auto_start: bool = True


async def create_job(viewer: Viewer, processor: Processor, new: NewJob, outbox: Outbox) -> Job:
    """Create a job over the viewer's uploads, which may still be coming in; the same external id, the same job.

    Raises:
        Refusal: UPLOAD_NOT_FOUND, UNSUPPORTED_TYPE, BAD_INPUT or INVALID_STATE, with the field that is wrong.
    """
    check_options(processor, new.options)
    letters = Letters()
    try:
        async with in_transaction() as db:
            if new.external_id and (known := await _find_by_external_id(db, viewer, new.external_id)):
                return known
            uploads = await check_inputs(db, viewer, processor, new.upload_ids)
            row = await _insert_job(db, viewer, processor, new, uploads)
            if row["status"] == JobStatus.UPLOADED:
                row = await _leave_uploaded(db, row, letters)
            letters.job_changed(row)
    except IntegrityError:
        known = await Job.get_or_none(owner_id=viewer.user_id, external_id=new.external_id)
        if known is None:
            raise
        return known
    await outbox.send(letters)
    return job_of(row)


async def start_waiting_jobs(db: BaseDBAsyncClient, upload: Upload, outbox: Outbox) -> AfterCommit:
    """Queue the jobs for which `upload` was the last one missing; runs inside the upload's own transaction."""
    letters = Letters()
    for job_id in await _jobs_waiting_for(db, upload.id):
        if await lock_job(db, job_id) is None or await _missing_uploads(db, job_id):
            continue
        row = await change_job(
            db, job_id, {JobStatus.UPLOADING}, status=JobStatus.UPLOADED, stage=None,
            status_message="All bytes are in.", processed_bytes=("total_bytes",),
        )
        if row is not None:
            await add_event(db, row)
            letters.job_changed(row)
            letters.job_changed(await _leave_uploaded(db, row, letters))
    return lambda: outbox.send(letters)


async def count_upload_bytes(db: BaseDBAsyncClient, upload: Upload, outbox: Outbox) -> AfterCommit:
    """Move the bytes of the jobs that wait for `upload`; runs inside the upload's own transaction."""
    letters = Letters()
    for job_id in await _jobs_waiting_for(db, upload.id):
        total = (
            "(SELECT sum(u.offset_bytes) FROM uploads u JOIN job_uploads w ON w.upload_id = u.id WHERE w.job_id = jobs.id)",
        )
        row = await change_job(db, job_id, {JobStatus.UPLOADING}, processed_bytes=total)
        if row is not None:
            letters.job_changed(row)
    return lambda: outbox.send(letters)


async def fail_waiting_jobs(db: BaseDBAsyncClient, upload: Upload, outbox: Outbox) -> AfterCommit:
    """Fail the jobs that wait for an upload which will never be complete; runs inside the upload's own transaction."""
    letters = Letters()
    refusal = Refusal(ErrorCode.UPLOAD_NOT_FOUND, f"The upload “{upload.filename}” is gone; its job cannot start.")
    waiting = {JobStatus.UPLOADING, JobStatus.UPLOADED, JobStatus.PENDING, JobStatus.AWAITING_INPUT, JobStatus.PAUSED}
    for job_id in await _jobs_using(db, upload.id):
        await _fail(db, job_id, waiting, refusal, letters, is_retryable=False)
    return lambda: outbox.send(letters)


async def start_job(
    viewer: Viewer, job_id: str, processor_of: Callable[[str], Processor], outbox: Outbox, *,
    add_upload_ids: Sequence[str] = (), options: dict[str, Any] | None = None,
) -> Job:
    """Let a parked job go on, with more uploads or changed options.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_START where it is not AWAITING_INPUT; what `create_job` raises for its inputs.
    """
    job = await find_job(viewer, job_id)
    processor = processor_of(job.kind)
    letters = Letters()
    async with in_transaction() as db:
        locked = await lock_job(db, job.id)
        if locked is None or locked["status"] != JobStatus.AWAITING_INPUT:
            message = f"This job is {job.status.lower()}: only one that awaits input can be started."
            raise Refusal(ErrorCode.CANNOT_START, message)
        changed = {**job.options, **(options or {})}
        check_options(processor, changed)
        if add_upload_ids:
            await _add_inputs(db, viewer, processor, job_id, add_upload_ids)
        is_missing = await _missing_uploads(db, job_id)
        columns = {"options": orjson.dumps(changed).decode(), "auto_start": True, "awaiting": None}
        if is_missing:
            row = await change_job(
                db, job_id, {JobStatus.AWAITING_INPUT}, status=JobStatus.UPLOADING, stage=UPLOAD_STAGE,
                status_message="Waiting for its uploads.", **columns,
            )
            assert row is not None  # noqa: S101  locked above
            await add_event(db, row)
        else:
            row = await _enqueue(db, locked, {JobStatus.AWAITING_INPUT}, letters, **columns)
        letters.job_changed(row)
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
        row = await change_job(
            db, job.id, CANCELLABLE, status=JobStatus.CANCELLING, status_message="Stopping the work.", awaiting=None
        )
        if row is not None:
            await add_event(db, row)
            letters.job_changed(row)
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
    if await fetch(db, "SELECT 1 FROM slices WHERE job_id = $1 AND status = 'RUNNING' LIMIT 1", job_id):
        return None
    moment = now().timestamp()
    row = await change_job(
        db, job_id, {JobStatus.CANCELLING}, status=JobStatus.CANCELLED, stage=None, finished_at=moment,
        status_message="Cancelled.",
    )
    if row is None:
        return None
    await drop_slices(db, job_id, SliceStatus.WAITING)
    await fetch(
        db, "UPDATE items SET status = 'CANCELLED', updated_at = $1 WHERE job_id = $2 AND status IN ('PENDING', 'PROCESSING')",
        moment, job_id,
    )
    await add_event(db, row)
    letters.job_changed(row)
    return row


async def retry_job(viewer: Viewer, job_id: str, outbox: Outbox, *, only_failed_items: bool) -> tuple[Job, list[str]]:
    """Begin another attempt, of everything or of the failed items; also answers the storage keys that are free now.

    Raises:
        Refusal: *_NOT_FOUND; CANNOT_RETRY where there is nothing to do again or the inputs are gone.
    """
    job = await find_job(viewer, job_id)
    letters = Letters()
    async with in_transaction() as db:
        locked = await lock_job(db, job.id)
        if locked is None or not can_retry(JobStatus(locked["status"]), locked["failed_items"]):
            message = f"This job is {job.status.lower()}: only failed, cancelled or partly failed jobs can be retried."
            raise Refusal(ErrorCode.CANNOT_RETRY, message)
        if await _missing_uploads(db, job.id):
            raise Refusal(ErrorCode.CANNOT_RETRY, "The inputs of this job are gone; upload them again in a new job.")
        is_partial = only_failed_items and bool(locked["total_slices"])
        roles = {FileRole.RESULT, FileRole.REPORT} | (set() if is_partial else {FileRole.INTERMEDIATE})
        freed = await _remove_files(db, job.id, roles)
        await (_reset_failed_items(db, locked) if is_partial else _reset_everything(db, locked))
        row = await _begin_attempt(db, locked, letters)
    await outbox.send(letters)
    return job_of(row), freed


async def begin_work(db: BaseDBAsyncClient, job: Row, stage: str, message: str, letters: Letters) -> Row | None:
    """PENDING → PROCESSING for the first slice, and the next stage for the first slice of each phase."""
    if job["status"] == JobStatus.PROCESSING and job["stage"] == stage:
        return job
    row = await change_job(
        db, job["id"], {JobStatus.PENDING, JobStatus.PROCESSING}, status=JobStatus.PROCESSING, stage=stage,
        status_message=message, started_at=("coalesce(started_at, ?)", now().timestamp()),
    )
    if row is not None:
        await add_event(db, row)
        letters.job_changed(row)
    return row


async def wait_for_worker(db: BaseDBAsyncClient, job_id: str, letters: Letters) -> None:
    """PROCESSING → PENDING: the last worker of the job was lost; the attempt goes on where it stopped."""
    if await fetch(db, "SELECT 1 FROM slices WHERE job_id = $1 AND status = 'RUNNING' LIMIT 1", job_id):
        return
    row = await change_job(
        db, job_id, {JobStatus.PROCESSING}, status=JobStatus.PENDING,
        status_message="The worker was lost; going on where it stopped.",
    )
    if row is not None:
        await add_event(db, row)
        letters.job_changed(row)
        letters.has_work = True


async def complete_job(db: BaseDBAsyncClient, job: Row, letters: Letters) -> Row | None:
    """PROCESSING → COMPLETED, or FAILED where every single item failed; None where the job is not processing any more."""
    total, failed = job["total_items"] or 0, job["failed_items"]
    moment = now().timestamp()
    if total and failed == total:
        refusal = Refusal(ErrorCode.PROCESSING_FAILED, f"All {total} items failed; the report tells why.")
        return await _fail(db, job["id"], {JobStatus.PROCESSING}, refusal, letters, is_retryable=True)
    done = total - failed
    message = f"{done} of {total} items are done, {failed} failed." if failed else f"All {total} items are done."
    row = await change_job(
        db, job["id"], {JobStatus.PROCESSING}, status=JobStatus.COMPLETED, stage=None, percentage=100.0,
        finished_at=moment, status_message=message,
    )
    if row is not None:
        await add_event(db, row)
        letters.job_changed(row)
    return row


async def fail_job(db: BaseDBAsyncClient, job_id: str, refusal: Refusal, letters: Letters, *, is_retryable: bool) -> None:
    """PENDING or PROCESSING → FAILED, and stop whatever else runs for it."""
    await _fail(db, job_id, {JobStatus.PENDING, JobStatus.PROCESSING}, refusal, letters, is_retryable=is_retryable)


async def drop_slices(db: BaseDBAsyncClient, job_id: str, status: SliceStatus) -> None:
    """The slices of a job that are in `status` will not be done."""
    await fetch(
        db, "UPDATE slices SET status = 'DROPPED', worker = NULL, lease_expires_at = NULL WHERE job_id = $1 AND status = $2",
        job_id, status,
    )


def job_of(row: Row) -> Job:
    """The row as an object."""
    return Job._init_from_db(**row)  # noqa: SLF001  the ORM's own way, without a query


async def _fail(
    db: BaseDBAsyncClient, job_id: str, sources: Collection[JobStatus], refusal: Refusal, letters: Letters,
    *, is_retryable: bool,
) -> Row | None:
    moment = now().timestamp()
    row = await change_job(
        db, job_id, sources, status=JobStatus.FAILED, stage=None, finished_at=moment, awaiting=None,
        status_message=refusal.message, error_code=refusal.code, error_message=refusal.message,
        error_is_retryable=is_retryable, error_at=moment,
    )
    if row is None:
        return None
    await drop_slices(db, job_id, SliceStatus.WAITING)
    await drop_slices(db, job_id, SliceStatus.RUNNING)
    await fetch(
        db, "UPDATE items SET status = 'CANCELLED', updated_at = $1 WHERE job_id = $2 AND status IN ('PENDING', 'PROCESSING')",
        moment, job_id,
    )
    await add_event(db, row)
    letters.job_changed(row)
    letters.stop_job(row)
    return row


async def _insert_job(
    db: BaseDBAsyncClient, viewer: Viewer, processor: Processor, new: NewJob, uploads: list[Upload]
) -> Row:
    missing = [upload for upload in uploads if upload.status is not UploadStatus.COMPLETED]
    sizes = [upload.size_bytes for upload in uploads]
    known_size = sum(size or 0 for size in sizes)
    job = await Job.create(
        using_db=db, id=new_id(processor.job_type.lower()), type=processor.job_type, kind=processor.kind,
        owner_id=viewer.user_id, title=new.title, external_id=new.external_id, options=new.options,
        priority=new.priority, auto_start=new.auto_start, total_size=known_size,
        total_bytes=None if None in sizes else known_size, processed_bytes=sum(upload.offset_bytes for upload in uploads),
        status=JobStatus.UPLOADING if missing else JobStatus.UPLOADED,
        stage=UPLOAD_STAGE if missing else None,
        status_message=f"Waiting for {len(missing)} of {len(uploads)} uploads." if missing else "All bytes are in.",
    )
    for position, upload in enumerate(uploads):
        await JobUpload.create(using_db=db, job_id=job.id, upload_id=upload.id, position=position)
    row = await lock_job(db, job.id)
    assert row is not None  # noqa: S101  inserted above, in this transaction
    await add_event(db, row)
    return row


async def _add_inputs(
    db: BaseDBAsyncClient, viewer: Viewer, processor: Processor, job_id: str, upload_ids: Sequence[str]
) -> None:
    links = await JobUpload.filter(job_id=job_id).using_db(db).order_by("position")
    known = [link.upload_id for link in links]
    uploads = await check_inputs(db, viewer, processor, [*known, *upload_ids])
    for position, upload in enumerate(uploads[len(known):], len(known)):
        await JobUpload.create(using_db=db, job_id=job_id, upload_id=upload.id, position=position)
    sizes = [upload.size_bytes for upload in uploads]
    await change_job(
        db, job_id, {JobStatus.AWAITING_INPUT}, total_size=sum(size or 0 for size in sizes),
        total_bytes=None if None in sizes else sum(size or 0 for size in sizes),
        processed_bytes=sum(upload.offset_bytes for upload in uploads),
    )


async def _leave_uploaded(db: BaseDBAsyncClient, row: Row, letters: Letters) -> Row:
    """UPLOADED → PENDING with the first slice, or AWAITING_INPUT where the owner wants to start it."""
    if row["auto_start"]:
        return await _enqueue(db, row, {JobStatus.UPLOADED}, letters)
    parked = await change_job(
        db, row["id"], {JobStatus.UPLOADED}, status=JobStatus.AWAITING_INPUT, awaiting="start",
        status_message="Waiting for its owner to start it.",
    )
    assert parked is not None  # noqa: S101  the caller holds the row
    await add_event(db, parked)
    return parked


async def _enqueue(db: BaseDBAsyncClient, row: Row, sources: Collection[JobStatus], letters: Letters, **columns: Any) -> Row:
    moment = now().timestamp()
    queued = await change_job(
        db, row["id"], sources, status=JobStatus.PENDING, queued_at=moment, stage=None,
        status_message="Waiting for a free worker.", **{"awaiting": None, **columns},
    )
    assert queued is not None  # noqa: S101  the caller holds the row
    await add_event(db, queued)
    if not await fetch(db, "SELECT 1 FROM slices WHERE job_id = $1 AND status = 'WAITING' LIMIT 1", row["id"]):
        await add_slice(db, queued, SlicePhase.PLAN, 0)
    letters.has_work = True
    return queued


async def add_slice(
    db: BaseDBAsyncClient, job: Row, phase: SlicePhase, number: int, *, first_index: int = 0, item_count: int = 0,
    payload: dict[str, Any] | None = None,
) -> None:
    """One more slice that workers may take; adding the same one again does nothing."""
    await fetch(
        db,
        "INSERT INTO slices (job_id, attempt, phase, number, first_index, item_count, payload, status, fence, crash_count) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, 'WAITING', 0, 0) ON CONFLICT DO NOTHING",
        job["id"], job["attempt"], phase, number, first_index, item_count, orjson.dumps(payload or {}).decode(),
    )


async def _begin_attempt(db: BaseDBAsyncClient, job: Row, letters: Letters) -> Row:
    row = await _enqueue(
        db, job, {JobStatus(job["status"])}, letters, attempt=job["attempt"] + 1, percentage=0.0, started_at=None,
        finished_at=None, error_code=None, error_message=None, error_is_retryable=False, error_at=None,
    )
    letters.job_changed(row)
    return row


async def _reset_everything(db: BaseDBAsyncClient, job: Row) -> None:
    await fetch(db, "DELETE FROM items WHERE job_id = $1", job["id"])
    await fetch(db, "DELETE FROM slices WHERE job_id = $1", job["id"])
    await change_job(
        db, job["id"], {JobStatus(job["status"])}, total_items=None, completed_items=0, failed_items=0, skipped_items=0,
        total_slices=None, completed_slices=0,
    )
    await add_slice(db, {**job, "attempt": job["attempt"] + 1}, SlicePhase.PLAN, 0)


async def _reset_failed_items(db: BaseDBAsyncClient, job: Row) -> None:
    """What did not succeed goes back to PENDING, in its old slices, under the new attempt."""
    undone = (ItemStatus.FAILED, ItemStatus.CANCELLED)
    attempt = job["attempt"] + 1
    await fetch(db, "DELETE FROM slices WHERE job_id = $1 AND phase <> 'PROCESS'", job["id"])
    await fetch(db, "UPDATE slices SET attempt = $1, status = 'DONE', crash_count = 0 WHERE job_id = $2", attempt, job["id"])
    await fetch(
        db,
        "UPDATE slices SET status = 'WAITING' WHERE job_id = $1 AND EXISTS (SELECT 1 FROM items i WHERE "
        'i.job_id = slices.job_id AND i."index" >= slices.first_index AND '
        'i."index" < slices.first_index + slices.item_count AND i.status IN ($2, $3))',
        job["id"], *undone,
    )
    await fetch(
        db,
        "UPDATE items SET status = 'PENDING', attempt = $1, error_code = NULL, error_message = NULL, result = NULL "
        "WHERE job_id = $2 AND status IN ($3, $4)",
        attempt, job["id"], *undone,
    )
    done = "(SELECT count(*) FROM slices s WHERE s.job_id = jobs.id AND s.status = 'DONE')"
    await change_job(db, job["id"], {JobStatus(job["status"])}, failed_items=0, completed_slices=(done,))


async def _remove_files(db: BaseDBAsyncClient, job_id: str, roles: set[FileRole]) -> list[str]:
    places = ", ".join(f"${2 + i}" for i in range(len(roles)))
    statement = f"DELETE FROM files WHERE job_id = $1 AND item_id IS NULL AND role IN ({places}) RETURNING storage_key"
    return [row["storage_key"] for row in await fetch(db, statement, job_id, *sorted(roles))]


async def _jobs_waiting_for(db: BaseDBAsyncClient, upload_id: str) -> list[str]:
    rows = await fetch(
        db, "SELECT j.id FROM jobs j JOIN job_uploads u ON u.job_id = j.id WHERE u.upload_id = $1 AND j.status = $2",
        upload_id, JobStatus.UPLOADING,
    )
    return [row["id"] for row in rows]


async def _jobs_using(db: BaseDBAsyncClient, upload_id: str) -> list[str]:
    return [row["job_id"] for row in await fetch(db, "SELECT job_id FROM job_uploads WHERE upload_id = $1", upload_id)]


async def _missing_uploads(db: BaseDBAsyncClient, job_id: str) -> bool:
    rows = await fetch(
        db,
        "SELECT 1 FROM job_uploads w LEFT JOIN uploads u ON u.id = w.upload_id "
        "WHERE w.job_id = $1 AND (u.status IS NULL OR u.status <> $2) LIMIT 1",
        job_id, UploadStatus.COMPLETED,
    )
    return bool(rows)


async def _find_by_external_id(db: BaseDBAsyncClient, viewer: Viewer, external_id: str) -> Job | None:
    return await Job.get_or_none(owner_id=viewer.user_id, external_id=external_id, using_db=db)


__all__ = [
    "AfterCommit", "JobType", "NewJob", "add_slice", "begin_work", "cancel_job", "complete_job", "count_upload_bytes",
    "create_job", "drop_slices", "fail_job", "fail_waiting_jobs", "finish_cancelling", "job_of", "retry_job",
    "start_job", "start_waiting_jobs", "wait_for_worker",
]
