"""The row of a new job; `lifecycle.py` creates and moves it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, JobType, UploadStatus
from jobs.history import add_event
from jobs.inputs import add_inputs
from jobs.outbox import Row
from jobs.progress import UPLOAD_STAGE
from jobs.rows import lock_job
from jobs.text import storable, storable_json
from models import Job, Upload
from models.ids import new_id
from models.search import search_text_of
from processors.contract import Kind


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a client asks for; `options` as JSON with the processor's own names."""

    kind: str
    options: dict[str, Any]
    upload_ids: Sequence[str]
    title: str | None = None
    external_id: str | None = None
    priority: int = 0
    auto_start: bool = True

    def storable(self) -> "NewJob":
        """The same with texts that every database takes."""
        title, external_id = (text and storable(text) for text in (self.title, self.external_id))
        return replace(self, title=title, external_id=external_id, options=storable_json(self.options))


async def insert_job(
    db: BaseDBAsyncClient, viewer: Viewer, kind: Kind, new: NewJob, uploads: list[Upload], queue: str | None
) -> Row:
    """The row, UPLOADING or (with all bytes in) UPLOADED, with its inputs and the first line of its history."""
    missing = [upload for upload in uploads if upload.status is not UploadStatus.COMPLETED]
    sizes = [upload.size_bytes for upload in uploads]
    known_size = sum(size or 0 for size in sizes)
    job = await Job.create(
        using_db=db,
        id=new_id(kind.job_type.lower()),
        type=kind.job_type,
        kind=kind.kind,
        owner_id=viewer.user_id,
        title=new.title,
        search_text=search_text_of(new.title, [upload.filename for upload in uploads]),
        external_id=new.external_id,
        options=new.options,
        queue=queue,
        priority=new.priority,
        auto_start=new.auto_start,
        total_size=known_size,
        total_bytes=None if None in sizes else known_size,
        processed_bytes=sum(upload.offset_bytes for upload in uploads),
        status=JobStatus.UPLOADING if missing else JobStatus.UPLOADED,
        stage=UPLOAD_STAGE if missing else None,
        status_message=f"Waiting for {len(missing)} of {len(uploads)} uploads." if missing else "All bytes are in.",
    )
    await add_inputs(db, job.id, uploads)
    row = await lock_job(db, job.id)
    assert row is not None  # noqa: S101  inserted above, in this transaction
    await add_event(db, row)
    return row


async def find_by_external_id(viewer: Viewer, external_id: str | None, type_: JobType) -> Job | None:
    """The viewer's job with this external id.

    Raises:
        Refusal: DUPLICATE where it is not of type `type_`.
    """
    if external_id is None:
        return None
    job = await Job.get_or_none(owner_id=viewer.user_id, external_id=external_id)
    if job is not None and job.type is not type_:
        message = f"The external id belongs to a {job.type.lower()} already: take another one."
        raise Refusal(ErrorCode.DUPLICATE, message, "input.externalId")
    return job
