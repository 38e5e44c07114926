"""Rows of `uploads` as the database returns them: changing one returns its new state in the same statement."""

from collections.abc import Collection
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import UploadStatus
from models.fields import now
from models.records import record_type
from models.sql import Row, execute_soon, fetch_rows, placeholders, set_clause
from models.upload import Upload

OPEN = (UploadStatus.UPLOADING, UploadStatus.FINALISING)
PRESENT = (*OPEN, UploadStatus.COMPLETED)
GONE = (UploadStatus.REJECTED, UploadStatus.EXPIRED, UploadStatus.DELETED)
_NEW = {
    "status": UploadStatus.UPLOADING,
    "external_id": None,
    "metadata": "",
    "concat": None,
    "is_partial": False,
    "is_stored": True,
    "size_bytes": None,
    "offset_bytes": 0,
    "sha256": None,
    "fence": 0,
    "version": 1,
    "error_code": None,
    "error_message": None,
    "expires_at": None,
}
upload_of = record_type(Upload)
"""The row as an object, with the columns that were read."""


async def insert_upload(db: BaseDBAsyncClient, upload_id: str, **columns: Any) -> Upload:
    """A new row with `columns`, and nothing in the others."""
    moment = now().timestamp()
    values = _NEW | {"id": upload_id, "created_at": moment, "updated_at": moment} | columns
    await execute_soon(
        db, f"INSERT INTO uploads ({', '.join(values)}) VALUES ({placeholders(values)})", *values.values()
    )
    return upload_of(values)


async def change_upload(
    db: BaseDBAsyncClient,
    upload_id: str,
    sources: Collection[UploadStatus],
    *,
    known: Upload | None = None,
    is_overdue: bool | None = None,
    **columns: Any,
) -> Row | None:
    """Set `columns` of an upload that is in one of `sources`; None, and nothing changed, where it is in another status.

    `version` grows by one and `updated_at` becomes now.

    Args:
        db: The connection of the transaction.
        upload_id: Which upload.
        sources: In which statuses it may be.
        known: The row as the caller read it: nothing changes either where somebody has written since, whose fencing token,
            offset or size it has now.
        is_overdue: Whether it must, or must not, be unfinished with its time over.
        columns: New values.
    """
    columns["updated_at"] = now().timestamp()
    settings, values = set_clause(columns)
    condition = f"id = ${len(values) + 1} AND status IN ({placeholders(sources, len(values) + 2)})"
    values += [upload_id, *sorted(sources)]
    if known is not None:
        values += [known.fence, known.offset_bytes]
        condition += f" AND fence = ${len(values) - 1} AND offset_bytes = ${len(values)}"
        if known.size_bytes is None:
            condition += " AND size_bytes IS NULL"
        else:
            values.append(known.size_bytes)
            condition += f" AND size_bytes = ${len(values)}"
    if is_overdue is not None:
        values.append(columns["updated_at"])
        overdue = f"(status = 'UPLOADING' AND expires_at IS NOT NULL AND expires_at <= ${len(values)})"
        condition += f" AND {overdue}" if is_overdue else f" AND NOT {overdue}"
    rows = await fetch_rows(
        db, f"UPDATE uploads SET {settings}, version = version + 1 WHERE {condition} RETURNING *", *values
    )
    return rows[0] if rows else None
