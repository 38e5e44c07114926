"""How many jobs there are, and how long work has waited: for whoever watches over the server."""

from tortoise.connection import get_connection

from models.database import database_now, sql

_COUNTS = "SELECT kind, status, count(*) AS count FROM jobs WHERE deleted_at IS NULL GROUP BY kind, status"
_OLDEST = (
    "SELECT min(j.queued_at) AS queued_at, {now} AS now FROM jobs j WHERE j.status IN ('PENDING', 'PROCESSING') "
    "AND j.deleted_at IS NULL AND EXISTS (SELECT 1 FROM slices s WHERE s.job_id = j.id AND s.attempt = j.attempt "
    "AND s.status = 'WAITING')"
)


async def count_jobs_by_kind() -> dict[tuple[str, str], int]:
    """The number of jobs of all owners by kind and status; what is deleted does not count."""
    rows = await get_connection("default").execute_query_dict(_COUNTS)
    return {(row["kind"], row["status"]): row["count"] for row in rows}


async def queue_age_seconds() -> float:
    """Seconds since the job was queued whose waiting slice has waited longest; 0 where none waits."""
    db = get_connection("default")
    (row,) = await db.execute_query_dict(sql(db, _OLDEST.format(now=database_now(db))))
    queued_at = row["queued_at"]
    return max(0.0, float(row["now"]) - float(queued_at)) if queued_at is not None else 0.0
