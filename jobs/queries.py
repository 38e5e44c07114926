"""Reads: who may see which jobs, filters, orders, pages, and what belongs to a job, in batches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, JobType
from jobs.rows import job_of
from jobs.text import sanitise
from models import Job
from models.ids import type_of_id
from models.listing import MAX_SIZE, KeyType, Listing, Page, Window, check_length, unsought
from models.paging import batched, read_all, read_page, read_pages
from models.search import CUT, contains_pattern
from models.sql import fetch_rows
from uploads.metadata import MAX_EXTERNAL_IDS

_NOT_FOUND = {
    "task": ErrorCode.TASK_NOT_FOUND,
    "batch": ErrorCode.BATCH_NOT_FOUND,
    "download": ErrorCode.DOWNLOAD_NOT_FOUND,
}
_MAX_IN_LIST = 500
_MAX_SEARCH = 500
_AT_ONCE = 100
"""Jobs whose options one statement reads: at most 64 KiB each, unless a processor takes longer ones."""

T = TypeVar("T")


class JobOrderField(StrEnum):
    """What a list of jobs can be ordered by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    TITLE = "TITLE"
    STATUS = "STATUS"
    PRIORITY = "PRIORITY"


ALL = frozenset(Job._meta.db_fields)  # noqa: SLF001  the ORM's list of columns
LISTED = ALL - {"options", "search_text", "summary"}
"""All but what can be long: `options_of_jobs` and `summaries_of_jobs` read that of whichever job is asked for it."""
_ALWAYS = frozenset({"id", "type", "owner_id"})
_KEPT_SELECTIONS = 1_024
_ORDER_KEYS = {
    JobOrderField.CREATED_AT: ("created_at", KeyType.FLOAT),
    JobOrderField.UPDATED_AT: ("updated_at", KeyType.FLOAT),
    JobOrderField.TITLE: ("coalesce(title, '')", KeyType.TEXT),
    JobOrderField.STATUS: ("status", KeyType.TEXT),
    JobOrderField.PRIORITY: ("priority", KeyType.INT4),
}


@dataclass(frozen=True, slots=True)
class JobCriteria:
    """Which jobs: every criterion that is set must hold."""

    ids: Sequence[str] | None = None
    types: Sequence[JobType] | None = None
    kinds: Sequence[str] | None = None
    statuses: Sequence[JobStatus] | None = None
    is_active: bool | None = None
    search: str | None = None
    reference: str | None = None
    external_ids: Sequence[str] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    owner_id: str | None = None

    def __post_init__(self) -> None:
        """White space around a search, and more than one within, says nothing; a search for nothing is none."""
        object.__setattr__(self, "search", " ".join(sanitise(self.search or "").split()) or None)

    def matches(self, job: Job, status: JobStatus | None = None) -> bool:
        """Whether `job`, or what it was in another `status`, is among them, `search` aside: that needs the database."""
        status = status or job.status
        return all(
            (
                self.ids is None or job.id in self.ids,
                self.types is None or job.type in self.types,
                self.kinds is None or job.kind in self.kinds,
                self.statuses is None or status in self.statuses,
                self.is_active is None or status.is_active is self.is_active,
                self.reference is None or job.reference == self.reference,
                self.external_ids is None or job.external_id in self.external_ids,
                self.created_after is None or job.created_at >= self.created_after,
                self.created_before is None or job.created_at < self.created_before,
                self.owner_id is None or job.owner_id == self.owner_id,
            )
        )


async def find_job(viewer: Viewer, job_id: str, type_: JobType | None = None, columns: frozenset[str] = ALL) -> Job:
    """The job, if it exists for this viewer, with these of its columns.

    Raises:
        Refusal: INVALID_ID; *_NOT_FOUND, the same for a job that does not exist and one that belongs to somebody else.
    """
    named_type = type_of_id(job_id)
    job = await read_job(job_id, columns) if named_type in _NOT_FOUND else None
    if job is None or not viewer.may_see(job.owner_id) or (type_ and job.type is not type_):
        raise job_not_found(type_.lower() if type_ else named_type)
    return job


