"""Reviews of items by a person; completed jobs finished anew.

The item is done again with what was said, and the job's files are written again: it is another attempt, which keeps all
other items as they are.
"""

from collections.abc import Callable
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from auth.audit import Action, note
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, JobStatus, SlicePhase, SliceStatus
from jobs.contents import find_items
from jobs.inputs import Inputs, check_options, lock_inputs, state_of_inputs
from jobs.outbox import Outbox, OutboxMessages
from jobs.queries import find_job
from jobs.rows import job_of, lock_job
from jobs.scheduling.slices import NewSlice, add_slices, has_slices, reset_slices
from jobs.text import sanitise_json
from jobs.transitions import enqueue_job
from models import Job
from models.fields import now
from models.ids import type_of_id
from models.sql import Row, fetch_rows
from processors.contract import Kind
from processors.loading import load_reviewer
from processors.options import read_options

REVIEWABLE = frozenset({JobStatus.COMPLETED, JobStatus.FAILED})
WAIT_SECONDS = 1.0
"""After which a job that is being finished anew may have ended."""
_COUNTED = {
    ItemStatus.COMPLETED: "completed_items",
    ItemStatus.FAILED: "failed_items",
    ItemStatus.SKIPPED: "skipped_items",
}


async def review_item(
    viewer: Viewer, item_id: str, said: dict[str, Any], kind_of: Callable[[str], Kind], outbox: Outbox
) -> tuple[Row, list[str]]:
    """Do the item again with what a person said about it; answers its row, and the storage keys that are free now.

    What was said about it before still holds, unless it is said otherwise.

    Raises:
        Refusal: NOT_FOUND; BAD_INPUT for what its kind does not take; INVALID_STATE where its job has not ended, or its
            inputs are gone.
    """
    item = await _visible_item(viewer, item_id)
    messages = OutboxMessages()
    async with in_transaction() as db:
        await lock_inputs(db, item["job_id"])
        job = _reviewable(await lock_job(db, item["job_id"]), await state_of_inputs(db, item["job_id"]))
        kind = kind_of(job["kind"])
        (item,) = await fetch_rows(db, "SELECT * FROM items WHERE id = $1", item_id)
        review = sanitise_json(_merge(item["review"], said))
        _check(kind, job, review)
        again = {**job, "attempt": job["attempt"] + 1}
        await _reset_item(db, again, item_id, review, viewer.user_id)
        columns, freed = await reset_finish(db, again, item_id)
        if column := _COUNTED.get(ItemStatus(item["status"])):
            columns[column] = (f"{column} - ?", 1)
        await enqueue_job(db, job, messages, **columns)
        detail = ", ".join(sorted(said["values"])) or "as it was read"
        await note(Action.REVIEWED, viewer.user_id, item_id, detail, db=db)
    await outbox.send(messages)
    return await _visible_item(viewer, item_id), freed


async def finish_anew(
    viewer: Viewer, job_id: str, options: dict[str, Any], kind_of: Callable[[str], Kind], outbox: Outbox
) -> tuple[Job, list[str]] | None:
    """Write the files of a completed job anew with `options` that only the finish heeds, such as an answer key.

    Answers the job, and the storage keys that are free now; None where the job is not completed, or its kind has other
    options among them.

    Raises:
        Refusal: *_NOT_FOUND; BAD_INPUT.
    """
    kind = kind_of((await find_job(viewer, job_id)).kind)
    messages = OutboxMessages()
    async with in_transaction() as db:
        job = await lock_job(db, job_id)
        is_completed = job is not None and job["deleted_at"] is None and job["status"] == JobStatus.COMPLETED
        if job is None or not is_completed or not kind.finish_options.issuperset(options):
            return None
        changed = {**job_of(job).options, **sanitise_json(options)}
        check_options(kind, changed, "input.options")
        columns, freed = await reset_finish(db, {**job, "attempt": job["attempt"] + 1})
        columns["options"] = orjson.dumps(changed).decode()
        row = await enqueue_job(db, job, messages, **columns)
    await outbox.send(messages)
    return job_of(row), freed


