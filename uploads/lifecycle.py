"""The life of an upload: the only file that changes its row.

UPLOADING → COMPLETED, by way of FINALISING where the checksum must be read back from the disk; any of them → DELETED.
"""

from functools import partial

from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import UploadStatus
from events.messages import Event
from models.ids import new_id
from models.upload import Upload
from storage.keys import upload_key
from storage.writer import Writer, disk_full
from uploads import tus
from uploads.checkpoints import Checkpoints
from uploads.intake import Body, Intake, Stop
from uploads.locks import Hold
from uploads.metadata import Description
from uploads.queries import deleted_upload_ids, find_stored_upload, interrupted_upload_ids, upload_not_found
from uploads.receiver import Receiver
from uploads.rows import Row, change_upload, upload_of

log = log_for(__name__)

_OPEN = (UploadStatus.UPLOADING, UploadStatus.FINALISING)
_PRESENT = (*_OPEN, UploadStatus.COMPLETED)


async def create_upload(
    receiver: Receiver, owner_id: str, description: Description, size_bytes: int | None, metadata: str = ""
) -> Upload:
    """A new upload; one of zero bytes is complete at once.

    Args:
        receiver: What receiving works with.
        owner_id: The user who may see it.
        description: What it is called; see `uploads.metadata`.
        size_bytes: Its size, 0 or more.
        metadata: The Upload-Metadata header as it came.

    Raises:
        Refusal: BAD_INPUT without a size, FILE_TOO_LARGE, INSUFFICIENT_STORAGE.
    """
    if size_bytes is None or size_bytes < 0:
        raise Refusal(ErrorCode.BAD_INPUT, "Give the size of the file in bytes.", "size")
    if size_bytes > receiver.max_size_bytes:
        raise tus.too_large(receiver.max_size_bytes)
    await _check_space(receiver, size_bytes)
    upload = await Upload.create(
        id=new_id("upload"),
        owner_id=owner_id,
        filename=description.filename,
        content_type=description.content_type,
        external_id=description.external_id,
        metadata=metadata,
        size_bytes=size_bytes,
    )
    return upload if size_bytes else await finish_upload(receiver, upload)


async def append_bytes(receiver: Receiver, hold: Hold, upload: Upload, offset: int, body: Body) -> Upload:
    """Write `body` at `offset` and return the row afterwards; with the last byte the upload is complete.

    Args:
        receiver: What receiving works with.
        hold: The caller's lock on the upload; when another request wants it, this one stops and keeps what it has.
        upload: Its row, read under the lock.
        offset: Where the body begins.
        body: What arrived stays if the client leaves.

    Raises:
        Refusal: OFFSET_MISMATCH (nothing read), FILE_TOO_LARGE (nothing of the excess kept), INSUFFICIENT_STORAGE;
            BAD_INPUT where the body ended early or another request took over, SERVICE_UNAVAILABLE where it fell silent
            or the server is being stopped: what arrived is kept then.

    Source: tus 1.0.0, Core Protocol, PATCH.
    """
    if offset != upload.offset_bytes:
        raise tus.offset_mismatch(upload.offset_bytes)
    remaining = (upload.size_bytes or 0) - offset
    if body.length is not None and body.length > remaining:
        raise tus.too_long(offset)
    if not remaining:
        async with Intake(body.parts, receiver.idle_seconds) as intake:
            hold.call_when_asked(intake.interrupt)
            if not await intake.is_empty():
                raise tus.too_long(offset)
        return upload
    await _check_space(receiver, remaining if body.length is None else body.length)
    writer = await receiver.storage.open_writer(upload_key(upload.id), offset, receiver.digests.take(upload.id, offset))
    try:
        return await _receive(receiver, hold, upload, writer, body)
    finally:
        await writer.close()


async def finish_upload(receiver: Receiver, upload: Upload) -> Upload:
    """Complete an upload whose bytes are all stored; the caller holds its lock, or is the only one who knows it."""
    size = upload.size_bytes or 0
    writer = await receiver.storage.open_writer(upload_key(upload.id), size, receiver.digests.take(upload.id, size))
    try:
        return await _finish(receiver, upload, writer)
    finally:
        await writer.close()


async def complete_upload(receiver: Receiver, upload: Upload, sha256: str) -> Upload:
    """COMPLETED, together with what waited for it: one transaction.

    Args:
        receiver: Its `on_completed` writes in the same transaction.
        upload: A row whose bytes are all on the disk and synced.
        sha256: Hex SHA-256 of all bytes.

    Raises:
        Refusal: LOCKED where somebody else changed the status meanwhile.
    """
    async with in_transaction() as connection:
        row = await change_upload(
            connection, upload.id, _OPEN,
            status=UploadStatus.COMPLETED, offset_bytes=upload.size_bytes, sha256=sha256,
        )  # fmt: skip
        if row is None:
            raise _changed_meanwhile()
        completed = upload_of(row)
        after_commit = await receiver.on_completed(connection, completed)
    await _tell(receiver, row)
    await after_commit()
    return completed


