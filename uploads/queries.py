"""Reads: who may see which uploads, and where their bytes lie."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache

from tortoise.connection import get_connection
from tortoise.expressions import F, Q

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from events.messages import Event
from models.fields import now
from models.ids import type_of_id
from models.listing import KeyType, Listing, Page, Window, check_length, unsought
from models.paging import read_all, read_page
from models.sql import Row, fetch_rows, placeholders
from models.upload import Upload, UploadPart
from storage.joined import JoinedBlobs
from storage.keys import upload_key
from storage.ports import Blob, BlobStore
from uploads.metadata import MAX_EXTERNAL_IDS
from uploads.rows import upload_of

_ROWS_AT_ONCE = 1_000
LISTED = frozenset(Upload._meta.db_fields) - {"metadata", "concat"}  # noqa: SLF001  the ORM's list of columns
"""The columns of uploads in lists: all but the headers as they came, which can be long and which no client is told."""
_ALWAYS = frozenset({"id", "owner_id"})
_KEPT_SELECTIONS = 256


async def find_upload(viewer: Viewer, upload_id: str) -> Upload:
    """The upload, whatever its status.

    Raises:
        Refusal: INVALID_ID; UPLOAD_NOT_FOUND, for somebody else's too.
    """
    upload = await Upload.get_or_none(id=upload_id) if type_of_id(upload_id) == "upload" else None
    if upload is None or not viewer.may_see(upload.owner_id):
        raise upload_not_found()
    return upload


async def find_uploads(viewer: Viewer, upload_ids: Sequence[str]) -> list[Upload | Refusal]:
    """Each upload as `find_upload` does, without its headers, or why there is none."""
    rows = await read_all(
        get_connection("default"), Listing("uploads", (), (), select_list(LISTED)).where_in("id", [*set(upload_ids)])
    )
    found = {row["id"]: upload_of(row) for row in rows if viewer.may_see(row["owner_id"])}
    return [found.get(id_) or upload_not_found() for id_ in upload_ids]


@lru_cache(_KEPT_SELECTIONS)
def select_list(columns: frozenset[str], prefix: str = "") -> str:
    """What follows SELECT for these columns of an upload, and for those that say who may see it; `prefix` is before each name."""
    return ", ".join(f"{prefix}{name}" for name in sorted(columns | _ALWAYS))


async def page_uploads(
    viewer: Viewer,
    statuses: Sequence[UploadStatus] | None,
    window: Window,
    external_ids: Sequence[str] | None = None,
    columns: frozenset[str] = LISTED,
) -> Page:
    """Part of the viewer's uploads, with these of their columns; see `list_uploads`.

    Raises:
        Refusal: BAD_INPUT for too many external ids, or a window that makes no sense.
    """
    return await read_page(get_connection("default"), list_uploads(viewer, statuses, external_ids, columns), window)


def list_uploads(
    viewer: Viewer,
    statuses: Sequence[UploadStatus] | None,
    external_ids: Sequence[str] | None = None,
    columns: frozenset[str] = LISTED,
) -> Listing:
    """The viewer's uploads (an admin's: everybody's), newest first.

    Deleted ones are there only when they are asked for; pieces of concatenations never.

    Raises:
        Refusal: BAD_INPUT for too many external ids.
    """
    types = (KeyType.FLOAT, KeyType.TEXT)
    listing = Listing(
        "uploads", ("created_at", "id"), types, select_list(columns), is_descending=True, is_found_first=True
    )
    listing = listing.where("NOT is_partial")
    if external_ids is not None:
        check_length("externalIds", external_ids, MAX_EXTERNAL_IDS)
        listing = listing.where_in("external_id", [id_.replace("\0", "") for id_ in external_ids])
    if not viewer.is_admin:
        listing = listing.where(f"{'owner_id' if external_ids is None else unsought('owner_id')} = ?", viewer.user_id)
    wanted = [status for status in UploadStatus if status is not UploadStatus.DELETED] if statuses is None else statuses
    return listing.where_in(unsought("status"), [str(status) for status in wanted])


async def find_stored_upload(upload_id: str) -> Upload:
    """The upload, for a caller whose right to it is known already.

    Raises:
        Refusal: UPLOAD_NOT_FOUND, also for one that was deleted or rejected; UPLOAD_EXPIRED, from that moment on.
    """
    rows = await fetch_rows(get_connection("default"), "SELECT * FROM uploads WHERE id = $1", upload_id)
    return check_present(upload_of(rows[0]) if rows else None)


def check_present(upload: Upload | None) -> Upload:
    """`upload`, if it can still be spoken to; raises what `find_stored_upload` does."""
    if upload is None or upload.status in {UploadStatus.DELETED, UploadStatus.REJECTED}:
        raise upload_not_found()
    if upload.status is UploadStatus.EXPIRED or is_overdue(upload, now()):
        raise upload_expired()
    return upload


def is_overdue(upload: Upload, moment: datetime) -> bool:
    """Whether an unfinished upload has had its time; the sweep that says so in the row may come a little later."""
    return upload.status is UploadStatus.UPLOADING and upload.expires_at is not None and upload.expires_at <= moment


def is_arriving(upload: Upload) -> bool:
    """Whether the upload will change by itself."""
    return upload.status in {UploadStatus.UPLOADING, UploadStatus.FINALISING}


def is_concatenation(upload: Upload) -> bool:
    """Whether the upload is made of others and has no bytes of its own."""
    return upload.concat is not None and not upload.is_partial


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


async def owners_of_uploads(user_ids: Collection[str]) -> set[str]:
    """Those of the users who have an upload, in whatever status, as long as there is a row of it."""
    return {str(row[0]) for row in await Upload.filter(owner_id__in=user_ids).distinct().values_list("owner_id")}


async def unknown_uploads(names: Sequence[str]) -> list[str]:
    """Those of `names` that are not the id of an upload whose bytes are wanted."""
    rows = await Upload.filter(id__in=names, is_stored=True).values_list("id")
    known = {str(row[0]) for row in rows}
    return [name for name in names if name not in known]


async def upload_rows(upload_ids: Sequence[str]) -> list[Row]:
    """The rows of the uploads that exist, as events carry them."""
    rows: list[Row] = []
    for start in range(0, len(upload_ids), _ROWS_AT_ONCE):
        chosen = upload_ids[start : start + _ROWS_AT_ONCE]
        statement = f"SELECT * FROM uploads WHERE id IN ({placeholders(chosen)})"
        rows += await fetch_rows(get_connection("default"), statement, *chosen)
    return rows


async def find_parts(upload_ids: Collection[str]) -> dict[str, list[Upload]]:
    """The pieces of concatenations in the order of their bytes, whatever their status, by the concatenation's id."""
    rows = await UploadPart.filter(final_id__in=upload_ids).order_by("final_id", "position")
    parts = await uploads_by_ids({row.part_id for row in rows})
    found: dict[str, list[Upload]] = {}
    for row in rows:
        found.setdefault(row.final_id, []).append(parts[row.part_id])
    return found


async def contents_of(storage: BlobStore, uploads: Collection[Upload]) -> dict[str, Blob]:
    """The bytes of complete uploads, by id; with one query for all concatenations among them."""
    finals = [upload.id for upload in uploads if is_concatenation(upload)]
    parts = await find_parts(finals) if finals else {}
    contents: dict[str, Blob] = {}
    for upload in uploads:
        if is_concatenation(upload):
            contents[upload.id] = JoinedBlobs(tuple(_own_blob(storage, part) for part in parts.get(upload.id, ())))
        else:
            contents[upload.id] = _own_blob(storage, upload)
    return contents


async def content_of(storage: BlobStore, upload: Upload) -> Blob:
    """The bytes of one complete upload."""
    return (await contents_of(storage, [upload]))[upload.id]


async def unfinished_upload_ids() -> list[str]:
    """Uploads whose bytes are all stored and that are not complete, oldest first."""
    all_stored = Q(status=UploadStatus.UPLOADING) & Q(offset_bytes=F("size_bytes"))
    rows = await Upload.filter(Q(status=UploadStatus.FINALISING) | all_stored).order_by("created_at").values_list("id")
    return [str(row[0]) for row in rows]


async def overdue_upload_ids(moment: datetime, limit: int) -> list[str]:
    """Unfinished uploads that have had their time, the longest overdue first."""
    overdue = Upload.filter(status=UploadStatus.UPLOADING, expires_at__lte=moment).order_by("expires_at").limit(limit)
    return [str(row[0]) for row in await overdue.values_list("id")]


async def needed_part_ids(upload_ids: Collection[str]) -> set[str]:
    """Those of `upload_ids` that a concatenation needs which is there."""
    statement = (
        "SELECT DISTINCT p.part_id FROM upload_parts p JOIN uploads f ON f.id = p.final_id"
        f" WHERE p.part_id IN ({placeholders(upload_ids)}) AND f.status IN ('FINALISING', 'COMPLETED')"
    )
    return {row["part_id"] for row in await fetch_rows(get_connection("default"), statement, *upload_ids)}


def upload_not_found() -> Refusal:
    """There is no such upload for this caller: unknown and foreign look the same."""
    return Refusal(ErrorCode.UPLOAD_NOT_FOUND, "There is no such upload.")


def upload_expired() -> Refusal:
    """Its time was over before it was finished, or after it was used."""
    return Refusal(ErrorCode.UPLOAD_EXPIRED, "This upload has expired: create a new one.")


def _own_blob(storage: BlobStore, upload: Upload) -> Blob:
    return storage.blob(upload_key(upload.id), upload.size_bytes or 0)
