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


async def change_upload(
    connection: BaseDBAsyncClient, upload_id: str, sources: Collection[UploadStatus], **columns: Any
) -> Row | None:
    """Set `columns` of an upload that is in one of `sources`; None, and nothing changed, where it is in another status.

    `version` grows by one and `updated_at` becomes now.
    """
    columns["updated_at"] = now().timestamp()
    settings = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, 1))
    places = ", ".join(f"${len(columns) + 2 + place}" for place in range(len(sources)))
    statement = (
        f"UPDATE uploads SET {settings}, version = version + 1"
        f" WHERE id = ${len(columns) + 1} AND status IN ({places}) RETURNING *"
    )
    rows = await connection.execute_query_dict(
        sql(connection, statement), [*columns.values(), upload_id, *sorted(sources)]
    )
    return dict(rows[0]) if rows else None


def upload_of(row: Row) -> Upload:
    """The model of a row, with its times and its status as values of Python."""
    return Upload._init_from_db(**row)  # noqa: SLF001  the ORM's own way in, which queries use too
