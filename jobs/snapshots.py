"""Snapshots for watchers: a job as an event and back, the jobs that a list begins with, log lines after one."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import ParamSpec, TypeVar

from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.words import JobStatus
from events.messages import Event
from jobs.outbox import UNSEEN
from jobs.queries import JobCriteria, list_jobs
from jobs.rows import job_of
from models import Job
from models import Job as JobRow
from models.database import retry_while_away
from models.listing import MAX_SIZE
from models.paging import batched, count_rows
from models.sql import Row, fetch_rows

__all__ = [
    "JobRow",
    "active_jobs",
    "in_pages",
    "is_listed",
    "is_told_anew",
    "is_told_deleted",
    "job_event",
    "job_of_event",
    "lines_after",
    "newest_change_id",
    "newest_line_id",
    "read_with_retry",
    "rows_changed_after",
]  # fmt: skip

P = ParamSpec("P")
Found = TypeVar("Found")

DATABASE_DEADLINE_SECONDS = 60.0
"""A watcher waits so long for a database that is away, and is refused then."""
_ENDED = [status for status in JobStatus if not status.is_active]
MAX_SNAPSHOT = 1_000
"""Jobs with which a watched list begins at most."""


async def read_with_retry(read: Callable[P, Awaitable[Found]], *values: P.args, **named: P.kwargs) -> Found:
    """Read for a watcher, with retry: a database that restarts ends no subscription."""
    return await retry_while_away(partial(read, *values, **named), DATABASE_DEADLINE_SECONDS)


def job_event(job: Job) -> Event:
    """The state of a job that was read, in the form in which changes arrive."""
    row = {name: getattr(job, name) for name in ("id", "owner_id", "version", "stage", "awaiting", "attempt")}
    deleted_at = job.deleted_at.timestamp() if job.deleted_at else None
    return Event("job", {**row, "status": str(job.status), "deleted_at": deleted_at})


def job_of_event(event: Event) -> Job:
    """The job whose new state the event tells, without what no subscriber sees."""
    return job_of({**event.row, **UNSEEN})


async def active_jobs(viewer: Viewer, criteria: JobCriteria, ended_since: datetime | None = None) -> list[str]:
    """The ids of the jobs of the list that are not finished, oldest first; then of those that ended since a moment."""
    listing = list_jobs(viewer, criteria)
    active = [str(status) for status in JobStatus if status.is_active]
    is_active = f"status IN ({', '.join('?' for _ in active)})"
    if ended_since is None:
        listing, order = listing.where(is_active, *active), "created_at, id"
    else:
        listing = listing.where(f"({is_active} OR finished_at >= ?)", *active, ended_since.timestamp())
        order = "finished_at IS NOT NULL, created_at, id"
    statement = f"SELECT id FROM jobs WHERE {' AND '.join(listing.conditions)} ORDER BY {order} LIMIT {MAX_SNAPSHOT}"
    return [row["id"] for row in await fetch_rows(get_connection("default"), statement, *listing.values)]


def in_pages(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids in lists, each short enough to hold its rows at once."""
    return batched(ids, MAX_SIZE)


async def is_listed(viewer: Viewer, criteria: JobCriteria, job: Job) -> bool:
    """Whether the list holds `job` as it is now; asks the database only where the list searches file names."""
    if job.deleted_at is not None:
        return False
    if not criteria.search:
        return criteria.matches(job)
    listing = list_jobs(viewer, criteria).where("id = ?", job.id)
    return await count_rows(get_connection("default"), listing) > 0


def is_told_deleted(criteria: JobCriteria, job: Job) -> bool:
    """Whether the list held `job` until it was deleted just now; a list that searches knows only what it has told before."""
    return job.deleted_at is not None and not criteria.search and criteria.matches(job)


async def is_told_anew(criteria: JobCriteria, job: Job) -> bool:
    """Whether the list held `job` until another attempt was queued; it need not have been told before, as one that was deleted."""
    is_queued = job.status is JobStatus.PENDING and job.attempt > 1 and job.started_at is None
    if not is_queued or criteria.search or not any(criteria.matches(job, ended) for ended in _ENDED):
        return False
    statement = "SELECT status FROM job_events WHERE job_id = $1 AND attempt < $2 ORDER BY id DESC LIMIT 1"
    rows = await fetch_rows(get_connection("default"), statement, job.id, job.attempt)
    return any(criteria.matches(job, JobStatus(row["status"])) for row in rows)


async def newest_change_id() -> int:
    """The id of the newest line in the history of any job; 0 where there is none."""
    rows = await fetch_rows(get_connection("default"), "SELECT max(id) AS id FROM job_events")
    return int(rows[0]["id"] or 0)


async def rows_changed_after(change_id: int, limit: int) -> list[Row]:
    """The jobs, as they are now, whose history has a line after `change_id`; at most `limit`."""
    statement = "SELECT * FROM jobs WHERE id IN (SELECT job_id FROM job_events WHERE id > $1) LIMIT $2"
    return await fetch_rows(get_connection("default"), statement, change_id, limit)


async def lines_after(job_id: str, line_id: int) -> list[Row]:
    """The lines of a job's log after one, in order."""
    statement = "SELECT * FROM log_entries WHERE job_id = $1 AND id > $2 ORDER BY id"
    return await fetch_rows(get_connection("default"), statement, job_id, line_id)


async def newest_line_id(job_id: str) -> int:
    """The id of the newest line of a job's log; 0 where it has none."""
    rows = await fetch_rows(
        get_connection("default"), "SELECT max(id) AS id FROM log_entries WHERE job_id = $1", job_id
    )
    return int(rows[0]["id"] or 0)
