"""Statistics: how many jobs of a list there are, in which status, what happened on which day, how long they ran."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.words import JobStatus
from jobs.counts import list_counts, sum_counts
from jobs.queries import JobCriteria, list_jobs
from jobs.text import sanitise
from models.fields import now
from models.job_count import NOT_ENDED
from models.listing import Listing
from models.sql import Row, fetch_rows

MAX_DAYS = 90
"""The newest days that are told, today included."""
_DAY_SECONDS = 86_400


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

    It sums up the counts where they know what is asked for, and reads each job once where they do not.

    Raises:
        Refusal: What `list_jobs` raises.
    """
    listing = list_jobs(viewer, criteria)
    if not _is_counted(criteria):
        return _statistics(await _read_each(listing))
    owner_id = criteria.owner_id if viewer.is_admin else viewer.user_id
    return _statistics(await _sum_up(owner_id, criteria))


def _is_counted(criteria: JobCriteria) -> bool:
    """Whether the counts can tell the jobs that are meant from others."""
    others = (criteria.ids, criteria.search, criteria.reference, criteria.external_ids)
    moments = [one for one in (criteria.created_after, criteria.created_before) if one is not None]
    return all(one is None for one in others) and not any(one.timestamp() % _DAY_SECONDS for one in moments)


async def _sum_up(owner_id: str | None, criteria: JobCriteria) -> list[Row]:
    listing = list_counts(None if owner_id is None else sanitise(owner_id))
    for column, wanted in (("type", criteria.types), ("kind", criteria.kinds), ("status", criteria.statuses)):
        if wanted is not None:
            listing = listing.where_in(column, [sanitise(str(one)) for one in wanted])
    if criteria.is_active is not None:
        active = [str(status) for status in JobStatus if status.is_active is criteria.is_active]
        listing = listing.where_in("status", active)
    for moment, comparison in ((criteria.created_after, ">="), (criteria.created_before, "<")):
        if moment is not None:
            listing = listing.where(f"created_on {comparison} ?", int(moment.timestamp() // _DAY_SECONDS))
    return await sum_counts(listing, ("status", "created_on", "ended_on"), is_everybody=owner_id is None)


async def _read_each(listing: Listing) -> list[Row]:
    """What `_sum_up` returns, of any jobs."""
    db = get_connection("default")
    created_on, ended_on = _day_of(db, "created_at"), _day_of(db, "finished_at")
    statement = (
        f"SELECT status, {created_on} AS created_on, coalesce({ended_on}, {NOT_ENDED}) AS ended_on, count(*) AS jobs,"
        " sum(completed_items + failed_items + skipped_items) AS items, count(finished_at - started_at) AS runs,"
        " coalesce(sum(round((finished_at - started_at) * 1000000)), 0) AS run_microseconds"
        f" FROM jobs WHERE {' AND '.join(listing.conditions)} GROUP BY 1, 2, 3"
    )
    return await fetch_rows(db, statement, *listing.values)


def _statistics(rows: list[Row]) -> Statistics:
    """Of groups of jobs that have their status and the days of their beginning and end in common."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row["status"]] += row["jobs"]
    done = [row for row in rows if row["status"] == JobStatus.COMPLETED]
    completed, failed, runs = counts[JobStatus.COMPLETED], counts[JobStatus.FAILED], sum(row["runs"] for row in done)
    return Statistics(
        total=counts.total(),
        by_status={status: counts[status] for status in JobStatus if status in counts},
        days=_days(rows, now().date()),
        average_run_seconds=sum(row["run_microseconds"] for row in done) / runs / 1e6 if runs else None,
        success_rate=completed / (completed + failed) if completed + failed else None,
    )


def _days(rows: Iterable[Row], today: date) -> dict[date, Day]:
    """By date, from the first day that has anything to the last one, of the newest `MAX_DAYS`."""
    found: defaultdict[date, Day] = defaultdict(Day)
    for row in rows:
        found[_date(row["created_on"])].created += row["jobs"]
        if row["ended_on"] != NOT_ENDED:
            day = found[_date(row["ended_on"])]
            day.items += int(row["items"])
            day.completed += row["jobs"] if row["status"] == JobStatus.COMPLETED else 0
            day.failed += row["jobs"] if row["status"] == JobStatus.FAILED else 0
    told = [one for one in found if timedelta(0) <= today - one < timedelta(days=MAX_DAYS)]
    if not told:
        return {}
    first, last = min(told), max(told)
    return {one: found[one] for one in (first + timedelta(days=n) for n in range((last - first).days + 1))}


def _date(number: float) -> date:
    return datetime.fromtimestamp(int(number) * _DAY_SECONDS, UTC).date()


def _day_of(db: Any, column: str) -> str:
    """SQL for the number of the day since 1970: PostgreSQL rounds where SQLite cuts."""
    days = f"{column} / {_DAY_SECONDS}"
    return f"floor({days})" if db.capabilities.dialect == "postgres" else f"CAST({days} AS INTEGER)"
