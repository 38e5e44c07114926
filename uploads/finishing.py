"""Finish uploads whose checksum must be read back from disk."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import UploadStatus
from models.upload import Upload
from storage.hashing import hash_of
from storage.keys import upload_key
from storage.ports import BytesLost
from uploads.body import StopReason
from uploads.lifecycle import begin_finalising, claim_for_writing, complete_upload, reject_upload
from uploads.queries import content_of, find_stored_upload, unfinished_upload_ids
from uploads.rows import OPEN
from uploads.wiring import UploadServices

log = log_for(__name__)

ANSWER_TIMEOUT_SECONDS = 0.02
"""How long the answer to a last byte may wait for the upload to be complete: small ones are then."""
FINISH_TIMEOUT_SECONDS = 1.0
"""How long a question about an upload that is being finished waits for its end."""
_POLL_SECONDS = 0.03


async def wait_until_finished(
    services: UploadServices, upload: Upload, seconds: float = FINISH_TIMEOUT_SECONDS
) -> Upload:
    """`upload` once it does not wait to be finished any more, or as it is after so many seconds; it is being finished meanwhile.

    Raises:
        Refusal: UPLOAD_NOT_FOUND where it turned out that it cannot be finished.
    """
    if not is_to_be_finished(upload):
        return upload
    finishing = start_finishing(services, upload.id)
    until = asyncio.get_running_loop().time() + seconds
    while is_to_be_finished(upload) and asyncio.get_running_loop().time() < until:
        if finishing.done():  # another process may have it
            await asyncio.sleep(_POLL_SECONDS)
        else:
            await asyncio.wait([finishing], timeout=_POLL_SECONDS)
        upload = await find_stored_upload(upload.id)
    return upload


async def require_finished(services: UploadServices, upload: Upload) -> Upload:
    """As `wait_until_finished`, for a caller who can do nothing with an upload that is being finished.

    Raises:
        Refusal: LOCKED, to be asked again in a moment.
    """
    upload = await wait_until_finished(services, upload)
    if is_to_be_finished(upload):
        raise being_finished()
    return upload


def is_to_be_finished(upload: Upload) -> bool:
    """Whether all bytes are stored and it is not complete: a request that said only the length may have ended before that."""
    is_whole = upload.status is UploadStatus.UPLOADING and upload.offset_bytes == upload.size_bytes
    return is_whole or upload.status is UploadStatus.FINALISING


async def check_not_being_finished(upload_id: str) -> None:
    """Refuse to disturb whoever computes the checksum of an upload: asking for its lock would make them begin anew.

    Raises:
        Refusal: LOCKED, UPLOAD_NOT_FOUND, UPLOAD_EXPIRED.
    """
    if (await find_stored_upload(upload_id)).status is UploadStatus.FINALISING:
        raise being_finished()


def start_finishing(services: UploadServices, upload_id: str) -> "asyncio.Task[None]":
    """Finish the upload in the background, unless that is under way."""
    return services.tasks.start(upload_id, partial(finish_upload, services, upload_id))


async def finish_upload(services: UploadServices, upload_id: str) -> None:
    """Read the checksum of an upload whose bytes are all stored, and complete it; one whose bytes are gone is rejected.

    Nothing happens where somebody else has it at the moment. What goes wrong otherwise is noted in the upload, logged,
    and done again by the sweep.
    """
    reason = None
    try:
        async with services.locks.acquire(upload_id, waits=False) as handle:
            upload = await claim_for_writing(services, upload_id)
            if upload.status in OPEN:
                handle.on_release_requested(_cancel_this())
                reason = await _finish(services, upload)
        if reason is not None:
            await reject_upload(services, upload, reason)
    except Refusal as refusal:
        log.debug("an upload could not be finished now", upload_id=upload_id, reason=refusal.message)


async def sweep_unfinished(services: UploadServices) -> int:
    """Begin to finish what nobody is finishing, after a crash or a failure; how many that is."""
    upload_ids = await unfinished_upload_ids()
    for upload_id in upload_ids:
        start_finishing(services, upload_id)
    return len(upload_ids)


def being_finished() -> Refusal:
    """All bytes are stored, and their checksum is still being computed."""
    message = "All bytes are stored; the upload is being finished. Ask again in a moment."
    return Refusal(ErrorCode.LOCKED, message, retry_after=1)


def finish_failed() -> Refusal:
    """What the owner of an upload reads while finishing it does not succeed."""
    message = "All bytes are stored, but finishing the upload failed; the server tries again by itself."
    return Refusal(ErrorCode.INTERNAL_ERROR, message)


async def _finish(services: UploadServices, upload: Upload) -> Refusal | None:
    """Complete the upload; or say why it never can be."""
    stored = await content_of(services.storage, upload)
    if upload.status is UploadStatus.UPLOADING:
        await _seal(services, upload)
    if not await asyncio.to_thread(stored.is_there):
        log.error("the bytes of an upload are gone", upload_id=upload.id)
        return Refusal(ErrorCode.CORRUPT_FILE, "Bytes of this file were lost on the server: upload it again.")
    try:
        await complete_upload(services, upload, await hash_of(stored))
    except Exception:
        await begin_finalising(services, upload, finish_failed())
        raise
    return None


async def _seal(services: UploadServices, upload: Upload) -> None:
    """Finish the blob of an upload whose last byte was stored by a request that ended before it could; it may be lost."""
    with suppress(BytesLost):
        sink = await services.storage.open_sink(upload_key(upload.id), upload.offset_bytes, None)
        try:
            await sink.finish()
        finally:
            await sink.close()


def _cancel_this() -> Callable[[StopReason], None]:
    """What ends the current task when it is called."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  a coroutine asks

    def cancel(_why: StopReason) -> None:
        task.cancel()

    return cancel
