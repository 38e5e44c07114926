"""Tasks that other programs do: claiming one under a lease, and reporting on it (docs/workers.md)."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import FileRole, JobStatus, LogLevel, Role, SliceStatus, UploadStatus
from events.messages import Event
from jobs.claims import recover_leases
from jobs.history import add_lines
from jobs.moves import finish_cancelling, job_of
from jobs.outbox import Letters, Outbox, Row
from jobs.progress import AT_MOST
from jobs.records import NewFile, insert_files
from jobs.rows import change_job, fetch, lock_job
from jobs.slices import drop_slices
from jobs.text import storable
from jobs.working import begin_work, complete_job, fail_job
from models import Job, Upload
from models.database import database_now
from models.ids import new_id
from processors.external import MAX_FILES, External
from storage.keys import file_key
from storage.local import LocalStorage
from uploads.queries import contents_of, uploads_by_ids
from uploads.rows import change_upload

SHORTEST_LEASE, LONGEST_LEASE = 1, 86_400
"""Seconds."""
_STAGE = External.stages[0]
_TRIES, _PAUSE_SECONDS = 100, 0.01
_LEASE = re.compile(r"lease-([0-9]{1,18})-([0-9]{1,9})")
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


async def report_task(
    viewer: Viewer, task_id: str, lease_id: str, report: Report, storage: LocalStorage, outbox: Outbox
) -> Job:
    """Record what the worker says and renew its lease; the task as it is then.

    A task that is being cancelled says so in the answer; the worker's next word that it has stopped, whichever, makes it
    CANCELLED.

    Raises:
        Refusal: FORBIDDEN, TASK_NOT_FOUND, INVALID_STATE for a finished task, LEASE_LOST where another may have it by
            now; BAD_INPUT, UPLOAD_NOT_FOUND. Nothing was changed then.
    """
    require_worker(viewer)
    _check(report)
    files = await _share_results(viewer, report, storage)
    try:
        return await _record(viewer, task_id, lease_id, report, files, outbox)
    except BaseException:
        for file in files:
            await storage.remove(file.storage_key)
        raise


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
    rows = await fetch(
        db,
        "SELECT j.* FROM jobs j WHERE j.kind = $1 AND j.queue = $2 AND j.status = 'PENDING' AND EXISTS "
        "(SELECT 1 FROM slices s WHERE s.job_id = j.id AND s.status = 'WAITING') "
        f"ORDER BY j.priority DESC, j.queued_at, j.id LIMIT 1{lock}",
        External.kind,
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
    return await begin_work(db, job, _STAGE.name, "A worker has it.", letters) if rows else None


async def _record(
    viewer: Viewer, task_id: str, lease_id: str, report: Report, files: Sequence[NewFile], outbox: Outbox
) -> Job:
    letters = Letters()
    async with in_transaction() as db:
        uploads = await _take_uploads(db, viewer, report.result_upload_ids)
        job = await lock_job(db, task_id)
        if job is None or job["kind"] != External.kind or job["deleted_at"] is not None:
            raise Refusal(ErrorCode.TASK_NOT_FOUND, "There is no such task.", "id")
        if not JobStatus(job["status"]).is_active:
            raise Refusal(ErrorCode.INVALID_STATE, f"This task is {job['status'].lower()} already.")
        await _renew(db, viewer, task_id, lease_id)
        if job["status"] == JobStatus.CANCELLING:
            row = await _stop(db, job, report, letters)
        else:
            row = await _apply(db, job, report, letters)
            if report.status is ReportStatus.COMPLETED:
                await _hand_over(db, row, uploads, letters)
                await insert_files(db, row, files)
                row = await complete_job(db, row, letters)
            if not JobStatus(row["status"]).is_active:
                await drop_slices(db, task_id, SliceStatus.RUNNING)
        if report.message:
            await add_lines(db, row, [(LogLevel.INFO, report.message)], letters)
    await outbox.send(letters)
    return job_of(row)


async def _renew(db: BaseDBAsyncClient, viewer: Viewer, task_id: str, lease_id: str) -> None:
    """Raises Refusal LEASE_LOST, also for a lease whose time is over and that nobody took back yet."""
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


async def _stop(db: BaseDBAsyncClient, job: Row, report: Report, letters: Letters) -> Row:
    """What a worker says about a task that is being cancelled: anything but progress means that it has stopped."""
    if report.status is ReportStatus.PROCESSING:
        return job
    await drop_slices(db, job["id"], SliceStatus.RUNNING)
    return await finish_cancelling(db, job["id"], letters) or job


async def _apply(db: BaseDBAsyncClient, job: Row, report: Report, letters: Letters) -> Row:
    """The numbers and the stage of a report on a task that is being done, or its failure."""
    if report.status is ReportStatus.CANCELLED:
        raise Refusal(
            ErrorCode.INVALID_STATE, "Nobody asked to cancel this task: report FAILED where it cannot be done."
        )
    if report.stage is not None and report.stage != job["stage"]:
        job = await begin_work(
            db, job, storable(report.stage, _STAGE_LENGTH), report.message or "A worker has it.", letters
        )
    row = await change_job(db, job["id"], {JobStatus.PROCESSING}, **_numbers(job, report))
    assert row is not None  # noqa: S101  locked, and no other status has a lease
    letters.job_changed(row)
    if report.status is ReportStatus.FAILED:
        message = report.error_message or "The worker could not do it, and gave no reason."
        refusal = Refusal(ErrorCode.PROCESSING_FAILED, message)
        row = await fail_job(db, job["id"], refusal, letters, is_retryable=report.is_retryable) or row
        await add_lines(db, row, [(LogLevel.ERROR, message)], letters)
    return row


def _numbers(job: Row, report: Report) -> dict[str, Any]:
    """The columns after a report; none of them falls."""
    total = job["total_items"] if report.total_items is None else report.total_items
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
    if len(report.result_upload_ids) > MAX_FILES:
        raise Refusal(ErrorCode.BAD_INPUT, f"A task has at most {MAX_FILES:,} results.", _FIELD)
    if len(set(report.result_upload_ids)) != len(report.result_upload_ids):
        raise Refusal(ErrorCode.BAD_INPUT, "The same upload is named twice.", _FIELD)


async def _share_results(viewer: Viewer, report: Report, storage: LocalStorage) -> list[NewFile]:
    """The files that the results will be: they outlive the uploads that brought them."""
    uploads = await uploads_by_ids(report.result_upload_ids)
    chosen = [_check_result(viewer, uploads.get(id_)) for id_ in report.result_upload_ids]
    contents = await contents_of(storage, chosen)
    files = []
    for upload in chosen:
        id_ = new_id("file")
        await storage.share(contents[upload.id], file_key(id_))
        files.append(
            NewFile(
                id_, FileRole.RESULT, upload.filename, upload.content_type, upload.size_bytes or 0, upload.sha256 or "",
                file_key(id_),
            )
        )  # fmt: skip
    return files


def _check_result(viewer: Viewer, upload: Upload | None) -> Upload:
    if upload is None or upload.owner_id != viewer.user_id or upload.is_partial:
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "There is no such upload of yours.", _FIELD)
    if upload.status is not UploadStatus.COMPLETED:
        raise Refusal(ErrorCode.INVALID_STATE, f"The upload “{upload.filename}” is {upload.status.lower()}.", _FIELD)
    return upload


async def _take_uploads(db: BaseDBAsyncClient, viewer: Viewer, upload_ids: Sequence[str]) -> list[str]:
    """Lock the results before the job, as everybody does; they are as they were when they were looked at."""
    if not upload_ids:
        return []
    places = ", ".join(f"${number}" for number in range(2, len(upload_ids) + 2))
    lock = " FOR UPDATE" if db.capabilities.support_for_update else ""
    owned = (
        f"SELECT id FROM uploads WHERE owner_id = $1 AND status = 'COMPLETED' AND id IN ({places}) ORDER BY id{lock}"
    )
    if len(await fetch(db, owned, viewer.user_id, *upload_ids)) != len(upload_ids):
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "One of the results is gone.", _FIELD)
    return list(upload_ids)


async def _hand_over(db: BaseDBAsyncClient, job: Row, upload_ids: Sequence[str], letters: Letters) -> None:
    """The uploads that brought the results belong to the task's owner from now on."""
    for upload_id in upload_ids:
        row = await change_upload(db, upload_id, (UploadStatus.COMPLETED,), owner_id=job["owner_id"])
        if row is not None:
            letters.events.append(Event("upload", row))
