"""Rows of the jobs' tables as the database returns them: changing one returns its new state in the same statement.

Every transaction locks in one order, so that no two wait for each other: uploads, then jobs (each by id), then what
belongs to a job.
"""

from collections.abc import Collection, Sequence
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import JobStatus
from models import Job
from models.fields import now
from models.records import record_type
from models.search import search_text_of
from models.sql import Row, fetch_rows, for_update, placeholders, set_clause

job_of = record_type(Job)
"""The row as an object, with the columns that were read."""


async def change_job(db: BaseDBAsyncClient, job_id: str, sources: Collection[JobStatus], **columns: Any) -> Row | None:
    """Set `columns` of a job that is in one of `sources`; None, and nothing changed, where it is not, or is deleted.

    `version` grows and `updated_at` becomes now; with the title goes what is searched. A value that is a tuple
    `(expression, value…)` is SQL with `?` in the place of each value.
    """
    if "title" in columns:
        columns["search_text"] = search_text_of(columns["title"], await _file_names(db, job_id))
    rows = await change_jobs(db, [job_id], sources, **columns)
    return rows[0] if rows else None


async def change_jobs(
    db: BaseDBAsyncClient, job_ids: Sequence[str], sources: Collection[JobStatus], **columns: Any
) -> list[Row]:
    """As `change_job`, of several jobs (locked, or one) and without their titles; those that were changed, by id."""
    columns.setdefault("updated_at", now().timestamp())
    settings, values = set_clause(columns)
    of_ids = placeholders(job_ids, len(values) + 1)
    of_statuses = placeholders(sources, len(values) + len(job_ids) + 1)
    condition = f"id IN ({of_ids}) AND status IN ({of_statuses}) AND deleted_at IS NULL"
    statement = f"UPDATE jobs SET {settings}, version = version + 1 WHERE {condition} RETURNING *"
    rows = await fetch_rows(db, statement, *values, *job_ids, *sorted(sources))
    return sorted(rows, key=lambda row: str(row["id"]))


async def write_search_text(db: BaseDBAsyncClient, job: Row) -> None:
    """Renew what is searched in `job` (locked), which has other inputs now; no subscriber sees that."""
    text = search_text_of(job["title"], await _file_names(db, job["id"]))
    await fetch_rows(db, "UPDATE jobs SET search_text = $1 WHERE id = $2", text, job["id"])


async def _file_names(db: BaseDBAsyncClient, job_id: str) -> list[str]:
    statement = "SELECT u.filename FROM job_uploads w JOIN uploads u ON u.id = w.upload_id WHERE w.job_id = $1 ORDER BY w.position"
    return [row["filename"] for row in await fetch_rows(db, statement, job_id)]


async def lock_job(db: BaseDBAsyncClient, job_id: str) -> Row | None:
    """The job's row, locked until the transaction ends."""
    rows = await lock_jobs(db, [job_id])
    return rows[0] if rows else None


async def lock_jobs(db: BaseDBAsyncClient, job_ids: Sequence[str]) -> list[Row]:
    """The rows of those that there are, by id, locked in this order until the transaction ends."""
    statement = f"SELECT * FROM jobs WHERE id IN ({placeholders(job_ids)}) ORDER BY id{for_update(db)}"
    return await fetch_rows(db, statement, *job_ids)
