"""Removing a job for good: first it is hidden, then its bytes go, then its rows; done again where it broke off."""

from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from auth.audit import Action, note
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from jobs.lifecycle import hide_job
from jobs.outbox import Outbox
from jobs.rows import fetch
from models import File, Job
from models.ids import type_of_id
from storage.local import LocalStorage
from uploads.lifecycle import delete_upload
from uploads.receiver import Receiver

_TABLES = ("files", "items", "slices", "job_events", "log_entries", "job_uploads")


async def purge_job(viewer: Viewer, job_id: str, receiver: Receiver, outbox: Outbox) -> str:
    """Remove a finished job, its results and the uploads that only it used. Returns its id.

    Raises:
        Refusal: FORBIDDEN for everyone but admins; NOT_FOUND; INVALID_STATE for an active job.
    """
    if not viewer.is_admin:
        raise Refusal(ErrorCode.FORBIDDEN, "Only admins may purge jobs.")
    type_of_id(job_id)
    job = await Job.get_or_none(id=job_id)
    if job is None:
        raise Refusal(ErrorCode.NOT_FOUND, "There is no such job.")
    if job.deleted_at is None:
        await hide_job(viewer, job, outbox)
    await _remove_bytes(viewer, job.id, receiver)
    await _remove_rows(viewer, job)
    return job.id


async def _remove_bytes(viewer: Viewer, job_id: str, receiver: Receiver) -> None:
    storage: LocalStorage = receiver.storage
    for key in await File.filter(job_id=job_id).values_list("storage_key", flat=True):
        await storage.remove(str(key))
    own = (
        "SELECT u.id FROM uploads u JOIN job_uploads w ON w.upload_id = u.id WHERE w.job_id = $1 AND u.status = 'COMPLETED' "
        "AND NOT EXISTS (SELECT 1 FROM job_uploads o WHERE o.upload_id = u.id AND o.job_id <> $1)"
    )
    for row in await fetch(get_connection("default"), own, job_id):
        await delete_upload(receiver, row["id"], viewer.user_id)


async def _remove_rows(viewer: Viewer, job: Job) -> None:
    async with in_transaction() as db:
        for table in _TABLES:
            await fetch(db, f"DELETE FROM {table} WHERE job_id = $1", job.id)
        await fetch(db, "DELETE FROM jobs WHERE id = $1", job.id)
        await note(Action.PURGED, viewer.user_id, job.id, job.title, db=db)
