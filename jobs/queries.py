"""Reads: who may see which jobs, filters, orders, pages, and what belongs to a job, in batches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, JobStatus, JobType, LogLevel
from jobs.text import storable
from models import File, Item, Job, JobUpload, Upload
from models.database import sql
from models.ids import type_of_id
from models.paging import KeyType, Listing, Page, Window, count_each, read_page, read_pages
from models.search import CUT, contains_pattern
from uploads.queries import LISTED

_NOT_FOUND = {
    "task": ErrorCode.TASK_NOT_FOUND,
    "batch": ErrorCode.BATCH_NOT_FOUND,
    "download": ErrorCode.DOWNLOAD_NOT_FOUND,
}
_MAX_IN_LIST = 500
_MAX_SEARCH = 500
_NO_OPTIONS = "'{}' AS options"

T = TypeVar("T")


class JobOrderField(StrEnum):
    """What a list of jobs can be ordered by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    TITLE = "TITLE"
    STATUS = "STATUS"
    PRIORITY = "PRIORITY"


_LISTED = [column for column in Job._meta.db_fields if column not in {"options", "search_text"}]  # noqa: SLF001
_COLUMNS = f"{', '.join(_LISTED)}, '' AS search_text"
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
    created_after: datetime | None = None
    created_before: datetime | None = None
    owner_id: str | None = None

    def __post_init__(self) -> None:
        """A search for nothing is none."""
        object.__setattr__(self, "search", storable(self.search or "") or None)

    def matches(self, job: Job) -> bool:
        """Whether `job` is among them, `search` aside: that needs the database."""
        return all(
            (
                self.ids is None or job.id in self.ids,
                self.types is None or job.type in self.types,
                self.kinds is None or job.kind in self.kinds,
                self.statuses is None or job.status in self.statuses,
                self.is_active is None or job.status.is_active is self.is_active,
                self.reference is None or job.reference == self.reference,
                self.created_after is None or job.created_at >= self.created_after,
                self.created_before is None or job.created_at < self.created_before,
                self.owner_id is None or job.owner_id == self.owner_id,
            )
        )


async def find_job(viewer: Viewer, job_id: str, type_: JobType | None = None) -> Job:
    """The job, if it exists for this viewer.

    Raises:
        Refusal: INVALID_ID; *_NOT_FOUND, the same for a job that does not exist and one that belongs to somebody else.
    """
    named_type = type_of_id(job_id)
    job = await Job.get_or_none(id=job_id, deleted_at=None) if named_type in _NOT_FOUND else None
    if job is None or not viewer.may_see(job.owner_id) or (type_ and job.type is not type_):
        code = _NOT_FOUND.get(type_.lower() if type_ else named_type, ErrorCode.NOT_FOUND)
        raise Refusal(code, f"There is no such {(type_ or 'job').lower()}.")
    return job


def list_jobs(
    viewer: Viewer,
    criteria: JobCriteria,
    order: JobOrderField = JobOrderField.CREATED_AT,
    *,
    is_descending: bool = True,
    has_options: bool = True,
) -> Listing:
    """The jobs that the viewer may see and that match; without their options, which can be long, where nobody asks.

    Raises:
        Refusal: FORBIDDEN where somebody who is no admin names another owner; BAD_INPUT for a list that is too long.
    """
    columns = f"{_COLUMNS}, {'options' if has_options else _NO_OPTIONS}"
    key, key_type = _ORDER_KEYS[order]
    types = (key_type, KeyType.TEXT)
    listing = Listing("jobs", (key, "id"), types, columns, is_descending=is_descending, is_found_first=True)
    listing = listing.where("deleted_at IS NULL")
    if not viewer.is_admin:
        if criteria.owner_id not in {None, viewer.user_id}:
            raise Refusal(ErrorCode.FORBIDDEN, "Only admins may ask for other owners' jobs.", "filter.ownerId")
        listing = listing.where("owner_id = ?", viewer.user_id)
    elif criteria.owner_id is not None:
        listing = listing.where("owner_id = ?", storable(criteria.owner_id))
    for column, values in (
        ("id", criteria.ids),
        (_unsought("type"), criteria.types),
        (_unsought("kind"), criteria.kinds),
        (_unsought("status"), criteria.statuses),
    ):
        if values is not None:
            listing = _where_in(listing, column, [str(value) for value in values])
    return _narrow(listing, criteria)