async def read_job(job_id: str, columns: frozenset[str] = ALL) -> Job | None:
    """The job, whoever may see it; None where it does not exist, or is deleted."""
    statement = f"SELECT {select_list(columns)} FROM jobs WHERE id = $1 AND deleted_at IS NULL"
    rows = await fetch_rows(get_connection("default"), statement, job_id)
    return job_of(rows[0]) if rows else None


@lru_cache(_KEPT_SELECTIONS)
def select_list(columns: frozenset[str]) -> str:
    """What follows SELECT for these columns of a job, and for those that say who may see it and what it is."""
    return ", ".join(sorted(columns | _ALWAYS))


def job_not_found(type_: str) -> Refusal:
    """One answer for one that is not there and one that belongs to somebody else; `type_` as ids begin."""
    wanted = type_ if type_ in _NOT_FOUND else "job"
    return Refusal(_NOT_FOUND.get(wanted, ErrorCode.NOT_FOUND), f"There is no such {wanted}.")


async def find_jobs(viewer: Viewer, job_ids: Sequence[str]) -> list[Job | Refusal]:
    """Each job as `find_job` does, without its options, or why there is none."""
    found = {job.id: job for job in await read_jobs(viewer, job_ids)}
    return [found.get(id_) or job_not_found(type_of_id(id_)) for id_ in job_ids]


async def read_jobs(viewer: Viewer, job_ids: Iterable[str]) -> list[Job]:
    """Those of the jobs that exist for this viewer, without their options, in the order of `job_ids`."""
    ids = list(dict.fromkeys(job_ids))
    found: dict[str, Job] = {}
    for part in batched(ids, _MAX_IN_LIST):
        listing = Listing("jobs", (), (), select_list(LISTED)).where("deleted_at IS NULL").where_in("id", part)
        rows = await read_all(get_connection("default"), listing)
        found |= {row["id"]: job_of(row) for row in rows if viewer.may_see(row["owner_id"])}
    return [found[id_] for id_ in ids if id_ in found]


async def options_of_jobs(job_ids: Sequence[str], most: int) -> list[str]:
    """The options of each job as the JSON text that is stored: to hand on, not to parse.

    Once there are more than `most` characters no more is read: so much no answer takes, and it is refused for those alone.
    """
    found: dict[str, str] = {}
    size = 0
    for part in batched(dict.fromkeys(job_ids), _AT_ONCE):
        if size > most:
            break
        rows = await read_all(get_connection("default"), Listing("jobs", (), (), "id, options").where_in("id", part))
        found |= {row["id"]: row["options"] for row in rows}
        size += sum(len(row["options"]) for row in rows)
    return [found.get(id_, "{}") for id_ in job_ids]


async def summaries_of_jobs(job_ids: Sequence[str]) -> list[dict[str, Any] | None]:
    """For each job what its planning found out about the whole; None before that, and where its kind tells nothing."""
    jobs = await Job.filter(id__in=set(job_ids)).only("id", "summary")
    found = {job.id: job.summary for job in jobs}
    return [found.get(id_) for id_ in job_ids]


def list_jobs(
    viewer: Viewer,
    criteria: JobCriteria,
    order: JobOrderField = JobOrderField.CREATED_AT,
    *,
    is_descending: bool = True,
    columns: frozenset[str] = LISTED,
) -> Listing:
    """The jobs that the viewer may see and that match, with these of their columns.

    Raises:
        Refusal: FORBIDDEN where somebody who is no admin names another owner; BAD_INPUT for a list that is too long.
    """
    key, key_type = _ORDER_KEYS[order]
    types = (key_type, KeyType.TEXT)
    listing = Listing(
        "jobs", (key, "id"), types, select_list(columns), is_descending=is_descending, is_found_first=True
    )
    listing = listing.where("deleted_at IS NULL")
    owner_id = criteria.owner_id if viewer.is_admin else viewer.user_id
    if not viewer.is_admin and criteria.owner_id not in {None, viewer.user_id}:
        raise Refusal(ErrorCode.FORBIDDEN, "Only admins may ask for other owners' jobs.", "filter.ownerId")
    if owner_id is not None:
        owner = "owner_id" if criteria.external_ids is None else unsought("owner_id")
        listing = listing.where(f"{owner} = ?", sanitise(owner_id))
    for name, column, values, most in (
        ("ids", "id", criteria.ids, _MAX_IN_LIST),
        ("types", unsought("type"), criteria.types, _MAX_IN_LIST),
        ("kinds", unsought("kind"), criteria.kinds, _MAX_IN_LIST),
        ("statuses", unsought("status"), criteria.statuses, _MAX_IN_LIST),
        ("externalIds", "external_id", criteria.external_ids, MAX_EXTERNAL_IDS),
    ):
        if values is not None:
            check_length(f"filter.{name}", values, most)
            listing = listing.where_in(column, [sanitise(str(value)) for value in values])
    return _narrow(listing, criteria)


