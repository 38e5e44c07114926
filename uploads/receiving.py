"""Taking the bytes of one request in: written, hashed and committed while they arrive."""

from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import UploadStatus
from models.upload import Upload
from storage.keys import upload_key
from storage.ports import BytesLost, Hash, UploadSink
from uploads import tus
from uploads.body import Body, StopReason
from uploads.checkpoints import Checkpoints
from uploads.checksums import Checksum, Running
from uploads.finishing import being_finished, finish_failed
from uploads.intake import Intake, is_empty, open_intake
from uploads.lifecycle import (
    NewUpload,
    begin_finalising,
    commit_offset,
    complete_upload,
    create_upload,
    declare_length,
    discard_upload,
)
from uploads.limits import check_space
from uploads.locks import LockHandle
from uploads.pace import Pace
from uploads.queries import is_concatenation
from uploads.wiring import UploadServices

log = log_for(__name__)


@dataclass(frozen=True)
class Delivery:
    """What one request brings.

    Attributes:
        offset: Where the body begins.
        body: Its bytes.
        length: Bytes of the whole upload, where the request says so.
        checksum: What the body amounts to, where the request says so: it counts only whole then.
    """

    offset: int
    body: Body
    length: int | None = None
    checksum: Checksum | None = None


async def create_with_bytes(
    services: UploadServices, new: NewUpload, body: Body, checksum: Checksum | None = None
) -> Upload:
    """A new upload with its first bytes, or all of them.

    Where the body is refused no upload is left, since nobody would know its address; what arrived of a body that did
    not come to its end stays, to be found among the owner's uploads.

    Raises:
        Refusal: What `create_upload` and `append_bytes` raise.
    """
    upload = await create_upload(services, new)
    try:
        async with services.locks.acquire(upload.id) as handle:
            return await append_bytes(services, handle, upload, Delivery(0, body, None, checksum))
    except Refusal as refusal:
        if not (isinstance(refusal, Interrupted) and refusal.stored_bytes):
            with suppress(Refusal):
                await discard_upload(services, upload.id)
        raise


async def append_bytes(services: UploadServices, handle: LockHandle, upload: Upload, delivery: Delivery) -> Upload:
    """Write what is delivered and return the row afterwards; with the last byte the upload is complete, or FINALISING.

    Args:
        services: What receiving works with.
        handle: The caller's lock on the upload; when another request wants it, this one stops and keeps what it has.
        upload: Its row, read under the lock.
        delivery: What arrived stays if the client leaves.

    Raises:
        Refusal: FORBIDDEN for a concatenation, LOCKED while it is finalising, OFFSET_MISMATCH, BAD_INPUT for another
            length than before: nothing was read. FILE_TOO_LARGE (nothing of the excess kept), CHECKSUM_MISMATCH (nothing
            kept), INSUFFICIENT_STORAGE and QUOTA_EXCEEDED (what arrived before is kept); BAD_INPUT where the body ended
            early or another request took over, SERVICE_UNAVAILABLE where it fell silent or was too slow, the server is being stopped or
            has too much to do, for all or for this owner: what arrived is kept then.

    Source: tus 1.0.0, Core Protocol, PATCH; Checksum.
    """
    if is_concatenation(upload):
        raise tus.cannot_patch_final()
    if delivery.offset != upload.offset_bytes:
        raise tus.offset_mismatch(upload.offset_bytes)
    if upload.status is UploadStatus.FINALISING:
        raise being_finished()
    if delivery.length is not None:
        upload = await declare_length(services, upload, delivery.length)
    if (delivery.body.length or 0) > _limit_of(services, upload) - delivery.offset:
        raise _over(services, upload)
    if upload.status is UploadStatus.COMPLETED:
        return await _take_empty_body(services, handle, upload, delivery)
    length = delivery.body.length
    await check_space(services.storage, services.limits, 1 if length is None else length)
    quota = await services.quotas.of(upload.owner_id)
    with services.limiter.slot(services.limits, quota):
        return await _receive(services, handle, upload, delivery)


async def _take_empty_body(services: UploadServices, handle: LockHandle, upload: Upload, delivery: Delivery) -> Upload:
    """A complete upload: an empty body is right, and any other too long."""
    async with open_intake(delivery.body, services.limits.idle_seconds, services.memories) as intake:
        handle.on_release_requested(intake.interrupt)
        if not await is_empty(intake):
            raise tus.too_long(upload.offset_bytes)
    if delivery.checksum is not None and not delivery.checksum.matches(delivery.checksum.running()):
        raise tus.checksum_mismatch(upload.offset_bytes)
    return upload


async def _receive(services: UploadServices, handle: LockHandle, upload: Upload, delivery: Delivery) -> Upload:
    async with AsyncExitStack() as stack:
        limits = services.limits
        intake = await stack.enter_async_context(open_intake(delivery.body, limits.idle_seconds, services.memories))
        handle.on_release_requested(intake.interrupt)
        stack.callback(handle.on_release_requested, None)
        sink = await _open_sink(services, upload)  # bytes arrive meanwhile
        stack.push_async_callback(sink.close)
        return await _Transfer(services, handle, upload, sink, delivery).run(intake)


async def _open_sink(services: UploadServices, upload: Upload) -> UploadSink:
    """The file of `upload`, at its end; where the disk lost bytes of it, they are asked for again."""
    hash_ = services.digests.pop(upload.id, upload.offset_bytes)
    try:
        return await services.storage.open_sink(upload_key(upload.id), upload.offset_bytes, hash_)
    except BytesLost as lost:
        await commit_offset(services, upload, lost.stored)
        raise tus.offset_mismatch(lost.stored) from lost


