"""Contents of jobs: items, files, inputs, history and log, read in batches."""

from collections.abc import Sequence
from typing import Any

from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, JobStatus, LogLevel
from jobs.queries import grouped, read_jobs
from models import File, Item, Job, JobUpload, Upload
from models.listing import KeyType, Listing
from models.paging import read_all
from models.records import record_type
from models.sql import fetch_rows, placeholders
from uploads.queries import LISTED, select_list

file_of = record_type(File)
"""The row as an object, with the columns that were read."""


def list_items(status: ItemStatus | None = None, *, needs_review: bool | None = None) -> Listing:
    """The items of each job, by index."""
    listing = Listing("items", ('"index"',), (KeyType.INT4,), parent="job_id")
    if status is not None:
        listing = listing.where("status = ?", str(status))
    if needs_review is not None:
        listing = listing.where("needs_review = ?", needs_review)
    return listing


def list_events() -> Listing:
    """The history of each job, oldest first."""
    return Listing("job_events", ("id",), (KeyType.INT8,), is_its_own_cursor=True, parent="job_id")


def list_lines(least: LogLevel) -> Listing:
    """The log of each job, oldest first."""
    listing = Listing("log_entries", ("id",), (KeyType.INT8,), is_its_own_cursor=True, parent="job_id")
    if least is not LogLevel.DEBUG:
        listing = listing.where_in("level", [str(level) for level in levels_from(least)])
    return listing


def list_job_uploads(columns: frozenset[str] = LISTED) -> Listing:
    """The inputs of each job, in the order in which the client named them, with these of their columns."""
    source = "job_uploads w JOIN uploads u ON u.id = w.upload_id"
    return Listing(
        source, ("w.position",), (KeyType.INT4,), select_list(columns, "u."), parent="w.job_id", row_id="w.id"
    )


def levels_from(least: LogLevel) -> list[LogLevel]:
    """`least` and every level above it."""
    levels = list(LogLevel)
    return levels[levels.index(least) :]


async def inputs_of_job(job_id: str) -> list[Upload]:
    """The uploads of a job in order."""
    links = await JobUpload.filter(job_id=job_id).order_by("position")
    found = {upload.id: upload for upload in await Upload.filter(id__in=[link.upload_id for link in links])}
    return [found[link.upload_id] for link in links if link.upload_id in found]


async def files_of_jobs(job_ids: list[str]) -> list[list[File]]:
    """For each job its own files for clients, in the order in which they were made."""
    condition = f"job_id IN ({placeholders(job_ids)}) AND item_id IS NULL AND role <> '{FileRole.INTERMEDIATE}'"
    made = grouped((file.job_id, file) for file in await _read_files(condition, job_ids))
    return [made.get(id_, []) for id_ in job_ids]


async def files_of_items(item_ids: list[str]) -> list[list[File]]:
    """For each item its files."""
    files = await _read_files(f"item_id IN ({placeholders(item_ids)})", item_ids)
    made = grouped((str(file.item_id), file) for file in files)
    return [made.get(id_, []) for id_ in item_ids]


async def _read_files(condition: str, values: Sequence[str]) -> list[File]:
    statement = f"SELECT * FROM files WHERE {condition} ORDER BY created_at, id"
    return [file_of(row) for row in await fetch_rows(get_connection("default"), statement, *values)]


async def item_files_of_type(content_type: str, job_ids: list[str]) -> list[list[File]]:
    """For each job the first files of its items that are of `content_type`: two at most, which tell one from several."""
    ranked = (
        "SELECT id, row_number() OVER (PARTITION BY job_id ORDER BY created_at, id) AS place FROM files "
        f"WHERE job_id IN ({placeholders(job_ids, 2)}) AND item_id IS NOT NULL AND is_stored = TRUE AND content_type = $1"
    )
    rows = await fetch_rows(
        get_connection("default"), f"SELECT id FROM ({ranked}) AS ranked WHERE place <= 2", content_type, *job_ids
    )
    ids = [row["id"] for row in rows]
    files = await _read_files(f"id IN ({placeholders(ids)})", ids) if ids else []
    made = grouped((file.job_id, file) for file in files)
    return [made.get(id_, []) for id_ in job_ids]


async def active_items_of_jobs(job_ids: Sequence[str]) -> list[list[dict[str, Any]]]:
    """For each job the items that are in work, by index, as rows."""
    statement = (
        f"SELECT * FROM items WHERE job_id IN ({placeholders(job_ids)}) AND status = 'PROCESSING' "
        'ORDER BY job_id, "index"'
    )
    rows = await fetch_rows(get_connection("default"), statement, *job_ids)
    active = grouped((row["job_id"], row) for row in rows)
    return [active.get(id_, []) for id_ in job_ids]


async def intermediate_files(job_id: str) -> list[File]:
    """What planning spooled for the slices."""
    return await File.filter(job_id=job_id, role=FileRole.INTERMEDIATE, item_id=None)


