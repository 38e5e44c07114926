"""Statistics: how many jobs of a list there are, in which status, what happened on which day, how long they ran."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.words import JobStatus
from jobs.queries import JobCriteria, list_jobs
from jobs.rows import fetch
from models.fields import now

MAX_DAYS = 90
"""The newest days that are told, today included."""
_DAY_SECONDS = 86_400
_NO_DAY = "CAST(NULL AS DOUBLE PRECISION)"


@dataclass(slots=True)
class Day:
    """What happened on one day (UTC): jobs created, completed and failed, and the items of those that ended."""

    created: int = 0
    completed: int = 0
    failed: int = 0
    items: int = 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """`by_status` in the order of JobStatus, without those that no job has; `days` oldest first, without gaps."""

    total: int
    by_status: dict[JobStatus, int]
    days: dict[date, Day]
    average_run_seconds: float | None
    success_rate: float | None


async def measure_jobs(viewer: Viewer, criteria: JobCriteria) -> Statistics:
    """The statistics of the jobs that `list_jobs` lists, with one statement.

    Raises:
        Refusal: What `list_jobs` raises.
    """
    db = get_connection("default")
    listing = list_jobs(viewer, criteria)
    where = " AND ".join(listing.conditions)
    created_on, ended_on = _day_of(db, "created_at"), _day_of(db, "finished_at")
    statement = (
        # In this form no index is chosen for the grouping: the list's own has all the columns.
        f"SELECT coalesce(status, '') AS status, {_NO_DAY} AS created_on, {_NO_DAY} AS ended_on, count(*) AS jobs, 0 AS completed,"
        f" 0 AS failed, 0 AS items, 0.0 AS seconds, 0 AS runs FROM jobs WHERE {where} GROUP BY coalesce(status, '')"
        f" UNION ALL SELECT NULL, {created_on}, NULL, count(*), 0, 0, 0, 0.0, 0"
        f" FROM jobs WHERE {where} GROUP BY {created_on}"
        f" UNION ALL SELECT NULL, NULL, {ended_on}, count(*), {_count('COMPLETED')}, {_count('FAILED')},"
        " sum(completed_items + failed_items + skipped_items),"
        " coalesce(sum(CASE WHEN status = 'COMPLETED' THEN finished_at - started_at END), 0.0),"
        " count(CASE WHEN status = 'COMPLETED' THEN started_at END)"
        f" FROM jobs WHERE {where} AND finished_at IS NOT NULL GROUP BY {ended_on}"
    )
    return _statistics(await fetch(db, statement, *listing.values))


def _statistics(rows: list[dict[str, Any]]) -> Statistics:
    counts = {row["status"]: row["jobs"] for row in rows if row["status"] is not None}
    completed, failed = counts.get(JobStatus.COMPLETED, 0), counts.get(JobStatus.FAILED, 0)
    runs = sum(row["runs"] for row in rows)
    return Statistics(
        total=sum(counts.values()),
        by_status={status: counts[status] for status in JobStatus if status in counts},
        days=_days(rows, now().date()),
        average_run_seconds=sum(row["seconds"] for row in rows) / runs if runs else None,
        success_rate=completed / (completed + failed) if completed + failed else None,
    )


def _days(rows: Iterable[dict[str, Any]], today: date) -> dict[date, Day]:
    """By date, from the first day that has anything to the last one, of the newest `MAX_DAYS`."""
    found: defaultdict[date, Day] = defaultdict(Day)
    for row in rows:
        if row["created_on"] is not None:
            found[_date(row["created_on"])].created = row["jobs"]
        if row["ended_on"] is not None:
            day = found[_date(row["ended_on"])]
            day.completed, day.failed, day.items = row["completed"], row["failed"], int(row["items"])
    told = [one for one in found if timedelta(0) <= today - one < timedelta(days=MAX_DAYS)]
    if not told:
        return {}
    first, last = min(told), max(told)
    return {one: found[one] for one in (first + timedelta(days=n) for n in range((last - first).days + 1))}


def _count(status: str) -> str:
    return f"sum(CASE WHEN status = '{status}' THEN 1 ELSE 0 END)"


def _date(number: float) -> date:
    return datetime.fromtimestamp(int(number) * _DAY_SECONDS, UTC).date()


def _day_of(db: Any, column: str) -> str:
    """SQL for the number of the day since 1970: PostgreSQL rounds where SQLite cuts."""
    days = f"{column} / {_DAY_SECONDS}"
    return f"floor({days})" if db.capabilities.dialect == "postgres" else f"CAST({days} AS INTEGER)"
