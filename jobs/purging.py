"""Removing a job for good: first it is hidden, then its bytes go, then its rows; done again where it broke off."""

from functools import partial

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from auth.audit import Action, note
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from jobs.lifecycle import hide_job
from jobs.outbox import Outbox
from jobs.removal import remove_job
from jobs.rows import fetch
from models import Job
from models.ids import type_of_id
from uploads.lifecycle import delete_upload
from uploads.receiver import Receiver


async def purge_job(viewer: Viewer, job_id: str, receiver: Receiver, outbox: Outbox) -> str:
    """Remove a finished job, its results and the uploads that only it used or that brought results. Returns its id.

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
    await _delete_uploads(viewer, job.id, receiver)
    await remove_job(job.id, receiver.storage, partial(_note_purged, viewer, job))
    return job.id


async def _note_purged(viewer: Viewer, job: Job, db: BaseDBAsyncClient) -> None:
    await note(Action.PURGED, viewer.user_id, job.id, job.title, db=db)


async def _delete_uploads(viewer: Viewer, job_id: str, receiver: Receiver) -> None:
    """The inputs and the uploads that brought results, but none that another job uses."""
    own = (
        "SELECT u.id FROM uploads u WHERE u.status = 'COMPLETED' AND u.id IN "
        "(SELECT upload_id FROM job_uploads WHERE job_id = $1 UNION SELECT upload_id FROM files WHERE job_id = $1) "
        "AND NOT EXISTS (SELECT 1 FROM job_uploads o WHERE o.upload_id = u.id AND o.job_id <> $1)"
    )
    for row in await fetch(get_connection("default"), own, job_id):
        await delete_upload(receiver, row["id"], viewer.user_id)