async def reset_finish(db: BaseDBAsyncClient, job: Row, item_id: str | None = None) -> tuple[dict[str, Any], list[str]]:
    """Have the files of a job (locked, with its new attempt) written anew, after its items that are PENDING.

    Returns:
        The columns of the job that change with it, and the storage keys that are free now: of its files, and of the item's.
    """
    freed = await fetch_rows(
        db,
        "DELETE FROM files WHERE job_id = $1 AND ((item_id IS NULL AND role IN ($2, $3)) OR item_id = $4) "
        "RETURNING storage_key",
        job["id"],
        FileRole.RESULT,
        FileRole.REPORT,
        item_id,
    )
    await reset_slices(db, job, (ItemStatus.PENDING,))
    if not await has_slices(db, job["id"], SliceStatus.WAITING):
        await add_slices(db, job, [NewSlice(SlicePhase.FINISH)])
    done = "(SELECT count(*) FROM slices s WHERE s.job_id = jobs.id AND s.phase = 'PROCESS' AND s.status = 'DONE')"
    columns: dict[str, Any] = dict.fromkeys(("started_at", "finished_at", "error_code", "error_message", "error_at"))
    columns |= {"attempt": job["attempt"], "percentage": 0.0, "worked_seconds": 0.0, "completed_slices": (done,)}
    return columns, [row["storage_key"] for row in freed]


async def _visible_item(viewer: Viewer, item_id: str) -> Row:
    if type_of_id(item_id) != "item":
        raise Refusal(ErrorCode.NOT_FOUND, "There is no such item.", "id")
    (found,) = await find_items(viewer, [item_id])
    if isinstance(found, Refusal):
        raise found
    return found


def _reviewable(job: Row | None, inputs: Inputs) -> Row:
    if job is None or job["deleted_at"] is not None:
        raise Refusal(ErrorCode.NOT_FOUND, "There is no such item.", "id")
    status = JobStatus(job["status"])
    if status not in REVIEWABLE:
        message = f"Its job is {status}: an item can be reviewed when its job has ended."
        raise Refusal(ErrorCode.INVALID_STATE, message, "id", retry_after=WAIT_SECONDS if status.is_active else None)
    if inputs is not Inputs.COMPLETE:
        raise Refusal(ErrorCode.INVALID_STATE, "The files that it came from are gone: it cannot be read again.", "id")
    return job


def _merge(before: Any, said: dict[str, Any]) -> dict[str, Any]:
    """The whole review: values by field, corners where they were moved. SQLite has the one before as text."""
    known = orjson.loads(before) if isinstance(before, str) else before or {}
    values = {**known.get("values", {}), **said["values"]}
    corners = said.get("corners") or known.get("corners")
    return {"values": values, **({"corners": corners} if corners else {})}


def _check(kind: Kind, job: Row, review: dict[str, Any]) -> None:
    if not kind.reviewer:
        raise Refusal(ErrorCode.BAD_INPUT, f"Items of kind {kind.name} are not reviewed.", "id")
    options = read_options(kind, job_of(job).options, "options")
    try:
        load_reviewer(kind)(options, review)
    except ValueError as error:
        raise Refusal(ErrorCode.BAD_INPUT, str(error), "input") from error


async def _reset_item(db: BaseDBAsyncClient, job: Row, item_id: str, review: dict[str, Any], user_id: str) -> None:
    moment = now().timestamp()
    await fetch_rows(
        db,
        "UPDATE items SET status = 'PENDING', attempt = $1, error_code = NULL, error_message = NULL, "
        "error_is_retryable = FALSE, skip_reason = NULL, needs_review = FALSE, review = $2, reviewed_at = $3, "
        "reviewed_by = $4, updated_at = $5 WHERE id = $6",
        job["attempt"],
        orjson.dumps(review).decode(),
        moment,
        user_id,
        moment,
        item_id,
    )


async def reviews_of(job_id: str, first_index: int, count: int) -> dict[int, dict[str, Any]]:
    """What persons said about the items of a slice, by index."""
    rows = await fetch_rows(
        get_connection("default"),
        'SELECT "index", review FROM items WHERE job_id = $1 AND "index" >= $2 AND "index" < $3 AND review IS NOT NULL',
        job_id,
        first_index,
        first_index + count,
    )
    return {
        row["index"]: orjson.loads(row["review"]) if isinstance(row["review"], str) else row["review"] for row in rows
    }
