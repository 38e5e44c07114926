"""Retention of inputs, results and jobs.

Inputs count from the end of the last job that used them, results and jobs from their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.settings import Settings
from base.words import JobStatus
from events.hub import Publisher
from jobs.outbox import job_changed_event
from jobs.purge import RemoveElsewhere, remove_job
from jobs.rows import change_job, lock_job
from models import Upload
from models.fields import now
from models.sql import Row, fetch_rows, placeholders
from storage.ports import BlobStore
from uploads.lifecycle import expire_finished
from uploads.removal import drop_uploads
from uploads.rows import GONE
from uploads.wiring import AfterCommit, UploadServices

_AT_ONCE = 500
_JOBS_AT_ONCE = 50
_ACTIVE = sorted(status for status in JobStatus if status.is_active)


@dataclass(frozen=True)
class Retention:
    """How long is kept what jobs worked on, what they made, and they themselves, each from the end of a job."""

    inputs: timedelta
    results: timedelta
    jobs: timedelta

    @classmethod
    def of(cls, settings: Settings) -> "Retention":
        """As the settings say."""
        return cls(settings.retention_inputs, settings.retention_results, settings.retention_jobs)

    def end_of_results(self, finished_at: datetime | None) -> datetime | None:
        """When the results of a job go that ended then; None for one that is active. They do not outlive the job."""
        return None if finished_at is None else finished_at + min(self.results, self.jobs)

    def end_of_job(self, finished_at: datetime | None) -> datetime | None:
        """When a job goes that ended then; None for one that is active."""
        return None if finished_at is None else finished_at + self.jobs


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
    active = placeholders(_ACTIVE, len(upload_ids) + 1)
    statement = (
        f"SELECT w.upload_id, max(CASE WHEN j.status IN ({active}) THEN 1 ELSE 0 END) AS is_active,"
        " max(j.finished_at) AS ended_at FROM job_uploads w JOIN jobs j ON j.id = w.job_id"
        f" WHERE w.upload_id IN ({placeholders(upload_ids)}) GROUP BY w.upload_id"
    )
    rows = await fetch_rows(get_connection("default"), statement, *upload_ids, *_ACTIVE)
    uses = {row["upload_id"]: Use(bool(row["is_active"]), _moment(row["ended_at"])) for row in rows}
    return [uses.get(upload_id, Use()) for upload_id in upload_ids]


async def sweep_inputs(upload_services: UploadServices, retention: timedelta) -> int:
    """Expire the finished uploads whose time is over, and remove their bytes; how many these were.

    An upload that an active job uses is not touched, nor is one that a concatenation is made of.
    """
    cutoff = (now() - retention).timestamp()
    active = placeholders(_ACTIVE, 3)
    statement = (
        "SELECT u.id FROM uploads u WHERE u.status = 'COMPLETED' AND u.updated_at <= $1"
        " AND NOT EXISTS (SELECT 1 FROM job_uploads w JOIN jobs j ON j.id = w.job_id WHERE w.upload_id = u.id"
        f" AND (j.status IN ({active}) OR j.finished_at > $2))"
        " AND NOT EXISTS (SELECT 1 FROM upload_parts p JOIN uploads f ON f.id = p.final_id WHERE p.part_id = u.id"
        f" AND f.status IN ('FINALISING', 'COMPLETED')) ORDER BY u.updated_at LIMIT {_AT_ONCE}"
    )
    rows = await fetch_rows(get_connection("default"), statement, cutoff, cutoff, *_ACTIVE)
    count = 0
    for row in rows:
        try:
            count += await expire_finished(upload_services, row["id"], check_unused)
        except Refusal:  # a job has begun to use it meanwhile
            continue
    return count


async def owners_of_jobs(user_ids: Sequence[str]) -> set[str]:
    """Those of the users who have a job, deleted or not, as long as there is a row of it."""
    statement = f"SELECT DISTINCT owner_id FROM jobs WHERE owner_id IN ({placeholders(user_ids)})"
    return {row["owner_id"] for row in await fetch_rows(get_connection("default"), statement, *user_ids)}


async def ends_of_jobs(job_ids: Sequence[str]) -> list[datetime | None]:
    """When each of these jobs ended; None for one that is active."""
    statement = f"SELECT id, finished_at FROM jobs WHERE id IN ({placeholders(job_ids)})"
    rows = await fetch_rows(get_connection("default"), statement, *job_ids)
    ends = {row["id"]: _moment(row["finished_at"]) for row in rows}
    return [ends.get(job_id) for job_id in job_ids]


async def sweep_results(storage: BlobStore, retention: timedelta) -> int:
    """Let go of the results and reports whose time is over, and remove their bytes; of how many.

    First the rows say that they are gone, then the bytes go, and then the rows say so: whoever is stopped in between
    is made good by the next sweep.
    """
    db = get_connection("default")
    cutoff = (now() - retention).timestamp()
    statement = (
        "SELECT DISTINCT f.job_id FROM files f JOIN jobs j ON j.id = f.job_id WHERE f.is_stored = TRUE"
        f" AND f.role IN ('RESULT', 'REPORT') AND f.expires_at IS NULL AND f.created_at <= $1"
        f" AND j.finished_at <= $2 LIMIT {_AT_ONCE}"
    )
    for row in await fetch_rows(db, statement, cutoff, cutoff):
        await _expire_results(row["job_id"], cutoff)
    statement = (
        "SELECT id, storage_key FROM files WHERE is_stored = TRUE AND role IN ('RESULT', 'REPORT')"
        f" AND expires_at <= $1 LIMIT {_AT_ONCE}"
    )
    rows = await fetch_rows(db, statement, now().timestamp())
    for row in rows:
        await storage.remove(row["storage_key"])
    if rows:
        ids = [row["id"] for row in rows]
        await fetch_rows(db, f"UPDATE files SET is_stored = FALSE WHERE id IN ({placeholders(ids)}) RETURNING id", *ids)
    return len(rows)


async def sweep_ended_jobs(
    storage: BlobStore, publisher: Publisher, retention: timedelta, remove_elsewhere: RemoveElsewhere
) -> int:
    """Remove the jobs whose time is over with all that is theirs; how many these were.

    First a job is deleted for everybody, then its bytes go, and then its rows, its own last: whoever is stopped in
    between is made good by the next sweep.
    """
    cutoff = (now() - retention).timestamp()
    statement = f"SELECT id FROM jobs WHERE finished_at <= $1 ORDER BY finished_at LIMIT {_JOBS_AT_ONCE}"
    count = 0
    for row in await fetch_rows(get_connection("default"), statement, cutoff):
        count += await _remove_ended(row["id"], cutoff, storage, publisher, remove_elsewhere)
    return count


async def sweep_gone_uploads(retention: timedelta) -> int:
    """Remove the rows of uploads that have been gone for so long and that no job names any more; how many these were."""
    gone = sorted(GONE)
    chosen = (
        f"SELECT u.id FROM uploads u WHERE u.status IN ({placeholders(gone, 2)}) AND u.updated_at <= $1"
        " AND u.is_stored = FALSE AND NOT EXISTS (SELECT 1 FROM job_uploads w WHERE w.upload_id = u.id)"
        " AND NOT EXISTS (SELECT 1 FROM upload_parts p JOIN uploads f ON f.id = p.final_id WHERE p.part_id = u.id"
        f" AND f.status IN ('FINALISING', 'COMPLETED')) ORDER BY u.updated_at LIMIT {_AT_ONCE}"
    )
    async with in_transaction() as db:
        rows = await fetch_rows(db, chosen, (now() - retention).timestamp(), *gone)
        ids = [row["id"] for row in rows]
        await drop_uploads(db, ids)
    return len(ids)


async def check_unused(db: BaseDBAsyncClient, upload: Upload) -> AfterCommit:
    """Refuse to let go of an upload that an active job uses; runs inside the upload's own transaction.

    Raises:
        Refusal: INVALID_STATE.
    """
    statement = (
        "SELECT 1 FROM job_uploads w JOIN jobs j ON j.id = w.job_id"
        f" WHERE w.upload_id = $1 AND j.status IN ({placeholders(_ACTIVE, 2)}) LIMIT 1"
    )
    if await fetch_rows(db, statement, upload.id, *_ACTIVE):
        raise Refusal(ErrorCode.INVALID_STATE, "A job is using this upload.")
    return _nothing


async def _expire_results(job_id: str, cutoff: float) -> None:
    """In one transaction with the job's row locked: a retry that comes first keeps them."""
    async with in_transaction() as db:
        if not _is_over(await lock_job(db, job_id), cutoff):
            return
        statement = (
            "UPDATE files SET expires_at = $1 WHERE job_id = $2 AND role IN ('RESULT', 'REPORT')"
            " AND expires_at IS NULL RETURNING id"
        )
        await fetch_rows(db, statement, now().timestamp(), job_id)


async def _remove_ended(
    job_id: str, cutoff: float, storage: BlobStore, publisher: Publisher, remove_elsewhere: RemoveElsewhere
) -> bool:
    async with in_transaction() as db:
        job = await lock_job(db, job_id)
        if job is None or not _is_over(job, cutoff):
            return False
        columns = {"deleted_at": job["deleted_at"] or now().timestamp(), "external_id": None}
        deleted = await change_job(db, job_id, {JobStatus(job["status"])}, **columns)
    if deleted is not None and job["deleted_at"] is None:
        await publisher.publish(job_changed_event({**deleted, "external_id": job["external_id"]}))
    await remove_job(job_id, storage, remove_elsewhere)
    return True


def _is_over(job: Row | None, cutoff: float) -> bool:
    """Whether the job (locked) ended before `cutoff` and has not begun again."""
    if job is None or JobStatus(job["status"]).is_active or job["finished_at"] is None:
        return False
    return bool(job["finished_at"] <= cutoff)


async def _nothing() -> None:
    """There is nothing to tell."""


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=now().tzinfo)
