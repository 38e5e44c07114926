"""Reads: which file or bundle a link leads to, and what lies in a bundle."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from anyio.to_thread import run_sync

from base.errors import ErrorCode, Refusal
from base.words import FileRole, JobStatus, UploadStatus
from jobs.contents import inputs_of_job
from jobs.retention import Retention
from models import File, Item, Job, Upload
from results.bundle import Entry
from results.links import file_not_found, result_expired
from results.names import EntryNames
from storage.ports import Blob, BlobStore
from uploads.queries import contents_of

_MADE = {FileRole.RESULT, FileRole.REPORT}


@dataclass(frozen=True)
class Contents:
    """What a bundle is made of, each in the order in which it appears."""

    uploads: list[Upload]
    files: list[File]
    item_files: list[File]


async def find_file_to_serve(file_id: str, retention: Retention, moment: datetime) -> File:
    """The file, if it is for clients, its job is not deleted and its time is not over.

    Raises:
        Refusal: FILE_NOT_FOUND or RESULT_EXPIRED.
    """
    file = await File.get_or_none(id=file_id)
    if file is None or file.role is FileRole.INTERMEDIATE:
        raise file_not_found()
    job = await Job.get_or_none(id=file.job_id, deleted_at=None)
    if job is None:
        raise file_not_found()
    end = file.expires_at or (retention.end_of_results(job.finished_at) if file.role in _MADE else None)
    if end is not None and end <= moment:
        raise result_expired()
    return file


async def find_job_to_bundle(job_id: str, retention: Retention, moment: datetime) -> Job:
    """The job, if it is completed and its results are kept.

    Raises:
        Refusal: FILE_NOT_FOUND; RESULT_NOT_READY in every other status, FAILED and CANCELLED included; RESULT_EXPIRED.
    """
    job = await Job.get_or_none(id=job_id, deleted_at=None)
    if job is None:
        raise file_not_found()
    if job.status is not JobStatus.COMPLETED:
        raise Refusal(ErrorCode.RESULT_NOT_READY, f"This job is {job.status}; its results come with COMPLETED.")
    end = retention.end_of_results(job.finished_at)
    if end is not None and end <= moment:
        raise result_expired()
    return job


async def contents_of_job(job_id: str) -> Contents:
    """Inputs, results and reports of a job; inputs whose bytes were removed are not among them."""
    uploads = [upload for upload in await inputs_of_job(job_id) if upload.status is UploadStatus.COMPLETED]
    files = await File.filter(job_id=job_id, role__in=_MADE).order_by("created_at", "id")
    item_files = [file for file in files if file.item_id is not None]
    places: dict[str, int] = {}
    if item_files:
        rows = await Item.filter(job_id=job_id).values_list("id", "index")
        places = {str(id_): int(index) for id_, index in rows}
    item_files.sort(key=lambda file: places.get(str(file.item_id), 0))
    return Contents(uploads, [file for file in files if file.item_id is None], item_files)


async def entries_of(contents: Contents, storage: BlobStore) -> list[Entry]:
    """The entries of a bundle; what is gone of the inputs is left out.

    Raises:
        Refusal: RESULT_EXPIRED where a result or report is gone: half of the results must not look like all of them.
    """
    inputs = await contents_of(storage, contents.uploads)
    return await run_sync(_entries_on_disk, contents, inputs, storage)


def _entries_on_disk(contents: Contents, inputs: Mapping[str, Blob], storage: BlobStore) -> list[Entry]:
    entries = list(_entries(contents, inputs, storage))
    gone = {entry.file_id for entry in entries if not entry.file.is_there()}
    if gone - inputs.keys():
        raise result_expired()
    return [entry for entry in entries if entry.file_id not in gone]


def _entries(contents: Contents, inputs: Mapping[str, Blob], storage: BlobStore) -> Iterator[Entry]:
    names = EntryNames()
    for upload in contents.uploads:
        name = names.claim("inputs", upload.filename)
        yield Entry(name, inputs[upload.id], upload.id, upload.sha256 or "", upload.created_at)
    for folder, files in (("results", contents.files), ("items", contents.item_files)):
        for file in files:
            stored = storage.blob(file.storage_key, file.size_bytes)
            yield Entry(
                names.claim(folder, file.name), stored, file.id, file.sha256, file.modified_at or file.created_at
            )
