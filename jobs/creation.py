"""The row of a new job; `lifecycle.py` creates and moves it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, JobType, UploadStatus
from jobs.history import add_event, add_first_events
from jobs.inputs import add_inputs
from jobs.recording.progress import UPLOAD_STAGE
from jobs.rows import lock_job, lock_jobs
from jobs.text import sanitise, sanitise_json
from models import Job, Upload
from models.ids import new_id, new_ids
from models.search import search_text_of
from models.sql import Row
from processors.contract import Kind


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a client asks for; `options` as JSON with the processor's own names, which it wrote in the input `field`.

    `download_url` is that of a download as everybody may see it, without credentials.
    """

    kind: str
    options: dict[str, Any]
    upload_ids: Sequence[str]
    title: str | None = None
    external_id: str | None = None
    priority: int = 0
    auto_start: bool = True
    field: str = "input.work"
    download_url: str | None = None

    def sanitise(self) -> "NewJob":
        """The same with texts that every database takes."""
        title, external_id = (text and sanitise(text) for text in (self.title, self.external_id))
        return replace(self, title=title, external_id=external_id, options=sanitise_json(self.options))


async def insert_job(
    db: BaseDBAsyncClient, viewer: Viewer, kind: Kind, new: NewJob, uploads: list[Upload], queue: str | None
) -> Row:
    """The row, UPLOADING or (with all bytes in) UPLOADED, with its inputs and the first line of its history."""
    job = _new_row(new_id(kind.job_type.lower()), viewer, kind, new, uploads, queue)
    await job.save(using_db=db, force_create=True)
    await add_inputs(db, job.id, uploads)
    row = await lock_job(db, job.id)
    assert row is not None  # noqa: S101  inserted above, in this transaction
    await add_event(db, row)
    return row


async def insert_jobs(db: BaseDBAsyncClient, viewer: Viewer, kind: Kind, new: Sequence[NewJob]) -> list[Row]:
    """The rows of jobs without uploads, UPLOADED, with the first lines of their histories; their ids ascend as `new` does."""
    ids = new_ids(kind.job_type.lower(), len(new))
    jobs = [_new_row(id_, viewer, kind, one, [], None) for id_, one in zip(ids, new, strict=True)]
    await Job.bulk_create(jobs, using_db=db)
    rows = await lock_jobs(db, ids)
    await add_first_events(db, rows)
    return rows


def _new_row(id_: str, viewer: Viewer, kind: Kind, new: NewJob, uploads: list[Upload], queue: str | None) -> Job:
    missing = [upload for upload in uploads if upload.status is not UploadStatus.COMPLETED]
    sizes = [upload.size_bytes for upload in uploads]
    known_size = sum(size or 0 for size in sizes)
    return Job(
        id=id_,
        type=kind.job_type,
        kind=kind.name,
        owner_id=viewer.user_id,
        title=new.title,
        search_text=search_text_of(new.title, [upload.filename for upload in uploads]),
        external_id=new.external_id,
        options=new.options,
        queue=queue,
        priority=new.priority,
        auto_start=new.auto_start,
        download={"url": new.download_url} if new.download_url else None,
        total_size=known_size,
        total_bytes=None if None in sizes or new.download_url else known_size,
        processed_bytes=sum(upload.offset_bytes for upload in uploads),
        status=JobStatus.UPLOADING if missing else JobStatus.UPLOADED,
        stage=UPLOAD_STAGE if missing else None,
        status_message=f"Waiting for {len(missing)} of {len(uploads)} uploads." if missing else "All bytes are in.",
    )


async def find_by_external_id(viewer: Viewer, external_id: str | None, type_: JobType) -> Job | None:
    """The viewer's job with this external id.

    Raises:
        Refusal: DUPLICATE where it is not of type `type_`.
    """
    if external_id is None:
        return None
    job = await Job.get_or_none(owner_id=viewer.user_id, external_id=external_id)
    return None if job is None else _checked_type(job, type_)


async def find_by_external_ids(
    viewer: Viewer, external_ids: Iterable[str | None], type_: JobType
) -> dict[str, Job | Refusal]:
    """By external id the viewer's jobs that have one of these, or DUPLICATE where a job is not of type `type_`."""
    named = [id_ for id_ in external_ids if id_ is not None]
    found: dict[str, Job | Refusal] = {}
    for job in await Job.filter(owner_id=viewer.user_id, external_id__in=named) if named else ():
        try:
            found[str(job.external_id)] = _checked_type(job, type_)
        except Refusal as refusal:
            found[str(job.external_id)] = refusal
    return found


def _checked_type(job: Job, type_: JobType) -> Job:
    if job.type is not type_:
        message = f"The external id belongs to a {job.type.lower()} already: take another one."
        raise Refusal(ErrorCode.DUPLICATE, message, "input.externalId")
    return job
