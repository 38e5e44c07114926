"""Removing a job for good: it is hidden, then its bytes go, then its rows; done again where it broke off."""

from collections.abc import Awaitable, Callable
from functools import partial

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from auth.audit import Action, note
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from jobs.lifecycle import hide_job
from jobs.outbox import Outbox
from jobs.queries import job_not_found
from jobs.scheduling.slices import delete_slices
from models import Job
from models.ids import type_of_id
from models.sql import delete_in_batches, execute_counted, fetch_rows
from storage.ports import BlobStore
from uploads.lifecycle import purge_upload
from uploads.wiring import UploadServices

WithLast = Callable[[BaseDBAsyncClient], Awaitable[None]]
RemoveElsewhere = Callable[[str], Awaitable[object]]
"""Removes what rooms above keep of a job, by its id."""


async def _nothing(_db: BaseDBAsyncClient) -> None:
    """There is nothing to write."""


async def purge_job(
    viewer: Viewer, job_id: str, upload_services: UploadServices, outbox: Outbox, remove_elsewhere: RemoveElsewhere
) -> str:
    """Remove a finished job, its results and the uploads that only it used or that brought results. Returns its id.

    Raises:
        Refusal: FORBIDDEN for everyone but admins; *_NOT_FOUND; INVALID_STATE for an active job.
    """
    if not viewer.is_admin:
        raise Refusal(ErrorCode.FORBIDDEN, "Only admins may purge jobs.")
    named_type = type_of_id(job_id)
    job = await Job.get_or_none(id=job_id)
    if job is None:
        raise job_not_found(named_type)
    if job.deleted_at is None:
        await hide_job(viewer, job, outbox)
    await _delete_uploads(viewer, job.id, upload_services)
    await remove_job(job.id, upload_services.storage, remove_elsewhere, partial(_note_purged, viewer, job))
    return job.id


async def remove_job(
    job_id: str, storage: BlobStore, remove_elsewhere: RemoveElsewhere, on_removed: WithLast = _nothing
) -> None:
    """Remove all that there is of a job which nobody reaches any more; doing it again goes on where it stopped.

    Args:
        job_id: Of a job that is hidden.
        storage: Has the bytes of its files.
        remove_elsewhere: Called before the job's own rows go.
        on_removed: Called in the transaction that removes the job's own row, the last of all.
    """
    await _remove_bytes(job_id, storage)
    await remove_elsewhere(job_id)
    await _remove_rows(job_id, on_removed)


async def _note_purged(viewer: Viewer, job: Job, db: BaseDBAsyncClient) -> None:
    await note(Action.PURGED, viewer.user_id, job.id, job.title, db=db)


async def _delete_uploads(viewer: Viewer, job_id: str, upload_services: UploadServices) -> None:
    """The inputs and the uploads that brought results, gone ones included, but none that another job uses."""
    own = (
        "SELECT u.id FROM uploads u WHERE u.id IN "
        "(SELECT upload_id FROM job_uploads WHERE job_id = $1 UNION SELECT upload_id FROM files WHERE job_id = $1) "
        "AND NOT EXISTS (SELECT 1 FROM job_uploads o WHERE o.upload_id = u.id AND o.job_id <> $1)"
    )
    for row in await fetch_rows(get_connection("default"), own, job_id):
        await purge_upload(upload_services, row["id"], viewer.user_id)


async def _remove_bytes(job_id: str, storage: BlobStore) -> None:
    statement = "SELECT storage_key FROM files WHERE job_id = $1 AND is_stored = TRUE"
    for row in await fetch_rows(get_connection("default"), statement, job_id):
        await storage.remove(row["storage_key"])


async def _remove_rows(job_id: str, on_removed: WithLast) -> None:
    db = get_connection("default")
    await delete_in_batches(db, "items", "job_id = $1", job_id)
    await delete_in_batches(db, "log_entries", "job_id = $1", job_id)
    await delete_in_batches(db, "job_events", "job_id = $1", job_id)
    await delete_slices(db, job_id)
    await delete_in_batches(db, "job_uploads", "job_id = $1", job_id)
    await delete_in_batches(db, "files", "job_id = $1", job_id)
    async with in_transaction() as last:
        if await execute_counted(last, "DELETE FROM jobs WHERE id = $1", job_id):
            await on_removed(last)