async def page_jobs(listing: Listing, window: Window) -> Page:
    """Part of a list of jobs."""
    return await read_page(get_connection("default"), listing, window)


async def pages_of(listing: Listing, parent_ids: Sequence[str], window: Window) -> list[Page]:
    """The same part of the list of each parent; see `read_pages`."""
    return await read_pages(get_connection("default"), listing, parent_ids, window)


async def jobs_of_uploads(viewer: Viewer, upload_ids: Sequence[str]) -> list[list[Job]]:
    """For each upload the newest 100 jobs that use it and that the viewer may see, newest first; each job is read once."""
    ids = list(dict.fromkeys(upload_ids))
    pages = await pages_of(_list_users(viewer), ids, Window(first=MAX_SIZE))
    used = {id_: [row["job_id"] for row in page.rows] for id_, page in zip(ids, pages, strict=True)}
    jobs = {job.id: job for job in await read_jobs(viewer, chain.from_iterable(used.values()))}
    return [[jobs[job_id] for job_id in used[id_] if job_id in jobs] for id_ in upload_ids]


def _list_users(viewer: Viewer) -> Listing:
    """The ids of the jobs that use each upload; an admin may use somebody else's: that job is the admin's alone."""
    source = "job_uploads w JOIN jobs j ON j.id = w.job_id"
    listing = Listing(
        source, ("w.id",), (KeyType.INT8,), "w.job_id", is_descending=True, parent="w.upload_id", row_id="w.id"
    )
    listing = listing.where("j.deleted_at IS NULL")
    return listing if viewer.is_admin else listing.where("j.owner_id = ?", viewer.user_id)


def _narrow(listing: Listing, criteria: JobCriteria) -> Listing:
    if criteria.is_active is not None:
        wanted = [str(status) for status in JobStatus if status.is_active is criteria.is_active]
        listing = listing.where_in(unsought("status"), wanted)
    if criteria.search:
        if len(criteria.search) > _MAX_SEARCH:
            raise Refusal(ErrorCode.BAD_INPUT, f"A search has at most {_MAX_SEARCH} characters.", "filter.search")
        listing = _where_contains(listing, criteria.search)
    if criteria.reference is not None:
        listing = listing.where("reference = ?", sanitise(criteria.reference))
    if criteria.created_after is not None:
        listing = listing.where("created_at >= ?", criteria.created_after.timestamp())
    if criteria.created_before is not None:
        listing = listing.where("created_at < ?", criteria.created_before.timestamp())
    return listing


def _where_contains(listing: Listing, search: str) -> Listing:
    """A job that has more names than its text has room for is searched in its rows, by the database's own lower()."""
    pattern = contains_pattern(sanitise(search))
    return listing.where(
        r"(search_text LIKE ? ESCAPE '\' OR (search_text LIKE ? AND EXISTS (SELECT 1 FROM jobs cut LEFT JOIN job_uploads w "
        r"ON w.job_id = cut.id LEFT JOIN uploads u ON u.id = w.upload_id WHERE cut.id = jobs.id "
        r"AND (lower(cut.title) LIKE ? ESCAPE '\' OR lower(u.filename) LIKE ? ESCAPE '\'))))",
        pattern,
        f"{CUT}%",
        pattern,
        pattern,
    )


def grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    """Values by key, in their order."""
    groups: dict[str, list[T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups
