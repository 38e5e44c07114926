"""The life of an upload: the only file that changes its status.

    UPLOADING → FINALISING → COMPLETED | REJECTED       unfinished, its time over → EXPIRED
    any of the first three → DELETED                    finished, no longer kept → EXPIRED

FINALISING is passed in one step where the checksum of the whole is known with the last byte.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from auth.audit import Action, note
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import UploadStatus
from events.messages import Event
from models.fields import now
from models.ids import new_id
from models.sql import Row, fetch_rows, for_share, for_update, placeholders
from models.upload import Upload, UploadPart
from storage.keys import upload_key
from uploads import tus
from uploads.limits import check_share, check_space
from uploads.metadata import Description
from uploads.queries import check_present, find_stored_upload, is_concatenation, upload_not_found
from uploads.removal import forget_upload, remove_before_sweep, remove_parts
from uploads.rows import GONE, OPEN, PRESENT, change_upload, insert_upload, upload_of
from uploads.wiring import AfterCommit, Growth, GrowthHook, TransactionHook, UploadServices

log = log_for(__name__)

_MAX_PARTS = 2_000
_EMPTY = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class NewUpload:
    """What is announced.

    Attributes:
        owner_id: The user who may see it.
        description: What it is called; see `uploads.metadata`.
        size_bytes: 0 or more; None where it is told later.
        metadata: The Upload-Metadata header as it came.
        concat: The Upload-Concat header as it came; None for a plain file.
    """

    owner_id: str
    description: Description
    size_bytes: int | None
    metadata: str = ""
    concat: str | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """The row, as far as the client says it."""
        return {
            "owner_id": self.owner_id,
            "filename": self.description.filename,
            "content_type": self.description.content_type,
            "external_id": self.description.external_id,
            "metadata": self.metadata,
            "concat": self.concat,
        }


async def create_upload(services: UploadServices, new: NewUpload) -> Upload:
    """A new upload; one of zero bytes is complete at once.

    Raises:
        Refusal: BAD_INPUT for a negative size, FILE_TOO_LARGE, QUOTA_EXCEEDED, INSUFFICIENT_STORAGE.
    """
    size = new.size_bytes
    if size is not None and size < 0:
        raise Refusal(ErrorCode.BAD_INPUT, "A file has 0 bytes or more.", "input.size")
    services.limits.check_size(size or 0)
    await check_space(services.storage, services.limits, size or 0)
    id_ = new_id("upload")
    if size == 0:
        await _store_nothing(services, id_)
    state = (
        {"status": UploadStatus.COMPLETED, "sha256": _EMPTY}
        if size == 0
        else {"expires_at": _new_end(services).timestamp()}
    )
    async with services.transaction() as db:
        await check_share(db, services.limits, new.owner_id, size or 0, is_new=True)
        upload = await insert_upload(
            db, id_, size_bytes=size, is_partial=new.concat == tus.PARTIAL, **new.columns, **state
        )
        after_commit = await services.on_completed(db, Growth(upload, 0)) if size == 0 else None
    if after_commit is not None:
        await after_commit()
    return upload


async def _store_nothing(services: UploadServices, upload_id: str) -> None:
    sink = await services.storage.open_sink(upload_key(upload_id), 0, None)
    try:
        await sink.finish()
    finally:
        await sink.close()


async def create_concatenation(services: UploadServices, new: NewUpload, part_ids: Sequence[str]) -> Upload:
    """A new upload made of others, which stay where they are; it is FINALISING until its checksum is known.

    Raises:
        Refusal: UPLOAD_NOT_FOUND where a part is not there, or not the owner's; BAD_INPUT where one is no part, or not
            finished; LOCKED while one is being finished; FILE_TOO_LARGE.

    Source: tus 1.0.0, Concatenation.
    """
    if len(part_ids) > _MAX_PARTS:
        raise Refusal(ErrorCode.BAD_INPUT, f"A concatenation has at most {_MAX_PARTS} parts.", "Upload-Concat")
    async with services.transaction() as db:
        parts = await _lock_parts(db, part_ids, new.owner_id)
        size = sum(parts[id_].size_bytes or 0 for id_ in part_ids)
        services.limits.check_size(size)
        upload = await insert_upload(
            db,
            new_id("upload"),
            size_bytes=size,
            offset_bytes=size,
            status=UploadStatus.FINALISING,
            is_stored=False,
            **new.columns,
        )
        links = [UploadPart(final_id=upload.id, part_id=id_, position=place) for place, id_ in enumerate(part_ids)]
        await UploadPart.bulk_create(links, using_db=db)
    return upload


async def claim_for_writing(services: UploadServices, upload_id: str) -> Upload:
    """The upload for writing, under its lock, with the next fencing token: other processes cannot write any more.

    Raises:
        Refusal: UPLOAD_NOT_FOUND, UPLOAD_EXPIRED.
    """
    if not services.locks.is_shared:
        return await find_stored_upload(upload_id)
    statement = "UPDATE uploads SET fence = fence + 1 WHERE id = $1 RETURNING *"
    rows = await fetch_rows(get_connection("default"), statement, upload_id)
    return check_present(upload_of(rows[0]) if rows else None)


async def declare_length(services: UploadServices, upload: Upload, length: int) -> Upload:
    """Say how many bytes an upload will have that was begun without; once.

    Raises:
        Refusal: BAD_INPUT where another length was said before, or more bytes are stored; FILE_TOO_LARGE, QUOTA_EXCEEDED.

    Source: tus 1.0.0, Creation, Upload-Defer-Length.
    """
    if upload.size_bytes == length:
        return upload
    if upload.size_bytes is not None:
        message = f"The upload has {upload.size_bytes} bytes, as was said before; that cannot change."
        raise Refusal(ErrorCode.BAD_INPUT, message, "Upload-Length")
    if length < upload.offset_bytes:
        message = f"{upload.offset_bytes} bytes are stored already: the length cannot be less."
        raise Refusal(ErrorCode.BAD_INPUT, message, "Upload-Length")
    services.limits.check_size(length)
    return await _change(services, upload, size_bytes=length)


async def commit_offset(services: UploadServices, upload: Upload, offset: int) -> Upload:
    """Say that the first `offset` bytes are stored; its time begins anew.

    Raises:
        Refusal: What `_changed_meanwhile` says; QUOTA_EXCEEDED for an upload of unknown length.
    """
    return await _change(services, upload, offset_bytes=offset)


async def begin_finalising(services: UploadServices, upload: Upload, failure: Refusal | None = None) -> Upload:
    """→ FINALISING: all bytes are stored, and it is not complete yet; with `failure`, because that went wrong."""
    error: dict[str, Any] = {} if failure is None else {"error_code": failure.code, "error_message": failure.message}
    return await _change(
        services, upload, status=UploadStatus.FINALISING, offset_bytes=upload.size_bytes, expires_at=None, **error
    )


async def complete_upload(services: UploadServices, upload: Upload, sha256: str) -> Upload:
    """→ COMPLETED, together with what waited for it: one transaction.

    Args:
        services: Its `on_completed` writes in the same transaction.
        upload: A row whose bytes are all stored.
        sha256: Hex SHA-256 of all bytes.

    Raises:
        Refusal: What `_changed_meanwhile` says.
    """
    return await _change(
        services,
        upload,
        services.on_completed,
        status=UploadStatus.COMPLETED,
        offset_bytes=upload.size_bytes,
        sha256=sha256,
        expires_at=None,
        error_code=None,
        error_message=None,
    )


async def reject_upload(services: UploadServices, upload: Upload, reason: Refusal) -> None:
    """→ REJECTED, for good: its bytes cannot become a file, and what waits for it fails."""
    error = {"error_code": reason.code, "error_message": reason.message}
    await _end(services, upload.id, OPEN, UploadStatus.REJECTED, services.on_gone, **error)


async def expire_unfinished(services: UploadServices, upload_id: str) -> bool:
    """UPLOADING → EXPIRED, if its time is over; whether it was."""
    sources = (UploadStatus.UPLOADING,)
    ended = await _end(services, upload_id, sources, UploadStatus.EXPIRED, services.on_gone, is_overdue=True)
    return ended is not None


async def expire_finished(services: UploadServices, upload_id: str, check_unused: TransactionHook) -> bool:
    """COMPLETED → EXPIRED, unless `check_unused` refuses; whether it did."""
    ended = await _end(services, upload_id, (UploadStatus.COMPLETED,), UploadStatus.EXPIRED, check_unused)
    return ended is not None


async def delete_upload(services: UploadServices, upload_id: str, actor_id: str | None = None) -> Upload:
    """→ DELETED, its bytes removed; a request that is sending them is stopped.

    Args:
        services: Its `on_gone` writes in the same transaction.
        upload_id: For a caller whose right to it is known already.
        actor_id: The user who does it; None where the right came with the upload's URL.

    Raises:
        Refusal: UPLOAD_NOT_FOUND, UPLOAD_EXPIRED, or what `on_gone` refuses.

    Source: tus 1.0.0, Termination.
    """

    async def hook(db: BaseDBAsyncClient, upload: Upload) -> AfterCommit:
        after_commit = await services.on_gone(db, upload)
        await note(Action.DELETED, actor_id, upload.id, upload.filename, db=db)
        return after_commit

    deleted = await _end(services, upload_id, PRESENT, UploadStatus.DELETED, hook, is_overdue=False)
    if deleted is None:
        await find_stored_upload(upload_id)
        raise upload_not_found()
    return deleted


async def purge_upload(services: UploadServices, upload_id: str, actor_id: str) -> None:
    """As `delete_upload`, also for one that is gone already; nothing tells its name or size afterwards."""

    async def hook(db: BaseDBAsyncClient, upload: Upload) -> AfterCommit:
        await note(Action.DELETED, actor_id, upload.id, db=db)
        return await services.on_gone(db, upload)

    await _end(services, upload_id, PRESENT, UploadStatus.DELETED, hook)
    await forget_upload(services, upload_id)


async def discard_upload(services: UploadServices, upload_id: str) -> None:
    """→ DELETED, for one whose creation is refused after all: its creator never heard of it."""
    await _end(services, upload_id, PRESENT, UploadStatus.DELETED, services.on_gone, is_overdue=False)


async def _change(services: UploadServices, upload: Upload, hook: GrowthHook | None = None, **columns: Any) -> Upload:
    """Change the row of an open upload, call `within` (by default `on_progress`) with it, and tell watchers."""
    columns.setdefault("expires_at", _new_end(services).timestamp())
    async with services.transaction() as db:
        if upload.size_bytes is None:
            grown = (columns.get("size_bytes") or columns.get("offset_bytes") or 0) - upload.offset_bytes
            await check_share(db, services.limits, upload.owner_id, grown, is_new=False)
        services.foresee_growth(db, upload.id)
        row = await change_upload(db, upload.id, OPEN, known=upload, **columns)
        after_commit = None if row is None else await (hook or services.on_progress)(db, _growth(upload, row))
    if row is None or after_commit is None:
        raise await _changed_meanwhile(upload.id)
    await _publish(services, [row], after_commit)
    return upload_of(row)


def _growth(before: Upload, row: Row) -> Growth:
    after = upload_of(row)
    is_sized = before.size_bytes is None and after.size_bytes is not None
    return Growth(after, after.offset_bytes - before.offset_bytes, is_sized)


async def _end(
    services: UploadServices,
    upload_id: str,
    sources: Sequence[UploadStatus],
    status: UploadStatus,
    hook: TransactionHook,
    **columns: Any,
) -> Upload | None:
    """End the life of an upload that is in one of `sources`, with that of its parts; None where it is in none."""
    async with services.transaction() as db:
        services.foresee_end(db, upload_id)
        row = await change_upload(db, upload_id, sources, status=status, **columns)
        if row is None:
            return None
        ended = upload_of(row)
        released, useless = await _release_parts(db, ended) if is_concatenation(ended) else ([], [])
        after_commit = await hook(db, ended)
    await _publish(services, [row, *released], after_commit)
    if ended.concat is None:
        await remove_before_sweep(services, upload_id)
    else:
        await remove_parts(services, [upload_id, *useless])
    return ended


async def _publish(services: UploadServices, rows: Sequence[Row], after_commit: AfterCommit) -> None:
    await services.publisher.publish(*(Event("upload", row) for row in rows))
    await after_commit()


async def _lock_parts(db: BaseDBAsyncClient, part_ids: Sequence[str], owner_id: str) -> dict[str, Upload]:
    """The parts, none of which ends before this transaction does."""
    unique = sorted(set(part_ids))
    rows = await fetch_rows(
        db, f"SELECT * FROM uploads WHERE id IN ({placeholders(unique)}) ORDER BY id{for_share(db)}", *unique
    )
    parts = {row["id"]: upload_of(row) for row in rows}
    for id_ in unique:
        _check_part(parts.get(id_), owner_id)
    return parts


def _check_part(part: Upload | None, owner_id: str) -> None:
    if part is None or part.owner_id != owner_id or part.status in GONE:
        message = "One of the parts of this concatenation is not there."
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, message, "Upload-Concat")
    if not part.is_partial:
        message = "One of these uploads was not begun with Upload-Concat: partial."
        raise Refusal(ErrorCode.BAD_INPUT, message, "Upload-Concat")
    if part.status is UploadStatus.FINALISING:
        raise Refusal(ErrorCode.LOCKED, "One of the parts is still being finished.", "Upload-Concat", retry_after=1)
    if part.status is not UploadStatus.COMPLETED:
        message = "One of the parts is not finished: send the rest of it first."
        raise Refusal(ErrorCode.BAD_INPUT, message, "Upload-Concat")


async def _release_parts(db: BaseDBAsyncClient, final: Upload) -> tuple[list[Row], list[str]]:
    """Delete the parts that no other concatenation needs: they are of no use without this one.

    Returns:
        The rows that were changed, and the ids of all parts that are gone but may still have bytes.
    """
    parts = "SELECT part_id FROM upload_parts WHERE final_id = $1"
    await fetch_rows(db, f"SELECT id FROM uploads WHERE id IN ({parts}) ORDER BY id{for_update(db)}", final.id)
    released = await fetch_rows(
        db,
        "UPDATE uploads SET status = 'DELETED', updated_at = $2, version = version + 1 WHERE status = 'COMPLETED'"
        f" AND id IN ({parts}) AND NOT EXISTS ("
        "SELECT 1 FROM upload_parts p JOIN uploads f ON f.id = p.final_id"
        " WHERE p.part_id = uploads.id AND f.id <> $1 AND f.status IN ('FINALISING', 'COMPLETED')) RETURNING *",
        final.id,
        now().timestamp(),
    )
    gone = f"SELECT id FROM uploads WHERE is_stored = TRUE AND id IN ({parts}) AND status IN ({placeholders(GONE, 2)})"
    return released, [row["id"] for row in await fetch_rows(db, gone, final.id, *GONE)]


async def _changed_meanwhile(upload_id: str) -> Refusal:
    """Why the row of an upload could not be changed: it is gone, complete, or somebody else's by now."""
    try:
        await find_stored_upload(upload_id)
    except Refusal as refusal:
        return refusal
    return Refusal(ErrorCode.LOCKED, "The upload changed meanwhile; ask for its offset again.", retry_after=1)


def _new_end(services: UploadServices) -> datetime:
    return now() + services.retention
