"""Rows of `uploads` as the database returns them: changing one returns its new state in the same statement."""

from collections.abc import Collection
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import UploadStatus
from models.database import sql
from models.fields import now
from models.upload import Upload

Row = dict[str, Any]
"""Column → JSON value, as events carry it."""

OPEN = (UploadStatus.UPLOADING, UploadStatus.FINALISING)
PRESENT = (*OPEN, UploadStatus.COMPLETED)
GONE = (UploadStatus.REJECTED, UploadStatus.EXPIRED, UploadStatus.DELETED)


async def fetch_rows(db: BaseDBAsyncClient, statement: str, *values: Any) -> list[Row]:
    """Run `statement` ($1, $2, …) and return its rows."""
    return [dict(row) for row in await db.execute_query_dict(sql(db, statement), list(values))]


async def change_upload(
    db: BaseDBAsyncClient,
    upload_id: str,
    sources: Collection[UploadStatus],
    *,
    fence: int | None = None,
    is_overdue: bool | None = None,
    **columns: Any,
) -> Row | None:
    """Set `columns` of an upload that is in one of `sources`; None, and nothing changed, where it is in another status.

    `version` grows by one and `updated_at` becomes now.

    Args:
        db: The connection of the transaction.
        upload_id: Which upload.
        sources: In which statuses it may be.
        fence: The number under which the caller writes: nothing changes either where a later writer has come.
        is_overdue: Whether it must, or must not, be unfinished with its time over.
        columns: New values.
    """
    columns["updated_at"] = now().timestamp()
    values = [*columns.values(), upload_id, *sorted(sources)]
    settings = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, 1))
    places = ", ".join(f"${len(columns) + 2 + place}" for place in range(len(sources)))
    condition = f"id = ${len(columns) + 1} AND status IN ({places})"
    if fence is not None:
        values.append(fence)
        condition += f" AND fence = ${len(values)}"
    if is_overdue is not None:
        values.append(columns["updated_at"])
        overdue = f"(status = 'UPLOADING' AND expires_at IS NOT NULL AND expires_at <= ${len(values)})"
        condition += f" AND {overdue}" if is_overdue else f" AND NOT {overdue}"
    rows = await fetch_rows(
        db, f"UPDATE uploads SET {settings}, version = version + 1 WHERE {condition} RETURNING *", *values
    )
    return rows[0] if rows else None


def places_for(values: Collection[object], first: int = 1) -> str:
    """`$1, $2, …`, one for each of `values`, counted from `first`; matches nothing where there are none."""
    return ", ".join(f"${place}" for place in range(first, first + len(values))) or "NULL"


def upload_of(row: Row) -> Upload:
    """The model of a row, with its times and its status as values of Python."""
    return Upload._init_from_db(**row)  # noqa: SLF001  the ORM's own way in, which queries use too
