"""Removing a job that is hidden: the bytes of its files, then all of its rows."""

from collections.abc import Awaitable, Callable

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from jobs.rows import fetch
from storage.local import LocalStorage

WithLast = Callable[[BaseDBAsyncClient], Awaitable[None]]

_ROWS_AT_ONCE = 2_000
"""Of one table in one statement: nobody waits long for the database meanwhile."""
_TABLES = ("items", "log_entries", "job_events", "slices", "job_uploads", "files", "webhook_deliveries")


async def _nothing(_db: BaseDBAsyncClient) -> None:
    """There is nothing to write."""


async def remove_job(job_id: str, storage: LocalStorage, on_removed: WithLast = _nothing) -> None:
    """Remove all that there is of a job which nobody reaches any more; doing it again goes on where it stopped.

    Args:
        job_id: Of a job that is hidden.
        storage: Has the bytes of its files.
        on_removed: Called in the transaction that removes the job's own row, the last of all.
    """
    await _remove_bytes(job_id, storage)
    await _remove_rows(job_id, on_removed)


async def _remove_bytes(job_id: str, storage: LocalStorage) -> None:
    statement = "SELECT storage_key FROM files WHERE job_id = $1 AND is_stored = TRUE"
    for row in await fetch(get_connection("default"), statement, job_id):
        await storage.remove(row["storage_key"])


async def _remove_rows(job_id: str, on_removed: WithLast) -> None:
    db = get_connection("default")
    for table in _TABLES:
        chosen = f"SELECT id FROM {table} WHERE job_id = $1 LIMIT {_ROWS_AT_ONCE}"
        while await fetch(db, f"DELETE FROM {table} WHERE id IN ({chosen}) RETURNING id", job_id):
            pass
    async with in_transaction() as last:
        if await fetch(last, "DELETE FROM jobs WHERE id = $1 RETURNING id", job_id):
            await on_removed(last)
