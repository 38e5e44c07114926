"""What watchers of jobs need: a job as an event and back, the jobs that a list begins with, log lines after one."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ParamSpec, TypeVar

from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.words import JobStatus
from events.messages import Event
from jobs.moves import job_of
from jobs.outbox import Row
from jobs.queries import JobCriteria, list_jobs
from jobs.rows import fetch
from models import Job
from models import Job as JobRow
from models.database import once_reachable
from models.paging import count_rows

__all__ = [
    "JobRow", "active_jobs", "is_listed", "is_told_deleted", "job_event", "job_of_event", "lines_after", "newest_change_id",
    "newest_line_id", "rows_changed_after", "steadily",
]  # fmt: skip

P = ParamSpec("P")
Found = TypeVar("Found")

PATIENCE_SECONDS = 60.0
"""A watcher waits so long for a database that is away, and is refused then."""
MAX_SNAPSHOT = 1_000
"""Jobs with which a watched list begins at most."""


async def steadily(read: Callable[P, Awaitable[Found]], *values: P.args, **named: P.kwargs) -> Found:
    """What `read` finds for a watcher: a database that restarts ends no subscription."""
    return await once_reachable(partial(read, *values, **named), PATIENCE_SECONDS)


def job_event(job: Job) -> Event:
    """The state of a job that was read, in the form in which changes arrive."""
    row = {name: getattr(job, name) for name in ("id", "owner_id", "version", "stage", "awaiting", "attempt")}
    deleted_at = job.deleted_at.timestamp() if job.deleted_at else None
    return Event("job", {**row, "status": str(job.status), "deleted_at": deleted_at})


def job_of_event(event: Event) -> Job:
    """The job whose new state the event tells."""
    return job_of(event.row)


async def active_jobs(viewer: Viewer, criteria: JobCriteria) -> list[Job]:
    """The jobs of the list that are not finished, oldest first."""
    listing = list_jobs(viewer, criteria)
    active = [status for status in JobStatus if status.is_active]
    listing = listing.where(f"status IN ({', '.join('?' for _ in active)})", *(str(status) for status in active))
    statement = (
        f"SELECT * FROM jobs WHERE {' AND '.join(listing.conditions)} ORDER BY created_at, id LIMIT {MAX_SNAPSHOT}"
    )
    return [job_of(row) for row in await fetch(get_connection("default"), statement, *listing.values)]


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


async def newest_change_id() -> int:
    """The id of the newest line in the history of any job; 0 where there is none."""
    rows = await fetch(get_connection("default"), "SELECT max(id) AS id FROM job_events")
    return int(rows[0]["id"] or 0)


async def rows_changed_after(change_id: int, limit: int) -> list[Row]:
    """The jobs, as they are now, whose history has a line after `change_id`; at most `limit`."""
    statement = "SELECT * FROM jobs WHERE id IN (SELECT job_id FROM job_events WHERE id > $1) LIMIT $2"
    return await fetch(get_connection("default"), statement, change_id, limit)


async def lines_after(job_id: str, line_id: int) -> list[Row]:
    """The lines of a job's log after one, in order."""
    statement = "SELECT * FROM log_entries WHERE job_id = $1 AND id > $2 ORDER BY id"
    return await fetch(get_connection("default"), statement, job_id, line_id)


async def newest_line_id(job_id: str) -> int:
    """The id of the newest line of a job's log; 0 where it has none."""
    rows = await fetch(get_connection("default"), "SELECT max(id) AS id FROM log_entries WHERE job_id = $1", job_id)
    return int(rows[0]["id"] or 0)
