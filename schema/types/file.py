"""Files that go out."""

from datetime import datetime

import strawberry

import models
from jobs.retention import Retention
from models.fields import now
from results.links import file_path
from schema.context import Context, Info
from schema.types.enums import FileRole
from schema.types.node import Node
from schema.types.scalars import BigInt


async def _expires_at(root: "File", info: Info) -> datetime | None:
    """Noted once it is over; until then it follows from the end of the job."""
    if root.noted_expires_at is not None or root.role not in {FileRole.RESULT, FileRole.REPORT}:
        return root.noted_expires_at
    ended_at = await info.context.loaders.job_ends.load(root.job_id)
    return Retention.of(info.context.means.settings).end_of_results(ended_at)


@strawberry.type(description="Bytes that go out: an input, a result, a report.")
class File(Node):
    """See `models.File`."""

    name: str = strawberry.field(description="File name, for people.")
    role: FileRole = strawberry.field(description="What it is for.")
    content_type: str = strawberry.field(description="Media type (RFC 9110, section 8.3.1).")
    size: BigInt = strawberry.field(description="Bytes.")
    sha256: str = strawberry.field(description="Hex SHA-256 of the bytes.")
    url: str = strawberry.field(
        description="Signed link for a plain GET: works in <a download>, <img>, <audio>; Range, ETag, right file name."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    job_id: strawberry.Private[str]
    noted_expires_at: strawberry.Private[datetime | None]
    expires_at: datetime | None = strawberry.field(
        resolver=_expires_at, description="When it will be removed, or was; null while its job is active."
    )


def file_type(file: models.File, context: Context) -> File:
    """The row as clients see it."""
    path = file_path(context.means.signer, file.id, file.name, now())
    return File(
        id=strawberry.ID(file.id),
        name=file.name,
        role=file.role,
        content_type=file.content_type,
        size=BigInt(file.size_bytes),
        sha256=file.sha256,
        url=context.base_url + path,
        created_at=file.created_at,
        job_id=file.job_id,
        noted_expires_at=file.expires_at,
    )


__all__ = ["File", "Info", "file_type"]
