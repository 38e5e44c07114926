"""Items of a job."""

from datetime import datetime
from typing import Any

import strawberry

import models
from schema.context import Info
from schema.types.enums import ItemStatus
from schema.types.error import JobError, error_type
from schema.types.file import File, file_type
from schema.types.node import Node
from schema.types.scalars import BigInt, Json


async def _files(root: "JobItem", info: Info) -> list[File]:
    return [file_type(file, info.context) for file in await info.context.loaders.item_files.load(root.id)]


@strawberry.type(description="A lead, a sheet, an audio file, a downloaded file: own status, error and result.")
class JobItem(Node):
    """See `models.Item`."""

    index: int = strawberry.field(description="From 0, in the order of the input.")
    name: str = strawberry.field(description="A sheet's file name, a row's number, a downloaded file's name.")
    status: ItemStatus = strawberry.field(description="Where it stands.")
    error: JobError | None = strawberry.field(description="Why it failed.")
    result: Json | None = strawberry.field(description="What came of it; its shape is the processor's.")
    url: str | None = strawberry.field(description="Where it came from, if it was fetched.")
    size: BigInt | None = strawberry.field(description="Bytes, if it is a file.")
    processed_bytes: BigInt | None = strawberry.field(description="Bytes so far, if it is a file.")
    skip_reason: str | None = strawberry.field(description="Why it was not needed.")
    files: list[File] = strawberry.field(
        resolver=_files, description="Results of this item: a sheet's picture and thumbnail, a downloaded file."
    )
    needs_review: bool = strawberry.field(description="A person should look at it: low confidence, doubtful marks.")
    attempt: int = strawberry.field(description="The attempt that gave it its present state.")
    updated_at: datetime = strawberry.field(description="When its state last changed.")


def item_row_type(row: dict[str, Any]) -> JobItem:
    """From a row of the database to what clients see."""
    return item_type(models.Item._init_from_db(**row))  # noqa: SLF001  the ORM's own way, without a query


def item_type(item: models.Item) -> JobItem:
    """The row as clients see it."""
    return JobItem(
        id=strawberry.ID(item.id),
        index=item.index,
        name=item.name,
        status=item.status,
        error=error_type(item.error_code, item.error_message, is_retryable=item.error_is_retryable, at=item.updated_at),
        result=item.result,
        url=item.url,
        size=_big(item.size_bytes),
        processed_bytes=_big(item.processed_bytes),
        skip_reason=item.skip_reason,
        needs_review=item.needs_review,
        attempt=item.attempt,
        updated_at=item.updated_at,
    )


def _big(value: int | None) -> BigInt | None:
    return None if value is None else BigInt(value)
