"""Counts of jobs and the age of the queue, for metrics."""

from tortoise.connection import get_connection

from jobs.counts import list_counts, sum_counts
from models.sql import database_now, fetch_rows

_OLDEST = (
    "SELECT min(j.queued_at) AS queued_at, {now} AS now FROM jobs j WHERE j.status IN ('PENDING', 'PROCESSING') "
    "AND j.deleted_at IS NULL AND EXISTS (SELECT 1 FROM slices s WHERE s.job_id = j.id AND s.attempt = j.attempt "
    "AND s.status = 'WAITING')"
)


async def count_jobs_by_kind() -> dict[tuple[str, str], int]:
    """The number of jobs of all owners by kind and status; what is deleted does not count."""
    rows = await sum_counts(list_counts(None), ("kind", "status"), is_everybody=True)
    return {(row["kind"], row["status"]): row["jobs"] for row in rows}


async def queue_age_seconds() -> float:
    """Seconds since the job was queued whose waiting slice has waited longest; 0 where none waits."""
    db = get_connection("default")
    (row,) = await fetch_rows(db, _OLDEST.format(now=database_now(db)))
    queued_at = row["queued_at"]
    return max(0.0, float(row["now"]) - float(queued_at)) if queued_at is not None else 0.0
