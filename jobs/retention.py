"""How long inputs are kept: from their end, or from that of the last job that used them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from base.errors import ErrorCode, Refusal
from base.words import JobStatus
from jobs.rows import fetch
from models import Upload
from models.fields import now
from uploads.lifecycle import expire_finished
from uploads.receiver import AfterCommit, Receiver
from uploads.rows import places_for

_AT_ONCE = 500
_ACTIVE = sorted(status for status in JobStatus if status.is_active)


@dataclass(frozen=True)
class Use:
    """What jobs make of an upload: whether one is active, and when the last one ended."""

    is_active: bool = False
    ended_at: datetime | None = None

    def end_of(self, finished_at: datetime, retention: timedelta) -> datetime | None:
        """When an upload that was finished then may be removed; None as long as a job is active."""
        return None if self.is_active else max(finished_at, self.ended_at or finished_at) + retention


async def uses_of_uploads(upload_ids: Sequence[str]) -> list[Use]:
    """What jobs make of each of these uploads."""
    active = places_for(_ACTIVE, len(upload_ids) + 1)
    statement = (
        f"SELECT w.upload_id, max(CASE WHEN j.status IN ({active}) THEN 1 ELSE 0 END) AS is_active,"
        " max(j.finished_at) AS ended_at FROM job_uploads w JOIN jobs j ON j.id = w.job_id"
        f" WHERE w.upload_id IN ({places_for(upload_ids)}) GROUP BY w.upload_id"
    )
    rows = await fetch(get_connection("default"), statement, *upload_ids, *_ACTIVE)
    uses = {row["upload_id"]: Use(bool(row["is_active"]), _moment(row["ended_at"])) for row in rows}
    return [uses.get(upload_id, Use()) for upload_id in upload_ids]


async def sweep_inputs(receiver: Receiver, retention: timedelta) -> int:
    """Expire the finished uploads whose time is over, and remove their bytes; how many these were.

    An upload that an active job uses is not touched, nor is one that a concatenation is made of.
    """
    cutoff = (now() - retention).timestamp()
    active = places_for(_ACTIVE, 3)
    statement = (
        "SELECT u.id FROM uploads u WHERE u.status = 'COMPLETED' AND u.updated_at <= $1"
        " AND NOT EXISTS (SELECT 1 FROM job_uploads w JOIN jobs j ON j.id = w.job_id WHERE w.upload_id = u.id"
        f" AND (j.status IN ({active}) OR j.finished_at > $2))"
        " AND NOT EXISTS (SELECT 1 FROM upload_parts p JOIN uploads f ON f.id = p.final_id WHERE p.part_id = u.id"
        f" AND f.status IN ('FINALISING', 'COMPLETED')) ORDER BY u.updated_at LIMIT {_AT_ONCE}"
    )
    rows = await fetch(get_connection("default"), statement, cutoff, cutoff, *_ACTIVE)
    count = 0
    for row in rows:
        try:
            count += await expire_finished(receiver, row["id"], check_unused)
        except Refusal:  # a job has begun to use it meanwhile
            continue
    return count


async def check_unused(db: BaseDBAsyncClient, upload: Upload) -> AfterCommit:
    """Refuse to let go of an upload that an active job uses; runs inside the upload's own transaction.

    Raises:
        Refusal: INVALID_STATE.
    """
    statement = (
        "SELECT 1 FROM job_uploads w JOIN jobs j ON j.id = w.job_id"
        f" WHERE w.upload_id = $1 AND j.status IN ({places_for(_ACTIVE, 2)}) LIMIT 1"
    )
    if await fetch(db, statement, upload.id, *_ACTIVE):
        raise Refusal(ErrorCode.INVALID_STATE, "A job is using this upload.")
    return _nothing


async def _nothing() -> None:
    """There is nothing to tell."""


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=now().tzinfo)
