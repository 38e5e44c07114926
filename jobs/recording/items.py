"""Items of a claim: planned, begun and done, each step as one transaction.

Whoever records must still hold the slices; else ClaimLost is raised and nothing is written.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from base.words import ItemStatus, SlicePhase
from jobs.limits import MESSAGE_LENGTH, within_limit
from jobs.outbox import Outbox, OutboxMessages
from jobs.recording.files import NAME_LENGTH, NewFile, insert_item_files
from jobs.recording.progress import change_working, percentage_sql, rising
from jobs.scheduling.claims import Claim, ClaimedSlice, finish_claim, hold_claim
from jobs.scheduling.slices import NewSlice, add_slices
from jobs.text import sanitise, sanitise_result
from models.database import worker_transaction
from models.fields import now
from models.ids import new_ids
from models.sql import Row, execute_each, fetch_rows
from processors.contract import ItemResult, Kind

_UPDATE_ITEM = (
    "UPDATE items SET status = $1, result = $2, error_code = $3, error_message = $4, error_is_retryable = $5, "
    "skip_reason = $6, needs_review = $7, updated_at = $8, name = coalesce($9, name), "
    "size_bytes = coalesce($10, size_bytes), processed_bytes = coalesce($11, processed_bytes) "
    "WHERE job_id = $12 AND \"index\" = $13 AND attempt = $14 AND status IN ('PENDING', 'PROCESSING')"
)
_BEGIN_ITEM = (
    "UPDATE items SET status = 'PROCESSING', updated_at = $1 "
    "WHERE job_id = $2 AND \"index\" = $3 AND attempt = $4 AND status = 'PENDING'"
)
_INSERT_ITEM = (
    'INSERT INTO items (id, job_id, "index", name, status, attempt, error_is_retryable, needs_review, updated_at, url) '
    "VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING"
)


async def pending_indices(claim: Claim, part: ClaimedSlice) -> list[int]:
    """The items of one slice that are still to be done, ascending; all of them when it was never claimed before."""
    end = part.first_index + part.item_count
    if claim.fence == 1:
        return list(range(part.first_index, end))
    rows = await fetch_rows(
        get_connection("default"),
        'SELECT "index" FROM items WHERE job_id = $1 AND "index" >= $2 AND "index" < $3 '
        "AND status IN ('PENDING', 'PROCESSING') ORDER BY \"index\"",
        claim.job.id,
        part.first_index,
        end,
    )
    return [row["index"] for row in rows]


async def add_items(claim: Claim, first_index: int, names: Sequence[str], urls: Sequence[str | None] = ()) -> None:
    """Insert planned items, with their `urls` where they have some, as PENDING; planning again inserts nothing twice.

    Raises:
        ClaimLost: Nothing was written.
    """
    moment = now().timestamp()
    rows = [
        [
            id_,
            claim.job.id,
            first_index + place,
            sanitise(str(name), NAME_LENGTH),
            claim.attempt,
            False,
            False,
            moment,
            url,
        ]
        for place, (id_, name, url) in enumerate(
            zip(new_ids("item", len(names)), names, urls or [None] * len(names), strict=True)
        )
    ]
    async with worker_transaction() as db:
        await hold_claim(db, claim)
        await execute_each(db, _INSERT_ITEM, rows)


async def record_items(
    claim: Claim,
    results: Sequence[ItemResult],
    files: Iterable[tuple[int, NewFile]],
    kind: Kind,
    outbox: Outbox,
    *,
    is_done: bool,
    begun: int | None = None,
    minute_price: float = 0.0,
) -> None:
    """Store results and their files (by index), each once; with the last ones (`is_done`) the slices end.

    A result that is longer than its kind allows fails its item. After the last slice the finish may be taken. The item `begun`, if any, is in work from now on.
    Each minute of sound that was worked on adds `minute_price` to what the job costs.

    Raises:
        ClaimLost: Nothing was written.
    """
    messages = OutboxMessages()
    results = [within_limit(result, kind) for result in results]
    async with worker_transaction() as db:
        job = await (finish_claim(db, claim) if is_done else hold_claim(db, claim, has_advanced=bool(results)))
        if results:
            await execute_each(db, _UPDATE_ITEM, _item_values(claim, results))
        if begun is not None:
            await fetch_rows(db, _BEGIN_ITEM, now().timestamp(), claim.job.id, begun, claim.attempt)
        await insert_item_files(db, job, files)
        cost = _cost_of(results, minute_price)
        row = await _count(db, claim, results, kind, cost, is_done=is_done)
        if is_done and row["completed_slices"] == row["total_slices"]:
            await add_slices(db, row, [NewSlice(SlicePhase.FINISH)])
            messages.has_work = True
        messages.job_changed(row)
    await outbox.send(messages)


async def _count(
    db: BaseDBAsyncClient,
    claim: Claim,
    results: Sequence[ItemResult],
    kind: Kind,
    cost: dict[str, tuple[str, float]],
    *,
    is_done: bool,
) -> Row:
    counts = dict.fromkeys((ItemStatus.COMPLETED, ItemStatus.FAILED, ItemStatus.SKIPPED), 0)
    for result in results:
        counts[result.status] += 1
    return await change_working(
        db,
        claim,
        completed_items=("completed_items + ?", counts[ItemStatus.COMPLETED]),
        failed_items=("failed_items + ?", counts[ItemStatus.FAILED]),
        skipped_items=("skipped_items + ?", counts[ItemStatus.SKIPPED]),
        completed_slices=("completed_slices + ?", len(claim.slices) if is_done else 0),
        wait_count=0,
        percentage=rising(percentage_sql(claim, kind, len(results))),
        **cost,
    )


def _cost_of(results: Sequence[ItemResult], minute_price: float) -> dict[str, tuple[str, float]]:
    """The column that grows, where anything was worked on that may have a price."""
    seconds = sum(result.audio_seconds for result in results if result.status is ItemStatus.COMPLETED)
    return {"cost": ("coalesce(cost, 0) + CAST(? AS double precision)", seconds / 60 * minute_price)} if seconds else {}


def _item_values(claim: Claim, results: Sequence[ItemResult]) -> list[list[Any]]:
    moment = now().timestamp()
    return [
        [
            str(result.status),
            sanitise_result(result.result) if result.result is not None else None,
            str(result.error.code) if result.error else None,
            sanitise(result.error.message, MESSAGE_LENGTH) if result.error else None,
            bool(result.error and result.error.is_retryable),
            sanitise(result.skip_reason, MESSAGE_LENGTH) if result.skip_reason is not None else None,
            result.needs_review,
            moment,
            sanitise(result.name, NAME_LENGTH) if result.name is not None else None,
            result.size_bytes,
            result.processed_bytes,
            claim.job.id,
            result.index,
            claim.attempt,
        ]
        for result in results
    ]
