"""What a further attempt does again: everything, or the items that did not succeed; `lifecycle.py` begins it."""

from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import FileRole, ItemStatus, SlicePhase, SliceStatus
from jobs.outbox import Row
from jobs.rows import fetch
from jobs.slices import NewSlice, add_slices, has_slices
from models.fields import now

_UNDONE = (ItemStatus.FAILED, ItemStatus.CANCELLED)
_HAS_UNDONE_ITEMS = (
    'EXISTS (SELECT 1 FROM items i WHERE i.job_id = slices.job_id AND i."index" >= slices.first_index '
    'AND i."index" < slices.first_index + slices.item_count AND i.status IN ($2, $3))'
)


async def reset_everything(db: BaseDBAsyncClient, job: Row) -> tuple[dict[str, Any], list[str]]:
    """Forget all that the job (locked, with its new attempt) made.

    Returns:
        The columns of the job that change with it, and the storage keys that are free now.
    """
    statement = "DELETE FROM files WHERE job_id = $1 AND role <> $2 RETURNING storage_key"
    freed = await fetch(db, statement, job["id"], FileRole.INPUT)
    await fetch(db, "DELETE FROM items WHERE job_id = $1", job["id"])
    await fetch(db, "DELETE FROM slices WHERE job_id = $1", job["id"])
    await add_slices(db, job, [NewSlice(SlicePhase.PLAN)])
    columns = dict.fromkeys(("completed_items", "failed_items", "skipped_items", "completed_slices"), 0)
    return {**columns, "total_items": None, "total_slices": None}, [row["storage_key"] for row in freed]


async def reset_undone_items(db: BaseDBAsyncClient, job: Row) -> tuple[dict[str, Any], list[str]]:
    """Have what did not succeed done again, in its old slices; where that is nothing, only the finish.

    Returns:
        As `reset_everything` does.
    """
    freed = await fetch(
        db,
        "DELETE FROM files WHERE job_id = $1 AND ((item_id IS NULL AND role IN ($2, $3)) OR item_id IN "
        "(SELECT id FROM items WHERE job_id = $1 AND status IN ($4, $5))) RETURNING storage_key",
        job["id"],
        FileRole.RESULT,
        FileRole.REPORT,
        *_UNDONE,
    )
    await _reset_slices(db, job)
    await fetch(
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


async def _reset_slices(db: BaseDBAsyncClient, job: Row) -> None:
    await fetch(db, "DELETE FROM slices WHERE job_id = $1 AND phase <> 'PROCESS'", job["id"])
    await fetch(
        db,
        "UPDATE slices SET attempt = $1, status = 'DONE', worker = NULL, crash_count = 0 WHERE job_id = $2",
        job["attempt"],
        job["id"],
    )
    await fetch(
        db, f"UPDATE slices SET status = 'WAITING' WHERE job_id = $1 AND {_HAS_UNDONE_ITEMS}", job["id"], *_UNDONE
    )
