"""Files that go out."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

import models
from execution.batches import batch_field
from jobs.retention import Retention
from models.fields import now
from results.links import file_path
from schema.context import Context, Info
from schema.types.enums import FileRole
from schema.types.node import Node
from schema.types.rows import column, derived
from schema.types.scalars import BigInt


async def _expires_at(roots: Sequence["File"], info: Info) -> list[datetime | Exception | None]:
    """Noted once it is over; until then it follows from the end of the job."""
    jobs = list({root.row.job_id for root in roots if _goes_with_its_job(root.row)})
    ends = dict(zip(jobs, await info.context.loaders.job_ends.load_each(jobs), strict=True))
    retention = Retention.of(info.context.services.settings)
    return [
        _end_of(ends[root.row.job_id], retention) if _goes_with_its_job(root.row) else root.row.expires_at
        for root in roots
    ]


def _goes_with_its_job(file: models.File) -> bool:
    return file.expires_at is None and file.role in {FileRole.RESULT, FileRole.REPORT}


def _end_of(ended_at: datetime | Exception | None, retention: Retention) -> datetime | Exception | None:
    return ended_at if isinstance(ended_at, Exception) else retention.end_of_results(ended_at)


def _url(root: "File") -> str:
    context = root.context
    return context.base_url + file_path(context.services.signer, root.id, root.row.name, now())


@strawberry.type(description="Bytes that go out: an input, a result, a report.")
class File(Node):
    """See `models.File`."""

    row: strawberry.Private[models.File]
    context: strawberry.Private[Context]
    name: str = column("name", description="File name, for people.")
    role: FileRole = column("role", description="What it is for.")
    content_type: str = column("content_type", description="Media type (RFC 9110, section 8.3.1).")
    size: BigInt = column("size_bytes", description="Bytes.")
    sha256: str = column("sha256", description="Hex SHA-256 of the bytes.")
    url: str = derived(
        _url,
        description="Signed link for a plain GET: works in <a download>, <img>, <audio>; Range, ETag, right file name.",
    )
    created_at: datetime = column("created_at", description="When it was made.")
    expires_at: datetime | None = batch_field(
        _expires_at, description="When it will be removed, or was; null while its job is active."
    )


def file_type(file: models.File, context: Context) -> File:
    """The row as clients see it."""
    return File(id=strawberry.ID(file.id), row=file, context=context)


__all__ = ["File", "Info", "file_type"]
