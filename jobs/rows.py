"""Rows of the jobs' tables as the database returns them: changing one returns its new state in the same statement.

Every transaction locks in one order, so that no two wait for each other: uploads, then jobs (each by id), then what
belongs to a job.
"""

from collections.abc import Collection
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import JobStatus
from jobs.outbox import Row
from models.database import sql
from models.fields import now
from models.search import search_text_of


async def fetch(db: BaseDBAsyncClient, statement: str, *values: Any) -> list[Row]:
    """Run `statement` ($1, $2, …) and return its rows."""
    return [dict(row) for row in await db.execute_query_dict(sql(db, statement), list(values))]


async def change_job(db: BaseDBAsyncClient, job_id: str, sources: Collection[JobStatus], **columns: Any) -> Row | None:
    """Set `columns` of a job that is in one of `sources`; None, and nothing changed, where it is not, or is deleted.

    `version` grows and `updated_at` becomes now; with the title goes what is searched. A value that is a tuple
    `(expression, value…)` is SQL with `?` in the place of each value.
    """
    columns.setdefault("updated_at", now().timestamp())
    if "title" in columns:
        columns["search_text"] = search_text_of(columns["title"], await _file_names(db, job_id))
    values: list[Any] = []
    parts = ["version = version + 1"]
    for name, value in columns.items():
        expression, arguments = (value[0], value[1:]) if isinstance(value, tuple) else ("?", (value,))
        for argument in arguments:
            values.append(argument)
            expression = expression.replace("?", f"${len(values)}", 1)
        parts.append(f"{name} = {expression}")
    places = ", ".join(f"${len(values) + 2 + i}" for i in range(len(sources)))
    condition = f"id = ${len(values) + 1} AND status IN ({places}) AND deleted_at IS NULL"
    statement = f"UPDATE jobs SET {', '.join(parts)} WHERE {condition} RETURNING *"
    rows = await fetch(db, statement, *values, job_id, *sorted(sources))
    return rows[0] if rows else None


async def write_search_text(db: BaseDBAsyncClient, job: Row) -> None:
    """Renew what is searched in `job` (locked), which has other inputs now; no subscriber sees that."""
    text = search_text_of(job["title"], await _file_names(db, job["id"]))
    await fetch(db, "UPDATE jobs SET search_text = $1 WHERE id = $2", text, job["id"])


async def _file_names(db: BaseDBAsyncClient, job_id: str) -> list[str]:
    statement = "SELECT u.filename FROM job_uploads w JOIN uploads u ON u.id = w.upload_id WHERE w.job_id = $1 ORDER BY w.position"
    return [row["filename"] for row in await fetch(db, statement, job_id)]


async def lock_job(db: BaseDBAsyncClient, job_id: str) -> Row | None:
    """The job's row, locked until the transaction ends."""
    suffix = " FOR UPDATE" if db.capabilities.support_for_update else ""
    rows = await fetch(db, f"SELECT * FROM jobs WHERE id = $1{suffix}", job_id)
    return rows[0] if rows else None