async def page_jobs(listing: Listing, window: Window) -> Page:
    """Part of a list of jobs."""
    return await read_page(get_connection("default"), listing, window)


async def pages_of(wanted: Sequence[tuple[Listing, Window]]) -> list[Page | Refusal]:
    """Parts of many lists at once, or why one cannot be had; see `read_pages`."""
    return await read_pages(get_connection("default"), wanted)


async def totals_of(listings: Sequence[Listing]) -> list[int]:
    """How many rows each of these lists has in all."""
    return await count_each(get_connection("default"), listings)


def list_items(job_id: str, status: ItemStatus | None = None, *, needs_review: bool | None = None) -> Listing:
    """A job's items, by index."""
    listing = Listing("items", ('"index"',), (KeyType.INT4,)).where("job_id = ?", job_id)
    if status is not None:
        listing = listing.where("status = ?", str(status))
    if needs_review is not None:
        listing = listing.where("needs_review = ?", needs_review)
    return listing


def list_events(job_id: str) -> Listing:
    """A job's history, oldest first."""
    return Listing("job_events", ("id",), (KeyType.INT8,), is_its_own_cursor=True).where("job_id = ?", job_id)


def list_lines(job_id: str, least: LogLevel) -> Listing:
    """A job's log, oldest first."""
    listing = Listing("log_entries", ("id",), (KeyType.INT8,), is_its_own_cursor=True).where("job_id = ?", job_id)
    if least is not LogLevel.DEBUG:
        listing = _where_in(listing, "level", [str(level) for level in levels_from(least)])
    return listing


def list_job_uploads(job_id: str) -> Listing:
    """A job's inputs, in the order in which the client named them."""
    source = f"(SELECT {LISTED} FROM uploads) AS u JOIN job_uploads w ON w.upload_id = u.id"
    return Listing(source, ("w.position",), (KeyType.INT4,), "u.*").where("w.job_id = ?", job_id)


def levels_from(least: LogLevel) -> list[LogLevel]:
    """`least` and every level above it."""
    levels = list(LogLevel)
    return levels[levels.index(least) :]


async def inputs_of_job(job_id: str) -> list[Upload]:
    """The uploads of a job in order."""
    links = await JobUpload.filter(job_id=job_id).order_by("position")
    found = {upload.id: upload for upload in await Upload.filter(id__in=[link.upload_id for link in links])}
    return [found[link.upload_id] for link in links if link.upload_id in found]


async def jobs_of_uploads(upload_ids: list[str]) -> list[list[Job]]:
    """For each upload the jobs that use it, oldest first."""
    links = await JobUpload.filter(upload_id__in=upload_ids).order_by("job_id")
    jobs = {job.id: job for job in await Job.filter(id__in=[link.job_id for link in links], deleted_at=None)}
    used = _grouped((link.upload_id, jobs[link.job_id]) for link in links if link.job_id in jobs)
    return [used.get(id_, []) for id_ in upload_ids]


async def files_of_jobs(job_ids: list[str]) -> list[list[File]]:
    """For each job its own files for clients, in the order in which they were made."""
    files = (
        await File.filter(job_id__in=job_ids, item_id=None)
        .exclude(role=FileRole.INTERMEDIATE)
        .order_by("created_at", "id")
    )
    made = _grouped((file.job_id, file) for file in files)
    return [made.get(id_, []) for id_ in job_ids]


async def files_of_items(item_ids: list[str]) -> list[list[File]]:
    """For each item its files."""
    files = await File.filter(item_id__in=item_ids).order_by("created_at", "id")
    made = _grouped((str(file.item_id), file) for file in files)
    return [made.get(id_, []) for id_ in item_ids]


async def intermediate_files(job_id: str) -> list[File]:
    """What planning spooled for the slices."""
    return await File.filter(job_id=job_id, role=FileRole.INTERMEDIATE, item_id=None)


