"""Hooks of uploads: bytes that move, the last byte, an end without it.

Each writes in the upload's own transaction.
"""

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, UploadStatus
from jobs.inputs import Inputs, count_bytes, jobs_using, jobs_waiting_for, state_of_inputs
from jobs.outbox import Outbox, OutboxMessages
from jobs.rows import change_job, lock_job
from jobs.transitions import end_failed, leave_uploaded, transition_locked
from models import Upload
from models.sql import Row
from uploads.wiring import AfterCommit, Growth


async def on_upload_completed(db: BaseDBAsyncClient, growth: Growth, outbox: Outbox) -> AfterCommit:
    """Queue the jobs for which this upload was the last one missing; runs inside the upload's own transaction."""
    messages = OutboxMessages()
    for job_id in await jobs_waiting_for(db, growth.upload.id):
        row = await _add_bytes(db, job_id, growth)
        if row is not None and not await _start_if_complete(db, row, messages):
            messages.job_changed(row)
    return lambda: outbox.send(messages)


async def on_upload_progress(db: BaseDBAsyncClient, growth: Growth, outbox: Outbox) -> AfterCommit:
    """Move the bytes of the jobs that wait for an upload; runs inside the upload's own transaction."""
    messages = OutboxMessages()
    for job_id in await jobs_waiting_for(db, growth.upload.id):
        row = await _add_bytes(db, job_id, growth)
        if row is not None:
            messages.job_changed(row)
    return lambda: outbox.send(messages)


async def on_upload_removed(db: BaseDBAsyncClient, upload: Upload, outbox: Outbox) -> AfterCommit:
    """Fail the jobs that wait for an upload which will never be complete; runs inside the upload's own transaction."""
    messages = OutboxMessages()
    refusal = _why_gone(upload)
    waiting = {JobStatus.UPLOADING, JobStatus.UPLOADED, JobStatus.PENDING, JobStatus.AWAITING_INPUT, JobStatus.PAUSED}
    for job_id in await jobs_using(db, upload.id):
        await end_failed(db, job_id, waiting, refusal, messages, is_retryable=False)
    return lambda: outbox.send(messages)


async def _add_bytes(db: BaseDBAsyncClient, job_id: str, growth: Growth) -> Row | None:
    """Add what one upload grew by to its job's sums, without a look at the job's other uploads; the row, locked.

    Only where a size became known they are summed up anew: the sum is known once no other size is missing.
    """
    columns: dict[str, Any] = {"processed_bytes": ("processed_bytes + ?", growth.new_bytes)}
    if growth.is_sized:
        await lock_job(db, job_id)
        columns = await count_bytes(db, job_id)
    return await change_job(db, job_id, {JobStatus.UPLOADING}, **columns)


async def _start_if_complete(db: BaseDBAsyncClient, job: Row, messages: OutboxMessages) -> bool:
    """UPLOADING → UPLOADED and on, if all uploads are complete; they are asked only where the sums say that they may be."""
    if job["total_bytes"] is None or job["processed_bytes"] < job["total_bytes"]:
        return False
    if await state_of_inputs(db, job["id"]) is not Inputs.COMPLETE:
        return False
    uploaded = await transition_locked(db, job, JobStatus.UPLOADED, "All bytes are in.", messages, stage=None)
    await leave_uploaded(db, uploaded, messages)
    return True


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
