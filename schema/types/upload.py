"""Uploads."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

import models
from base.words import Role
from base.words import UploadStatus as Status
from schema.context import Context, Info
from schema.types.enums import UploadStatus
from schema.types.error import JobError, error_type
from schema.types.node import Node
from schema.types.people import User, user_type
from schema.types.scalars import BigInt
from uploads.capability import reading_path, upload_path
from uploads.rows import upload_of

if TYPE_CHECKING:
    from schema.types.job import Job


async def _owner(root: "Upload", info: Info) -> User:
    user = await info.context.loaders.users.load(root.owner_id)
    assert user is not None  # noqa: S101  owners are never removed
    return user_type(user)


async def _jobs(root: "Upload", info: Info) -> list[Annotated["Job", strawberry.lazy("schema.types.job")]]:
    from schema.types.job import job_type  # noqa: PLC0415  the two types name each other

    jobs = await info.context.loaders.upload_jobs.load(root.id)
    # An admin may use somebody else's upload: that job is the admin's alone.
    return [job_type(job, info.context) for job in jobs if info.context.viewer.may_see(job.owner_id)]


async def _expires_at(root: "Upload", info: Info) -> datetime | None:
    """Stored for what is unfinished; for what is finished it follows from the jobs that use it."""
    if root.status is not Status.COMPLETED:
        return root.stored_expires_at
    use = await info.context.loaders.upload_uses.load(root.id)
    return use.end_of(root.updated_at, info.context.means.settings.retention_inputs)


@strawberry.type(description="One file coming in, over tus.")
class Upload(Node):
    """See `models.Upload`."""

    owner_id: strawberry.Private[str]
    owner: User = strawberry.field(resolver=_owner, description="Whose it is.")
    status: UploadStatus = strawberry.field(description="Where it stands.")
    filename: str = strawberry.field(description="The client's name for the file.")
    external_id: str | None = strawberry.field(description="The client's own key.")
    content_type: str = strawberry.field(description="What the client says it is.")
    size: BigInt | None = strawberry.field(description="Bytes in all. Null while a deferred length is unknown.")
    offset: BigInt = strawberry.field(description="Bytes stored so far.")
    percentage: float | None = strawberry.field(description="0 to 100. Null while the size is unknown.")
    url: str = strawberry.field(
        description="The tus URL: give it to any tus client. It carries its own right to send these bytes and outlives "
        "access tokens."
    )
    sha256: str | None = strawberry.field(
        description="Hex SHA-256 of the whole file, computed while it streamed in; null until COMPLETED."
    )
    error: JobError | None = strawberry.field(description="Why it was rejected.")
    jobs: list[Annotated["Job", strawberry.lazy("schema.types.job")]] = strawberry.field(
        resolver=_jobs, description="What uses it."
    )
    created_at: datetime = strawberry.field(description="When it was announced.")
    updated_at: datetime = strawberry.field(description="When its state last changed.")
    stored_expires_at: strawberry.Private[datetime | None]
    expires_at: datetime | None = strawberry.field(
        resolver=_expires_at,
        description="When unfinished bytes, or the finished file, will be removed; null while a job is using it.",
    )


def upload_type(upload: models.Upload, context: Context) -> Upload:
    """The row as clients see it."""
    return Upload(
        id=strawberry.ID(upload.id),
        owner_id=upload.owner_id,
        status=upload.status,
        filename=upload.filename,
        external_id=upload.external_id,
        content_type=upload.content_type,
        size=None if upload.size_bytes is None else BigInt(upload.size_bytes),
        offset=BigInt(upload.offset_bytes),
        percentage=_percentage(upload),
        url=context.base_url + _path(upload, context),
        sha256=upload.sha256 if upload.status is Status.COMPLETED else None,
        error=error_type(upload.error_code, upload.error_message, is_retryable=False, at=upload.updated_at),
        created_at=upload.created_at,
        updated_at=upload.updated_at,
        stored_expires_at=upload.expires_at,
    )


def _path(upload: models.Upload, context: Context) -> str:
    """A worker may read the inputs of its task, and no more."""
    caller = context.caller
    is_input = caller is not None and caller.role is Role.WORKER and caller.user_id != upload.owner_id
    return (reading_path if is_input else upload_path)(context.means.signer, upload.id)


def upload_row_type(context: Context) -> Callable[[dict[str, Any]], Upload]:
    """From a row of the database to what clients see."""
    return lambda row: upload_type(upload_of(row), context)


def _percentage(upload: models.Upload) -> float | None:
    if upload.size_bytes is None:
        return None
    if upload.status is Status.COMPLETED:
        return 100.0
    return round(100 * upload.offset_bytes / upload.size_bytes, 2) if upload.size_bytes else 0.0
