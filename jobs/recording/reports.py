"""Reports of external workers: progress, results or a failure, each as one transaction (docs/workers.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import FileRole, JobStatus, LogLevel, SliceStatus, UploadStatus
from events.messages import Event
from jobs.history import add_lines
from jobs.limits import MESSAGE_LENGTH
from jobs.outbox import Outbox, OutboxMessages
from jobs.recording.files import NewFile, insert_files
from jobs.recording.progress import AT_MOST
from jobs.rows import change_job, job_of
from jobs.scheduling.external import lock_task, renew_lease, require_worker
from jobs.scheduling.slices import drop_slices
from jobs.text import sanitise
from jobs.transitions import begin_work, complete_job, fail_job, finish_cancelling
from models import Job, Upload
from models.ids import new_id, type_of_id
from models.sql import Row, database_now, fetch_rows, for_update, placeholders
from processors.external.kind import KIND as EXTERNAL
from storage.keys import file_key
from storage.ports import BlobStore
from uploads.queries import contents_of, uploads_by_ids
from uploads.rows import change_upload

_STAGE_LENGTH = 100
_FIELD = "input.resultUploadIds"


class ReportStatus(StrEnum):
    """What a worker says about a task."""

    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Report:
    """How far a task is, or how it ended; what is None is as it was.

    Attributes:
        percentage: 0 to 100.
        result_upload_ids: Complete uploads of the worker, in the order in which their files are shown.
    """

    status: ReportStatus = ReportStatus.PROCESSING
    percentage: float | None = None
    total_items: int | None = None
    processed_items: int | None = None
    failed_items: int | None = None
    stage: str | None = None
    message: str | None = None
    error_message: str | None = None
    is_retryable: bool = False
    result_upload_ids: Sequence[str] = ()


async def report_task(
    viewer: Viewer, task_id: str, lease_id: str, report: Report, storage: BlobStore, outbox: Outbox
) -> Job:
    """Record what the worker says and renew its lease; the task as it is then.

    A task that is being cancelled says so in the answer; the worker's next word that it has stopped, whichever, makes it
    CANCELLED.

    Raises:
        Refusal: FORBIDDEN, INVALID_ID, TASK_NOT_FOUND, INVALID_STATE for a finished task, LEASE_LOST where another may have it by
            now; BAD_INPUT, UPLOAD_NOT_FOUND. Nothing was changed then.
    """
    require_worker(viewer)
    type_of_id(task_id)
    _check(report)
    files = await _share_results(viewer, report, storage)
    try:
        return await _record(viewer, task_id, lease_id, report, files, outbox)
    except BaseException:
        for file in files:
            await storage.remove(file.storage_key)
        raise


async def _record(
    viewer: Viewer, task_id: str, lease_id: str, report: Report, files: Sequence[NewFile], outbox: Outbox
) -> Job:
    messages = OutboxMessages()
    async with in_transaction() as db:
        uploads = await _take_uploads(db, viewer, report.result_upload_ids)
        job = await lock_task(db, task_id)
        if not JobStatus(job["status"]).is_active:
            raise Refusal(ErrorCode.INVALID_STATE, f"This task is {job['status'].lower()} already.")
        await renew_lease(db, viewer, task_id, lease_id)
        if job["status"] == JobStatus.CANCELLING:
            row = await _stop(db, job, report, messages)
        else:
            row = await _apply(db, job, report, messages)
            if report.status is ReportStatus.COMPLETED:
                await _hand_over(db, row, uploads, messages)
                await insert_files(db, row, files)
                row = await complete_job(db, row, messages, is_retryable=True)
            if not JobStatus(row["status"]).is_active:
                await drop_slices(db, task_id, SliceStatus.RUNNING)
        if report.message:
            await add_lines(db, row, [(LogLevel.INFO, report.message)], messages)
    await outbox.send(messages)
    return job_of(row)


async def _stop(db: BaseDBAsyncClient, job: Row, report: Report, messages: OutboxMessages) -> Row:
    """What a worker says about a task that is being cancelled: anything but progress means that it has stopped."""
    if report.status is ReportStatus.PROCESSING:
        return job
    await drop_slices(db, job["id"], SliceStatus.RUNNING)
    return await finish_cancelling(db, job["id"], messages) or job


async def _apply(db: BaseDBAsyncClient, job: Row, report: Report, messages: OutboxMessages) -> Row:
    """The numbers and the stage of a report on a task that is being done, or its failure."""
    if report.status is ReportStatus.CANCELLED:
        raise Refusal(
            ErrorCode.INVALID_STATE, "Nobody asked to cancel this task: report FAILED where it cannot be done."
        )
    if report.stage is not None and report.stage != job["stage"]:
        job = await begin_work(
            db, job, sanitise(report.stage, _STAGE_LENGTH), report.message or "A worker has it.", messages
        )
    row = await change_job(
        db, job["id"], {JobStatus.PROCESSING}, progressed_at=(database_now(db),), **_numbers(job, report)
    )
    assert row is not None  # noqa: S101  locked, and no other status has a lease
    messages.job_changed(row)
    if report.status is ReportStatus.FAILED:
        message = report.error_message or "The worker could not do it, and gave no reason."
        refusal = Refusal(ErrorCode.PROCESSING_FAILED, message)
        row = await fail_job(db, job["id"], refusal, messages, is_retryable=report.is_retryable) or row
        await add_lines(db, row, [(LogLevel.ERROR, message)], messages)
    return row


def _numbers(job: Row, report: Report) -> dict[str, Any]:
    """The columns after a report; none of them falls."""
    totals = [total for total in (job["total_items"], report.total_items) if total is not None]
    total = max(totals, default=None)
    failed = max(job["failed_items"], report.failed_items or 0)
    processed = max(job["completed_items"] + job["failed_items"], report.processed_items or 0, failed)
    percentage = report.percentage
    if percentage is None and total and report.processed_items is not None:
        percentage = 100 * processed / total
    return {
        "total_items": total,
        "failed_items": failed,
        "completed_items": processed - failed,
        "percentage": max(job["percentage"], min(percentage or 0.0, AT_MOST)),
    }


def _check(report: Report) -> None:
    _check_texts(report)
    if report.percentage is not None and not 0 <= report.percentage <= 100:
        raise Refusal(ErrorCode.BAD_INPUT, "percentage is 0 to 100.", "input.percentage")
    counts = {
        "totalItems": report.total_items,
        "processedItems": report.processed_items,
        "failedItems": report.failed_items,
    }
    for name, count in counts.items():
        if count is not None and count < 0:
            raise Refusal(ErrorCode.BAD_INPUT, f"{name} is 0 or more.", f"input.{name}")
    if report.result_upload_ids and report.status is not ReportStatus.COMPLETED:
        raise Refusal(ErrorCode.BAD_INPUT, "Results come with COMPLETED.", _FIELD)
    if len(report.result_upload_ids) > EXTERNAL.max_files:
        raise Refusal(ErrorCode.BAD_INPUT, f"A task has at most {EXTERNAL.max_files:,} results.", _FIELD)
    if len(set(report.result_upload_ids)) != len(report.result_upload_ids):
        raise Refusal(ErrorCode.BAD_INPUT, "The same upload is named twice.", _FIELD)
    for id_ in report.result_upload_ids:
        type_of_id(id_, _FIELD)


def _check_texts(report: Report) -> None:
    texts = {
        "stage": (report.stage, _STAGE_LENGTH),
        "message": (report.message, MESSAGE_LENGTH),
        "errorMessage": (report.error_message, MESSAGE_LENGTH),
    }
    for name, (text, limit) in texts.items():
        if text is not None and len(text) > limit:
            raise Refusal(ErrorCode.BAD_INPUT, f"{name} has at most {limit:,} characters.", f"input.{name}")


async def _share_results(viewer: Viewer, report: Report, storage: BlobStore) -> list[NewFile]:
    """The files that the results will be: they outlive the uploads that brought them."""
    uploads = await uploads_by_ids(report.result_upload_ids)
    chosen = [_check_result(viewer, uploads.get(id_)) for id_ in report.result_upload_ids]
    contents = await contents_of(storage, chosen)
    files = []
    for upload in chosen:
        id_ = new_id("file")
        await storage.copy(contents[upload.id], file_key(id_))
        files.append(
            NewFile(
                id_, FileRole.RESULT, upload.filename, upload.content_type, upload.size_bytes or 0, upload.sha256 or "",
                file_key(id_), upload.id,
            )
        )  # fmt: skip
    return files


def _check_result(viewer: Viewer, upload: Upload | None) -> Upload:
    if upload is None or upload.owner_id != viewer.user_id or upload.is_partial:
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "There is no such upload of yours.", _FIELD)
    if upload.status is not UploadStatus.COMPLETED:
        raise Refusal(ErrorCode.INVALID_STATE, f"The upload “{upload.filename}” is {upload.status}.", _FIELD)
    return upload


async def _take_uploads(db: BaseDBAsyncClient, viewer: Viewer, upload_ids: Sequence[str]) -> list[str]:
    """Lock the results before the job, as everybody does; they are as they were when they were looked at."""
    if not upload_ids:
        return []
    places = placeholders(upload_ids, 2)
    owned = f"SELECT id FROM uploads WHERE owner_id = $1 AND status = 'COMPLETED' AND id IN ({places}) ORDER BY id{for_update(db)}"
    if len(await fetch_rows(db, owned, viewer.user_id, *upload_ids)) != len(upload_ids):
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "One of the results is gone.", _FIELD)
    return list(upload_ids)


async def _hand_over(db: BaseDBAsyncClient, job: Row, upload_ids: Sequence[str], messages: OutboxMessages) -> None:
    """The uploads that brought the results belong to the task's owner from now on."""
    for upload_id in upload_ids:
        row = await change_upload(db, upload_id, (UploadStatus.COMPLETED,), owner_id=job["owner_id"])
        if row is not None:
            messages.events.append(Event("upload", row))