async def unrecorded_files(file_ids: Sequence[str]) -> list[str]:
    """Those of `file_ids` that have no row."""
    recorded = {file.id for file in await File.filter(id__in=file_ids).only("id")} if file_ids else set()
    return [id_ for id_ in file_ids if id_ not in recorded]


async def find_visible_item(viewer: Viewer, item_id: str) -> Item:
    """The item, if its job exists for this viewer.

    Raises:
        Refusal: NOT_FOUND.
    """
    item = await Item.get_or_none(id=item_id)
    job = await Job.get_or_none(id=item.job_id, deleted_at=None) if item else None
    if item is None or job is None or not viewer.may_see(job.owner_id):
        raise Refusal(ErrorCode.NOT_FOUND, "There is no such item.")
    return item


async def find_visible_file(viewer: Viewer, file_id: str) -> File:
    """The file, if it exists for this viewer, and its job still does.

    Raises:
        Refusal: FILE_NOT_FOUND.
    """
    file = await File.get_or_none(id=file_id)
    is_there = file is not None and await Job.exists(id=file.job_id, deleted_at=None)
    if file is None or not is_there or file.role is FileRole.INTERMEDIATE or not viewer.may_see(file.owner_id):
        raise Refusal(ErrorCode.FILE_NOT_FOUND, "There is no such file.")
    return file


async def results_after(job_id: str, index: int, count: int) -> list[dict[str, Any]]:
    """Up to `count` items of a job after `index`, as rows, in order."""
    db = get_connection("default")
    columns = '"index", status, result, error_code, error_message, error_is_retryable, skip_reason, needs_review'
    statement = f'SELECT {columns} FROM items WHERE job_id = $1 AND "index" > $2 ORDER BY "index" LIMIT ' + str(count)
    return list(await db.execute_query_dict(sql(db, statement), [job_id, index]))


def _narrow(listing: Listing, criteria: JobCriteria) -> Listing:
    if criteria.is_active is not None:
        wanted = [str(status) for status in JobStatus if status.is_active is criteria.is_active]
        listing = _where_in(listing, _unsought("status"), wanted)
    if criteria.search:
        if len(criteria.search) > _MAX_SEARCH:
            raise Refusal(ErrorCode.BAD_INPUT, f"A search has at most {_MAX_SEARCH} characters.", "filter.search")
        listing = _where_contains(listing, criteria.search)
    if criteria.reference is not None:
        listing = listing.where("reference = ?", storable(criteria.reference))
    if criteria.created_after is not None:
        listing = listing.where("created_at >= ?", criteria.created_after.timestamp())
    if criteria.created_before is not None:
        listing = listing.where("created_at < ?", criteria.created_before.timestamp())
    return listing


def _where_contains(listing: Listing, search: str) -> Listing:
    """A job that has more names than its text has room for is searched in its rows, by the database's own lower()."""
    pattern = contains_pattern(storable(search))
    return listing.where(
        r"(search_text LIKE ? ESCAPE '\' OR (search_text LIKE ? AND EXISTS (SELECT 1 FROM jobs cut LEFT JOIN job_uploads w "
        r"ON w.job_id = cut.id LEFT JOIN uploads u ON u.id = w.upload_id WHERE cut.id = jobs.id "
        r"AND (lower(cut.title) LIKE ? ESCAPE '\' OR lower(u.filename) LIKE ? ESCAPE '\'))))",
        pattern,
        f"{CUT}%",
        pattern,
        pattern,
    )


def _unsought(column: str) -> str:
    """`column` in a form that no index is chosen for: the one that has the order has all the columns, too."""
    return f"coalesce({column}, '')"


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def _where_in(listing: Listing, column: str, values: list[str]) -> Listing:
    if len(values) > _MAX_IN_LIST:
        raise Refusal(ErrorCode.BAD_INPUT, f"A filter may name at most {_MAX_IN_LIST} values.", "filter")
    if not values:
        return listing.where("1 = 0")
    return listing.where(f"{column} IN ({', '.join('?' for _ in values)})", *map(storable, values))
