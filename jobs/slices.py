"""Rows of slices: adding and dropping them, and whether anybody works on one; `claims.py` gives them to workers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from base.words import SlicePhase, SliceStatus
from jobs.outbox import Row
from jobs.rows import fetch
from jobs.text import storable_json
from models.database import sql

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
    rows = [
        [
            job["id"], job["attempt"], one.phase, one.number, one.first_index, one.item_count,
            orjson.dumps(storable_json(one.payload)).decode(),
        ]
        for one in new
    ]  # fmt: skip
    await db.execute_many(sql(db, _INSERT), rows)


async def drop_slices(db: BaseDBAsyncClient, job_id: str, status: SliceStatus) -> None:
    """The slices of a job that are in `status` will not be done."""
    await fetch(
        db,
        "UPDATE slices SET status = 'DROPPED', worker = NULL, lease_expires_at = NULL "
        "WHERE job_id = $1 AND status = $2",
        job_id,
        status,
    )


async def has_slices(db: BaseDBAsyncClient, job_id: str, status: SliceStatus) -> bool:
    """Whether any slice of the job is in `status`."""
    return bool(await fetch(db, "SELECT 1 FROM slices WHERE job_id = $1 AND status = $2 LIMIT 1", job_id, status))


async def running_slices() -> set[tuple[str, str]]:
    """Id and fence of every slice that somebody works on, as text."""
    rows = await fetch(get_connection("default"), "SELECT id, fence FROM slices WHERE status = 'RUNNING'")
    return {(str(row["id"]), str(row["fence"])) for row in rows}


async def free_slices(db: BaseDBAsyncClient, job_id: str) -> None:
    """The running slices of a job (its row is locked) wait again; who was doing them can record nothing more."""
    await fetch(
        db,
        "UPDATE slices SET status = 'WAITING', worker = NULL, lease_expires_at = NULL, fence = fence + 1 "
        "WHERE job_id = $1 AND status = 'RUNNING'",
        job_id,
    )
