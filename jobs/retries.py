"""Retry: what a further attempt does again, everything or the items that did not succeed."""

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import FileRole, ItemStatus, SlicePhase, SliceStatus
from jobs.recording.transfers import forget_transfers
from jobs.scheduling.slices import NewSlice, add_slices, delete_slices, has_slices, reset_slices
from models.fields import now
from models.sql import Row, fetch_rows

_UNDONE = (ItemStatus.FAILED, ItemStatus.CANCELLED)


async def reset_everything(db: BaseDBAsyncClient, job: Row) -> tuple[dict[str, Any], list[str]]:
    """Forget all that the job (locked, with its new attempt) made.

    Returns:
        The columns of the job that change with it, and the storage keys that are free now.
    """
    statement = "DELETE FROM files WHERE job_id = $1 AND role <> $2 RETURNING storage_key"
    freed = await fetch_rows(db, statement, job["id"], FileRole.INPUT)
    await fetch_rows(db, "DELETE FROM items WHERE job_id = $1", job["id"])
    await delete_slices(db, job["id"])
    await add_slices(db, job, [NewSlice(SlicePhase.PLAN)])
    columns: dict[str, Any] = dict.fromkeys(("completed_items", "failed_items", "skipped_items", "completed_slices"), 0)
    unknown = {**dict.fromkeys(("total_items", "total_slices", "summary", "cost")), **forget_transfers(job)}
    return columns | unknown, [row["storage_key"] for row in freed]


async def reset_undone_items(db: BaseDBAsyncClient, job: Row) -> tuple[dict[str, Any], list[str]]:
    """Have what did not succeed done again, in its old slices; where that is nothing, only the finish.

    Returns:
        As `reset_everything` does.
    """
    freed = await fetch_rows(
        db,
        "DELETE FROM files WHERE job_id = $1 AND ((item_id IS NULL AND role IN ($2, $3)) OR item_id IN "
        "(SELECT id FROM items WHERE job_id = $1 AND status IN ($4, $5))) RETURNING storage_key",
        job["id"],
        FileRole.RESULT,
        FileRole.REPORT,
        *_UNDONE,
    )
    await reset_slices(db, job, _UNDONE)
    await fetch_rows(
        db,
        "UPDATE items SET status = 'PENDING', attempt = $1, error_code = NULL, error_message = NULL, "
        "error_is_retryable = FALSE, result = NULL, skip_reason = NULL, needs_review = FALSE, updated_at = $2 "
        "WHERE job_id = $3 AND status IN ($4, $5)",
        job["attempt"],
        now().timestamp(),
        job["id"],
        *_UNDONE,
    )
    if not await has_slices(db, job["id"], SliceStatus.WAITING):
        await add_slices(db, job, [NewSlice(SlicePhase.FINISH)])
    done = "(SELECT count(*) FROM slices s WHERE s.job_id = jobs.id AND s.phase = 'PROCESS' AND s.status = 'DONE')"
    return {"failed_items": 0, "completed_slices": (done,)}, [row["storage_key"] for row in freed]