async def fetched_items(job_id: str) -> list[dict[str, Any]]:
    """The items of a download that are COMPLETED, as rows: index, name, url and size_bytes."""
    columns = '"index", name, url, size_bytes'
    statement = f"SELECT {columns} FROM items WHERE job_id = $1 AND status = 'COMPLETED' ORDER BY \"index\""
    return await fetch_rows(get_connection("default"), statement, job_id)


async def cancelled_downloads(limit: int = 100) -> list[str]:
    """Downloads that were cancelled, and of whose files something may still lie in the storage."""
    statement = (
        "SELECT DISTINCT j.id FROM jobs j JOIN items i ON i.job_id = j.id WHERE j.status = 'CANCELLED' "
        f"AND j.type = 'DOWNLOAD' AND i.status = 'CANCELLED' AND i.processed_bytes > 0 LIMIT {limit}"
    )
    return [row["id"] for row in await fetch_rows(get_connection("default"), statement)]


async def ended_downloads(job_ids: Sequence[str]) -> list[str]:
    """Those of `job_ids` that no attempt goes on with: gone, or neither active nor FAILED."""
    goes_on = [status for status in JobStatus if status.is_active or status is JobStatus.FAILED]
    known = {job.id for job in await Job.filter(id__in=set(job_ids), status__in=goes_on, deleted_at=None).only("id")}
    return [id_ for id_ in job_ids if id_ not in known]


async def find_fetched(job_id: str, *, source: str | None = None, sha256: str | None = None) -> str | None:
    """The earliest other download of the same owner that has a file with this `source`, or this `sha256`, and keeps it."""
    column, value = ("source", source) if source is not None else ("sha256", sha256)
    statement = (
        f"SELECT f.job_id FROM files f JOIN jobs j ON j.id = f.job_id WHERE f.{column} = $1 AND f.job_id <> $2 "
        "AND f.owner_id = (SELECT owner_id FROM jobs WHERE id = $2) AND f.is_stored = TRUE AND f.role = 'RESULT' "
        "AND j.type = 'DOWNLOAD' AND j.deleted_at IS NULL ORDER BY f.created_at, f.id LIMIT 1"
    )
    rows = await fetch_rows(get_connection("default"), statement, value, job_id)
    return str(rows[0]["job_id"]) if rows else None


async def options_of_job(job_id: str) -> dict[str, Any] | None:
    """The options of a job as they are now; None where it is gone."""
    job = await Job.filter(id=job_id).only("id", "options").first()
    return None if job is None else dict(job.options)


async def unrecorded_files(file_ids: Sequence[str]) -> list[str]:
    """Those of `file_ids` that have no row."""
    recorded = {file.id for file in await File.filter(id__in=file_ids).only("id")} if file_ids else set()
    return [id_ for id_ in file_ids if id_ not in recorded]


async def find_items(viewer: Viewer, item_ids: Sequence[str]) -> list[dict[str, Any] | Refusal]:
    """Each item as its row, if its job exists for this viewer; else NOT_FOUND."""
    rows = await read_all(get_connection("default"), Listing("items", (), ()).where_in("id", list(set(item_ids))))
    jobs = {job.id for job in await read_jobs(viewer, (row["job_id"] for row in rows))}
    found = {row["id"]: row for row in rows if row["job_id"] in jobs}
    return [found.get(id_) or Refusal(ErrorCode.NOT_FOUND, "There is no such item.") for id_ in item_ids]


async def find_files(viewer: Viewer, file_ids: Sequence[str]) -> list[File | Refusal]:
    """Each file, if it exists for this viewer, and its job still does; else FILE_NOT_FOUND."""
    files = await File.filter(id__in=set(file_ids)).exclude(role=FileRole.INTERMEDIATE)
    present = Job.filter(id__in={file.job_id for file in files}, deleted_at=None)
    jobs = {str(row[0]) for row in await present.values_list("id")}
    found = {file.id: file for file in files if file.job_id in jobs and viewer.may_see(file.owner_id)}
    return [found.get(id_) or Refusal(ErrorCode.FILE_NOT_FOUND, "There is no such file.") for id_ in file_ids]


async def files_of_indices(job_id: str, after: int, last: int) -> list[tuple[int, File]]:
    """The files of a job's items after the index `after`, up to `last`, each with the index of its item."""
    items = await Item.filter(job_id=job_id, index__gt=after, index__lte=last).only("id", "index")
    indices = {item.id: item.index for item in items}
    files = await File.filter(job_id=job_id, item_id__in=list(indices), is_stored=True).order_by("created_at", "id")
    return [(indices[str(file.item_id)], file) for file in files]


async def results_after(job_id: str, index: int, count: int) -> list[dict[str, Any]]:
    """Up to `count` items of a job after `index`, as rows, in order."""
    db = get_connection("default")
    columns = '"index", status, result, error_code, error_message, error_is_retryable, skip_reason, needs_review'
    statement = f'SELECT {columns} FROM items WHERE job_id = $1 AND "index" > $2 ORDER BY "index" LIMIT ' + str(count)
    return await fetch_rows(db, statement, job_id, index)
