"""Items of a job."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import orjson
import strawberry

import models
from execution.batches import batch_field
from models.records import record_type
from models.sql import Row
from schema.context import Info
from schema.types.enums import ItemStatus
from schema.types.error import JobError, error_type
from schema.types.file import File, file_type
from schema.types.node import Node
from schema.types.people import User, user_type
from schema.types.rows import column, derived
from schema.types.scalars import BigInt, Json

_item_of = record_type(models.Item)


async def _files(roots: Sequence["JobItem"], info: Info) -> list[list[File] | Exception]:
    found = await info.context.loaders.item_files.load_each([root.id for root in roots])
    return [
        files if isinstance(files, Exception) else [file_type(file, info.context) for file in files] for files in found
    ]


async def _reviewers(roots: Sequence["JobItem"], info: Info) -> list[User | None]:
    reviewers = {root.row.reviewed_by for root in roots if root.row.reviewed_by}
    users = await info.context.loaders.users.load_many(reviewers)
    shown = {user.id: user_type(user) for user in users if user is not None}
    return [shown.get(root.row.reviewed_by or "") for root in roots]


def _error(root: "JobItem") -> JobError | None:
    item = root.row
    return error_type(item.error_code, item.error_message, is_retryable=item.error_is_retryable, at=item.updated_at)


def _result(root: "JobItem") -> Json | None:
    """As it is stored, without being parsed."""
    stored = cast("Row", root.row)["result"]
    return None if stored is None else Json(orjson.Fragment(stored))


@strawberry.type(description="A lead, a sheet, an audio file, a downloaded file: own status, error and result.")
class JobItem(Node):
    """See `models.Item`."""

    row: strawberry.Private[models.Item]
    index: int = column("index", description="From 0, in the order of the input.")
    name: str = column("name", description="A sheet's file name, a row's number, a downloaded file's name.")
    status: ItemStatus = column("status", description="Where it stands.")
    error: JobError | None = derived(_error, description="Why it failed.")
    result: Json | None = derived(_result, description="What came of it; its shape is the processor's.")
    url: str | None = column("url", description="Where it came from, if it was fetched.")
    size: BigInt | None = column("size_bytes", description="Bytes, if it is a file.")
    processed_bytes: BigInt | None = column("processed_bytes", description="Bytes so far, if it is a file.")
    skip_reason: str | None = column("skip_reason", description="Why it was not needed.")
    files: list[File] = batch_field(
        _files, description="Results of this item: a sheet's picture and thumbnail, a downloaded file."
    )
    needs_review: bool = column(
        "needs_review",
        description="A person should look at it: low confidence, doubtful marks. False again after reviewItem.",
    )
    reviewed_at: datetime | None = column("reviewed_at", description="When a person last reviewed it.")
    reviewed_by: User | None = batch_field(_reviewers, description="Who last reviewed it.")
    attempt: int = column("attempt", description="The attempt that gave it its present state.")
    updated_at: datetime = column("updated_at", description="When its state last changed.")


def item_type(row: Row) -> JobItem:
    """From a row of the database to what clients see."""
    return JobItem(id=strawberry.ID(row["id"]), row=_item_of(row))
