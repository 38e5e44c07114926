"""Uploads."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

import models
from base.words import Role
from base.words import UploadStatus as Status
from execution.batches import batch_field
from jobs.retention import Use
from models.fields import now
from schema.context import Context, Info, selected_names
from schema.types.enums import UploadStatus
from schema.types.error import JobError, error_type
from schema.types.node import Node
from schema.types.people import User, owners_of_rows
from schema.types.rows import column, columns_of, derived, reads
from schema.types.scalars import BigInt
from schema.viewer_fields import DEPENDS_ON_VIEWER
from uploads.capability import reading_path, upload_path
from uploads.rows import upload_of

if TYPE_CHECKING:
    from schema.types.job import Job


async def _jobs(roots: Sequence["Upload"], info: Info) -> "list[list[Job] | Exception]":
    from schema.types.jobs import job_type  # noqa: PLC0415  the two types name each other

    context = info.context
    found = await context.loaders.upload_jobs.load_each([(context.viewer, root.id) for root in roots])
    return [jobs if isinstance(jobs, Exception) else [job_type(job, context) for job in jobs] for jobs in found]


async def _expires_at(roots: Sequence["Upload"], info: Info) -> list[datetime | Exception | None]:
    """Stored for what is unfinished; for what is finished it follows from the jobs that use it."""
    finished = [root.id for root in roots if root.row.status is Status.COMPLETED]
    uses = dict(zip(finished, await info.context.loaders.upload_uses.load_each(finished), strict=True))
    retention = info.context.services.settings.retention_inputs
    return [_end_of(root.row, uses.get(root.id), retention) for root in roots]


def _end_of(upload: models.Upload, use: Use | Exception | None, retention: timedelta) -> datetime | Exception | None:
    if use is None:
        return upload.expires_at
    return use.end_of(upload.updated_at, retention) if isinstance(use, Use) else use


def _error(root: "Upload") -> JobError | None:
    upload = root.row
    return error_type(upload.error_code, upload.error_message, is_retryable=False, at=upload.updated_at)


def _percentage(root: "Upload") -> float | None:
    upload = root.row
    if upload.size_bytes is None:
        return None
    if upload.status is Status.COMPLETED:
        return 100.0
    return round(100 * upload.offset_bytes / upload.size_bytes, 2) if upload.size_bytes else 0.0


def _url(root: "Upload") -> str:
    """A worker may read the inputs of its task, while it holds that, and no more."""
    caller, signer = root.context.caller, root.context.services.signer
    if caller is not None and caller.role is Role.WORKER and caller.user_id != root.row.owner_id:
        return root.context.base_url + reading_path(signer, root.id, root.readable_until or now())
    return root.context.base_url + upload_path(signer, root.id)


@strawberry.type(description="One file coming in, over tus.")
class Upload(Node):
    """See `models.Upload`."""

    row: strawberry.Private[models.Upload]
    context: strawberry.Private[Context]
    readable_until: strawberry.Private[datetime | None] = None
    """Where a worker that holds a task may read its inputs: how long."""
    owner: User = batch_field(owners_of_rows, description="Whose it is.", metadata=reads("owner_id"))
    status: UploadStatus = column("status", description="Where it stands.")
    filename: str = column("filename", description="The client's name for the file.")
    external_id: str | None = column("external_id", description="The client's own key.")
    content_type: str = column("content_type", description="What the client says it is.")
    size: BigInt | None = column("size_bytes", description="Bytes in all. Null while a deferred length is unknown.")
    offset: BigInt = column("offset_bytes", description="Bytes stored so far.")
    percentage: float | None = derived(
        _percentage, "size_bytes", "offset_bytes", "status", description="0 to 100. Null while the size is unknown."
    )
    url: str = derived(
        _url,
        "owner_id",
        description="The tus URL: give it to any tus client. It carries its own right to send these bytes and outlives "
        "access tokens. A worker that reads its task is given a link for reading alone, which ends a minute after the lease: "
        "claimTask, reportTask and task give a fresh one.",
    )
    sha256: str | None = derived(
        lambda root: root.row.sha256 if root.row.status is Status.COMPLETED else None,
        "sha256",
        "status",
        description="Hex SHA-256 of the whole file, computed while it streamed in; null until COMPLETED.",
    )
    error: JobError | None = derived(
        _error, "error_code", "error_message", "updated_at", description="Why it was rejected."
    )
    jobs: list[Annotated["Job", strawberry.lazy("schema.types.job")]] = batch_field(
        _jobs, description="What uses it: the newest 100 jobs, newest first.", metadata=DEPENDS_ON_VIEWER
    )
    created_at: datetime = column("created_at", description="When it was announced.")
    updated_at: datetime = column("updated_at", description="When its state last changed.")
    expires_at: datetime | None = batch_field(
        _expires_at,
        description="When unfinished bytes, or the finished file, will be removed; null while a job is using it.",
        metadata=reads("status", "expires_at", "updated_at"),
    )


def upload_type(upload: models.Upload, context: Context, readable_until: datetime | None = None) -> Upload:
    """The row as clients see it; a worker that holds a task may read its inputs until then."""
    return Upload(id=strawberry.ID(upload.id), row=upload, context=context, readable_until=readable_until)


def upload_row_type(context: Context, readable_until: datetime | None = None) -> Callable[[dict[str, Any]], Upload]:
    """From a row of the database to what clients see."""
    return lambda row: upload_type(upload_of(row), context, readable_until)


def upload_columns(info: Info) -> frozenset[str]:
    """The columns of uploads that the operation needs below the field that is being answered: all of these and no others."""
    return columns_of(selected_names(info), Upload)
