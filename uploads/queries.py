"""Reads: who may see which uploads."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from tortoise.connection import get_connection
from tortoise.expressions import F, Q

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from events.messages import Event
from models.fields import now
from models.ids import type_of_id
from models.paging import Listing, Page, Window, read_page
from models.upload import Upload
from uploads.rows import upload_of

_REMOVAL_WINDOW = timedelta(days=1)


async def find_upload(viewer: Viewer, upload_id: str) -> Upload:
    """The upload, whatever its status.

    Raises:
        Refusal: INVALID_ID; UPLOAD_NOT_FOUND, for somebody else's too.
    """
    upload = await Upload.get_or_none(id=upload_id) if type_of_id(upload_id) == "upload" else None
    if upload is None or not viewer.may_see(upload.owner_id):
        raise upload_not_found()
    return upload


async def page_uploads(viewer: Viewer, statuses: Sequence[UploadStatus] | None, window: Window) -> Page:
    """Part of the viewer's uploads (an admin's: of everybody's), newest first; deleted ones only when asked for."""
    listing = Listing("uploads", ("created_at", "id"), is_descending=True)
    if not viewer.is_admin:
        listing = listing.where("owner_id = ?", viewer.user_id)
    wanted = [status for status in UploadStatus if status is not UploadStatus.DELETED] if statuses is None else statuses
    places = ", ".join("?" for _ in wanted) or "NULL"
    listing = listing.where(f"status IN ({places})", *(str(status) for status in wanted))
    return await read_page(get_connection("default"), listing, window)


async def find_stored_upload(upload_id: str) -> Upload:
    """The upload, for a caller whose right to it is known already.

    Raises:
        Refusal: UPLOAD_NOT_FOUND, also for one that was deleted or rejected; UPLOAD_EXPIRED.
    """
    upload = await Upload.get_or_none(id=upload_id)
    if upload is None or upload.status in {UploadStatus.DELETED, UploadStatus.REJECTED}:
        raise upload_not_found()
    if upload.status is UploadStatus.EXPIRED:
        raise Refusal(ErrorCode.UPLOAD_EXPIRED, "This upload has expired: create a new one.")
    return upload


def is_arriving(upload: Upload) -> bool:
    """Whether the upload will change by itself."""
    return upload.status in {UploadStatus.UPLOADING, UploadStatus.FINALISING}


def upload_event(upload: Upload) -> Event:
    """The state of an upload that was read, in the form in which changes arrive."""
    row = {"id": upload.id, "owner_id": upload.owner_id, "version": upload.version, "status": str(upload.status)}
    return Event("upload", row)


def upload_of_event(event: Event) -> Upload:
    """The upload whose new state the event tells."""
    return upload_of(event.row)


async def uploads_by_ids(upload_ids: Collection[str]) -> dict[str, Upload]:
    """The uploads that exist, by id, for objects whose viewer is already known to see them."""
    return {upload.id: upload for upload in await Upload.filter(id__in=upload_ids)}


async def interrupted_upload_ids() -> list[str]:
    """Uploads whose bytes are all stored and that are not complete."""
    all_stored = Q(status=UploadStatus.UPLOADING) & Q(offset_bytes=F("size_bytes"))
    rows = await Upload.filter(Q(status=UploadStatus.FINALISING) | all_stored).order_by("created_at").values_list("id")
    return [str(row[0]) for row in rows]


async def deleted_upload_ids() -> list[str]:
    """Uploads deleted within a day, whose bytes a crash may have left behind."""
    since = now() - _REMOVAL_WINDOW
    rows = await Upload.filter(status=UploadStatus.DELETED, updated_at__gte=since).values_list("id")
    return [str(row[0]) for row in rows]


def upload_not_found() -> Refusal:
    """There is no such upload for this caller: unknown and foreign look the same."""
    return Refusal(ErrorCode.UPLOAD_NOT_FOUND, "There is no such upload.")