_TEMPORARY = {StopReason.SILENT: 1.0, StopReason.SLOW: 1.0, StopReason.SHUTDOWN: 5.0, StopReason.LOST: 1.0}
"""After these the same client should try again, in so many seconds."""


class Interrupted(Refusal):
    """The answer to a body that did not end by itself.

    A holder whose release was requested gets 400: with 423 two clients that both live would take turns for ever.

    Attributes:
        stored_bytes: How many bytes of the upload are kept.
    """

    def __init__(self, stop: StopReason, stored_bytes: int) -> None:
        super().__init__(
            ErrorCode.SERVICE_UNAVAILABLE if stop in _TEMPORARY else ErrorCode.BAD_INPUT,
            f"The body was not taken to its end because {stop.value}; {stored_bytes} bytes are stored.",
            headers={"Upload-Offset": str(stored_bytes), "Connection": "close"},
            retry_after=_TEMPORARY.get(stop),
        )
        self.stored_bytes = stored_bytes


class _Transfer:
    """One body on its way into one file."""

    def __init__(
        self, services: UploadServices, handle: LockHandle, upload: Upload, sink: UploadSink, delivery: Delivery
    ) -> None:
        self._services = services
        self._handle = handle
        self._sink = sink
        self._delivery = delivery
        self._limit = _limit_of(services, upload)
        self._running: Running | None = delivery.checksum.running() if delivery.checksum else None
        self._before: Hash | None = sink.hash.copy() if sink.hash and delivery.checksum else None
        self._checkpoints = Checkpoints(
            sink, upload, partial(commit_offset, services), services.checkpoints, is_held=delivery.checksum is not None
        )

    async def run(self, intake: Intake) -> Upload:
        """Take the body in to its end, or to where it stops; see `append_bytes`."""
        try:
            await self._write_arriving(intake)
            await self._await_written()
        except Refusal:
            await self._keep_what_counts()
            raise
        finally:
            await self._checkpoints.wait_for_running()
        if self._delivery.checksum is not None:
            await self._verify(intake.stop)
        upload = self._checkpoints.upload
        if self._sink.offset == upload.size_bytes:
            return await self._finish(upload)
        upload = await self._keep()
        if intake.stop is not StopReason.END:
            raise Interrupted(intake.stop or StopReason.LEFT, upload.offset_bytes)
        return upload

    async def _write_arriving(self, intake: Intake) -> None:
        limits = self._services.limits
        pace = Pace(limits.min_bytes_per_second, limits.pace_seconds)
        while True:
            batch = await intake.read(self._checkpoints.seconds_left)
            if self._handle.has_ended:
                intake.stop, batch = StopReason.LOST, ()
            arrived = sum(map(len, batch))
            if pace.falls_behind(arrived):
                intake.interrupt(StopReason.SLOW)
            if self._sink.position + arrived > self._limit:
                await self._sink.cut((await self._checkpoints.wait_for_running()).offset_bytes)
                raise _over(self._services, self._checkpoints.upload)
            if batch:
                await self._sink.write(batch, self._running)
            elif intake.stop is not None:
                return
            if self._checkpoints.start_if_due():
                await check_space(self._services.storage, self._services.limits, 0)

    async def _await_written(self) -> None:
        """Returns once all that came is written; what is complete then and needs no check is finished in the same trip."""
        upload = await self._checkpoints.wait_for_running()
        if self._sink.position == upload.size_bytes and self._delivery.checksum is None:
            await self._sink.finish()
        else:
            await self._sink.flush()

    async def _verify(self, stop: StopReason | None) -> None:
        """Let the body count if it is what its checksum says; one that did not come to its end cannot be."""
        checksum, running = self._delivery.checksum, self._running
        if checksum is None or running is None:
            return
        if stop is StopReason.LOST:
            raise Interrupted(stop, self._delivery.offset)  # the file may be somebody else's by now
        if stop is StopReason.END and checksum.matches(running):
            self._checkpoints.is_held = False
            return
        await self._sink.cut(self._delivery.offset)
        self._sink.hash = self._before
        if stop is StopReason.END:
            await self._keep()
            raise tus.checksum_mismatch(self._delivery.offset)

    async def _keep(self) -> Upload:
        """Commit what is written, and remember its hash for the next request."""
        upload = await self._checkpoints.finish()
        self._services.digests.put(upload.id, self._sink.offset, self._sink.hash)
        return upload

    async def _keep_what_counts(self) -> None:
        """After a refusal: what does not count must not fill the disk, and where nothing can be noted now it stays unnoted."""
        try:
            if self._delivery.checksum is not None:
                await self._sink.cut(self._delivery.offset)
            await self._keep()
        except Exception:
            log.exception("what arrived could not be kept")

    async def _finish(self, upload: Upload) -> Upload:
        """Complete the upload, whose last byte is written; what goes wrong is noted, and done again."""
        if self._delivery.checksum is not None:
            await self._sink.finish()
        if self._sink.hash is None:
            return await begin_finalising(self._services, upload)
        try:
            return await complete_upload(self._services, upload, self._sink.hash.hexdigest())
        except Exception:
            await begin_finalising(self._services, upload, finish_failed())
            raise


def _limit_of(services: UploadServices, upload: Upload) -> int:
    return services.limits.max_size_bytes if upload.size_bytes is None else upload.size_bytes


def _over(services: UploadServices, upload: Upload) -> Refusal:
    if upload.size_bytes is None:
        return tus.too_large(services.limits.max_size_bytes)
    return tus.too_long(upload.offset_bytes)
