"""Writes that workers cause: the first slice begins, the work ends well or not, asks, or loses its worker."""

from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SliceStatus
from jobs.actions import RUNNABLE
from jobs.moves import end_failed, move_job, move_locked
from jobs.outbox import Letters, Row
from jobs.slices import free_slices, has_slices
from jobs.text import storable
from models.fields import now
from processors.contract import NeedsInput


async def begin_work(db: BaseDBAsyncClient, job: Row, stage: str, message: str, letters: Letters) -> Row:
    """PENDING → PROCESSING for the first slice of `job` (locked), and the next stage for the first slice of each phase."""
    if job["status"] == JobStatus.PROCESSING and job["stage"] == stage:
        return job
    columns = {"stage": stage, "started_at": ("coalesce(started_at, ?)", now().timestamp())}
    return await move_locked(db, job, JobStatus.PROCESSING, message, letters, **columns)


async def wait_for_worker(db: BaseDBAsyncClient, job_id: str, letters: Letters, *, is_lost: bool) -> None:
    """PROCESSING → PENDING: the last worker of the job stopped or `is_lost`; the attempt goes on where it was."""
    if not await has_slices(db, job_id, SliceStatus.RUNNING):
        message = (
            "The worker was lost; going on where it stopped." if is_lost else "The worker stopped; another goes on."
        )
        await move_job(db, job_id, {JobStatus.PROCESSING}, JobStatus.PENDING, message, letters)


async def ask_owner(db: BaseDBAsyncClient, job: Row, question: NeedsInput, letters: Letters) -> None:
    """PROCESSING (the row is locked) → AWAITING_INPUT: what runs for it stops, and goes on after startJob."""
    columns = {"stage": None, "awaiting": storable(question.awaiting, 100)}
    message = storable(question.message)
    row = await move_locked(db, job, JobStatus.AWAITING_INPUT, message, letters, **columns)
    await free_slices(db, job["id"])
    letters.stop_job(row)


async def complete_job(db: BaseDBAsyncClient, job: Row, letters: Letters) -> Row:
    """PROCESSING (the row is locked) → COMPLETED, or FAILED where every single item failed."""
    total, failed = job["total_items"] or 0, job["failed_items"]
    if total and failed == total:
        sentence = f"All {total} items failed" if total > 1 else "The only item failed"
        refusal = Refusal(ErrorCode.PROCESSING_FAILED, f"{sentence}; the report tells why.")
        row = await end_failed(db, job["id"], {JobStatus.PROCESSING}, refusal, letters, is_retryable=True)
        assert row is not None  # noqa: S101  the caller holds the row
        return row
    columns = {"stage": None, "percentage": 100.0, "finished_at": now().timestamp()}
    return await move_locked(db, job, JobStatus.COMPLETED, _summary(total, failed), letters, **columns)


async def fail_job(
    db: BaseDBAsyncClient, job_id: str, refusal: Refusal, letters: Letters, *, is_retryable: bool
) -> Row | None:
    """PENDING or PROCESSING → FAILED, and stop whatever else runs for it; None in another status."""
    return await end_failed(db, job_id, RUNNABLE, refusal, letters, is_retryable=is_retryable)


def _summary(total: int, failed: int) -> str:
    if failed:
        return f"{total - failed} of {total} items are done, {failed} failed."
    if total == 1:
        return "The only item is done."
    return f"All {total} items are done." if total else "There were no items."