async def delete_upload(receiver: Receiver, upload_id: str) -> Upload:
    """DELETED, its bytes removed; a request that is sending them is stopped.

    Raises:
        Refusal: UPLOAD_NOT_FOUND, LOCKED, or what `on_gone` refuses.

    Source: tus 1.0.0, Termination.
    """
    async with receiver.locks.hold(upload_id):
        async with in_transaction() as connection:
            row = await change_upload(connection, upload_id, _PRESENT, status=UploadStatus.DELETED)
            if row is None:
                raise upload_not_found()
            deleted = upload_of(row)
            after_commit = await receiver.on_gone(connection, deleted)
        await receiver.storage.remove(upload_key(upload_id))
    await _tell(receiver, row)
    await after_commit()
    return deleted


async def finish_interrupted_uploads(receiver: Receiver) -> int:
    """Do at start what a crash kept from being done: complete what is all there, remove bytes of what was deleted.

    Returns:
        How many uploads were completed.
    """
    for upload_id in await deleted_upload_ids():
        await receiver.storage.remove(upload_key(upload_id))
    upload_ids = await interrupted_upload_ids()
    return sum([await _finish_after_restart(receiver, upload_id) for upload_id in upload_ids])


async def finish_if_all_stored(receiver: Receiver, upload: Upload) -> Upload:
    """Complete `upload` if all its bytes are stored and it is not complete; the caller holds its lock."""
    is_due = upload.status in _OPEN and upload.offset_bytes == upload.size_bytes
    return await finish_upload(receiver, upload) if is_due else upload


async def _finish_after_restart(receiver: Receiver, upload_id: str) -> bool:
    """Whether the upload could be completed; one that cannot must not keep the others, or the server, from starting."""
    try:
        async with receiver.locks.hold(upload_id):
            await finish_if_all_stored(receiver, await find_stored_upload(upload_id))
    except (OSError, Refusal):
        log.exception("could not complete an upload that a restart had interrupted", upload_id=upload_id)
        return False
    log.info("completed an upload that a restart had interrupted", upload_id=upload_id)
    return True


async def _receive(receiver: Receiver, hold: Hold, upload: Upload, writer: Writer, body: Body) -> Upload:
    checkpoints = Checkpoints(writer, upload, partial(_commit_offset, receiver))
    try:
        async with Intake(body.parts, receiver.idle_seconds) as intake:
            hold.call_when_asked(intake.interrupt)
            await _write_arriving(intake, writer, checkpoints)
    finally:
        hold.call_when_asked(None)
        upload = await checkpoints.settle()
    if writer.offset == upload.size_bytes:
        return await _finish(receiver, upload, writer)
    upload = await checkpoints.finish()
    receiver.digests.keep(upload.id, writer.offset, writer.hash)
    if intake.stop is not None and intake.stop is not Stop.END:
        raise _interrupted(intake.stop, upload)
    return upload


async def _write_arriving(intake: Intake, writer: Writer, checkpoints: Checkpoints) -> None:
    size = checkpoints.upload.size_bytes or 0
    while True:
        batch = await intake.take(checkpoints.seconds_left)
        if writer.offset + sum(map(len, batch)) > size:
            kept = (await checkpoints.settle()).offset_bytes
            await writer.cut(kept)
            raise tus.too_long(kept)
        if batch:
            await writer.write(batch)
        elif intake.stop is not None:
            return
        checkpoints.start_if_due()


async def _finish(receiver: Receiver, upload: Upload, writer: Writer) -> Upload:
    await writer.sync()
    if writer.hash is not None:
        return await complete_upload(receiver, upload, writer.hash.hexdigest())
    if upload.status is UploadStatus.UPLOADING:
        upload = await _change(receiver, upload, status=UploadStatus.FINALISING, offset_bytes=writer.offset)
    return await complete_upload(receiver, upload, await receiver.storage.hash_of(upload_key(upload.id)))


async def _commit_offset(receiver: Receiver, upload: Upload, offset: int) -> Upload:
    return await _change(receiver, upload, offset_bytes=offset)


async def _change(receiver: Receiver, upload: Upload, **columns: object) -> Upload:
    async with in_transaction() as connection:
        row = await change_upload(connection, upload.id, (UploadStatus.UPLOADING,), **columns)
        if row is None:
            raise _changed_meanwhile()
        after_commit = await receiver.on_progress(connection, upload_of(row))
    await _tell(receiver, row)
    await after_commit()
    return upload_of(row)


async def _tell(receiver: Receiver, row: Row) -> None:
    await receiver.publisher.publish(Event("upload", row))


async def _check_space(receiver: Receiver, needed_bytes: int) -> None:
    if needed_bytes and await receiver.storage.free_bytes() - receiver.reserved_bytes < needed_bytes:
        raise disk_full()


def _changed_meanwhile() -> Refusal:
    return Refusal(ErrorCode.LOCKED, "The upload changed meanwhile; ask for its offset again.", retry_after=1)


_TEMPORARY = {Stop.SILENT: 1.0, Stop.SHUTDOWN: 5.0}
"""After these the same client should try again, in so many seconds."""


def _interrupted(stop: Stop, upload: Upload) -> Refusal:
    """The answer to a body that did not end by itself.

    A holder that was told to let go gets 400: with 423 two clients that both live would take turns for ever.
    """
    code = ErrorCode.SERVICE_UNAVAILABLE if stop in _TEMPORARY else ErrorCode.BAD_INPUT
    message = f"The body was not taken to its end because {stop.value}; {upload.offset_bytes} bytes are stored."
    headers = {"Upload-Offset": str(upload.offset_bytes), "Connection": "close"}
    return Refusal(code, message, headers=headers, retry_after=_TEMPORARY.get(stop))
