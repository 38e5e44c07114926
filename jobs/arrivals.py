"""Writes that uploads cause, in their own transactions: bytes that move, the last byte, an end without it."""

from collections.abc import Awaitable, Callable

from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, UploadStatus
from jobs.inputs import Inputs, count_bytes, jobs_using, jobs_waiting_for, state_of_inputs
from jobs.moves import end_failed, leave_uploaded, move_job
from jobs.outbox import Letters, Outbox
from jobs.rows import change_job, lock_job
from models import Upload

AfterCommit = Callable[[], Awaitable[None]]


async def start_waiting_jobs(db: BaseDBAsyncClient, upload: Upload, outbox: Outbox) -> AfterCommit:
    """Queue the jobs for which `upload` was the last one missing; runs inside the upload's own transaction."""
    letters = Letters()
    for job_id in await jobs_waiting_for(db, upload.id):
        if await lock_job(db, job_id) is None or await state_of_inputs(db, job_id) is not Inputs.COMPLETE:
            continue
        columns = {"stage": None, **await count_bytes(db, job_id)}
        row = await move_job(
            db, job_id, {JobStatus.UPLOADING}, JobStatus.UPLOADED, "All bytes are in.", letters, **columns
        )
        if row is not None:
            await leave_uploaded(db, row, letters)
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
        await end_failed(db, job_id, waiting, refusal, letters, is_retryable=False)
    return lambda: outbox.send(letters)


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
