"""Rows of slices: adding, claiming, dropping and releasing them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from operator import itemgetter
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from base.words import ItemStatus, SlicePhase, SliceStatus
from jobs.text import sanitise_json
from models.fields import now
from models.sql import Row, database_now, delete_in_batches, execute_counted, execute_each, fetch_rows, placeholders

_INSERT = (
    "INSERT INTO slices (job_id, attempt, phase, number, first_index, item_count, payload, status, fence, crash_count) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, 'WAITING', 0, 0) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class NewSlice:
    """One slice to be done: its place among those of its phase, its items and its payload."""

    phase: SlicePhase
    number: int = 0
    first_index: int = 0
    item_count: int = 0
    payload: dict[str, Any] = field(default_factory=dict)


async def add_slices(db: BaseDBAsyncClient, job: Row, new: Iterable[NewSlice]) -> None:
    """More slices of the job's present attempt that workers may take; adding the same one again does nothing."""
    await execute_each(db, _INSERT, [_values_of(job, one) for one in new])


async def add_first_slices(db: BaseDBAsyncClient, jobs: Iterable[Row]) -> None:
    """The slice with which each of these jobs begins: its plan."""
    await execute_each(db, _INSERT, [_values_of(job, NewSlice(SlicePhase.PLAN)) for job in jobs])


async def claim_waiting_slices(
    db: BaseDBAsyncClient,
    job_id: str,
    worker: str,
    lease_seconds: int,
    most: int = 1,
    payload: dict[str, Any] | None = None,
) -> list[Row]:
    """Give the first waiting slices of a job (its row is locked) to `worker` under a lease, at most so many, in order.

    One that somebody has held before is given alone. A `payload` takes the place of the slices' own.
    """
    first = "SELECT id, fence FROM slices WHERE job_id = $1 AND status = 'WAITING' ORDER BY number LIMIT $2"
    rows = await fetch_rows(db, first, job_id, most)
    untouched = list(takewhile(lambda row: row["fence"] == 0, rows))
    ids = [row["id"] for row in untouched or rows[:1]]
    if not ids:
        return []
    statement = (
        "UPDATE slices SET status = 'RUNNING', worker = $1, fence = fence + 1, payload = coalesce($2, payload), "
        f"lease_expires_at = {database_now(db)} + {lease_seconds} "
        f"WHERE id IN ({placeholders(ids, 3)}) AND status = 'WAITING' RETURNING *"
    )
    given = None if payload is None else orjson.dumps(payload).decode()
    return sorted(await fetch_rows(db, statement, worker, given, *ids), key=itemgetter("number"))


def payload_of(row: Row) -> dict[str, Any]:
    """The payload of a slice's row, which SQLite has as text."""
    payload = row["payload"]
    return dict(orjson.loads(payload) if isinstance(payload, str) else payload)


async def drop_slices(db: BaseDBAsyncClient, job_id: str, status: SliceStatus) -> None:
    """The slices of a job that are in `status` will not be done."""
    await fetch_rows(
        db,
        "UPDATE slices SET status = 'DROPPED', worker = NULL, lease_expires_at = NULL "
        "WHERE job_id = $1 AND status = $2",
        job_id,
        status,
    )


async def delete_slices(db: BaseDBAsyncClient, job_id: str) -> None:
    """Remove all slices of a job."""
    await delete_in_batches(db, "slices", "job_id = $1", job_id)


async def reset_slices(db: BaseDBAsyncClient, job: Row, undone: Sequence[ItemStatus]) -> None:
    """Have those slices done again, in the job's present attempt, that have items in one of the states `undone`."""
    await execute_counted(db, "DELETE FROM slices WHERE job_id = $1 AND phase <> 'PROCESS'", job["id"])
    await execute_counted(
        db,
        "UPDATE slices SET attempt = $1, status = 'DONE', worker = NULL, crash_count = 0 WHERE job_id = $2",
        job["attempt"],
        job["id"],
    )
    has_undone_items = (
        'EXISTS (SELECT 1 FROM items i WHERE i.job_id = slices.job_id AND i."index" >= slices.first_index '
        f'AND i."index" < slices.first_index + slices.item_count AND i.status IN ({placeholders(undone, 2)}))'
    )
    again = f"UPDATE slices SET status = 'WAITING' WHERE job_id = $1 AND {has_undone_items}"
    await execute_counted(db, again, job["id"], *undone)


async def has_slices(db: BaseDBAsyncClient, job_id: str, status: SliceStatus) -> bool:
    """Whether any slice of the job is in `status`."""
    return bool(await fetch_rows(db, "SELECT 1 FROM slices WHERE job_id = $1 AND status = $2 LIMIT 1", job_id, status))


def _values_of(job: Row, new: NewSlice) -> list[Any]:
    payload = orjson.dumps(sanitise_json(new.payload)).decode()
    return [job["id"], job["attempt"], new.phase, new.number, new.first_index, new.item_count, payload]


async def running_slices() -> set[tuple[str, str]]:
    """Id and fence of every slice that somebody works on, as text."""
    rows = await fetch_rows(get_connection("default"), "SELECT id, fence FROM slices WHERE status = 'RUNNING'")
    return {(str(row["id"]), str(row["fence"])) for row in rows}


async def release_slices(db: BaseDBAsyncClient, job_id: str) -> None:
    """The running slices of a job (its row is locked) wait again; who was doing them can record nothing more."""
    freed = await fetch_rows(
        db,
        "UPDATE slices SET status = 'WAITING', worker = NULL, lease_expires_at = NULL, fence = fence + 1 "
        "WHERE job_id = $1 AND status = 'RUNNING' RETURNING first_index, item_count",
        job_id,
    )
    await release_items(db, job_id, freed)


async def release_items(db: BaseDBAsyncClient, job_id: str, freed: Iterable[Row]) -> None:
    """Nobody is at the items of slices that were freed (`first_index`, `item_count`) any more."""
    for row in freed:
        await fetch_rows(
            db,
            "UPDATE items SET status = 'PENDING', updated_at = $1 "
            'WHERE job_id = $2 AND "index" >= $3 AND "index" < $4 AND status = \'PROCESSING\'',
            now().timestamp(),
            job_id,
            row["first_index"],
            row["first_index"] + row["item_count"],
        )
