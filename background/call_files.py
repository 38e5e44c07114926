"""Files of a call: its inputs, its folders, what planning spooled, and those that it made."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from anyio.to_thread import run_sync

from background.calls.failures import DiskFull
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import UploadStatus
from jobs.contents import files_of_indices, inputs_of_job, intermediate_files, unrecorded_files
from jobs.recording.files import NewFile
from jobs.scheduling.claims import Claim
from models import File
from models.ids import new_id
from processors.contract import FetchedBlob, MadeFile, Source
from storage.disk_space import RESERVED_BYTES
from storage.keys import file_key
from storage.ports import Storage
from uploads.queries import contents_of

log = log_for(__name__)


class CallFiles:
    """Gives calls their files, and takes over those that they made.

    Args:
        storage: Where all of them lie.
        reserved_bytes: With less room than this, no call begins or goes on.
    """

    def __init__(self, storage: Storage, reserved_bytes: int = RESERVED_BYTES) -> None:
        self._storage = storage
        self._reserved_bytes = reserved_bytes
        self._spooled: tuple[tuple[str, int] | None, list[File]] = None, []

    async def check_room(self) -> None:
        """Raise DiskFull where there is less room than must be left."""
        if await self._storage.free_bytes() < self._reserved_bytes:
            raise DiskFull

    @asynccontextmanager
    async def inputs(self, claim: Claim, *, are_read: bool = True) -> AsyncIterator[list[Source]]:
        """As `sources`, in a folder that is removed when the block is left; none, and no folder, unless they `are_read`."""
        if not are_read:
            yield []
            return
        async with self.folder(claim, "inputs") as folder:
            yield await self.sources(claim, folder)

    async def sources(self, claim: Claim, folder: Path) -> list[Source]:
        """The inputs of the job, each as one file; those that are none of this machine are copied to `folder`.

        Raises:
            Refusal: UPLOAD_NOT_FOUND where one is gone.
        """
        uploads = await inputs_of_job(claim.job.id)
        contents = await contents_of(self._storage, uploads)
        for upload in uploads:
            if upload.status is not UploadStatus.COMPLETED or not await run_sync(contents[upload.id].is_there):
                message = f"The upload “{upload.filename}” is gone; it cannot be processed."
                raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, message)
        sources = []
        for upload in uploads:
            content = contents[upload.id]
            path = await self._storage.spool(content, folder / upload.id)
            sources.append(Source(upload.filename, path, content.size, upload.content_type, upload.id))
        return sources

    async def spool(self, claim: Claim, folder: Path) -> dict[str, Path]:
        """What planning spooled, as files; which these are is remembered for the job at hand, whose slices all ask for it."""
        if self._spooled[0] != (job := (claim.job.id, claim.attempt)):
            self._spooled = job, await intermediate_files(claim.job.id)
        spooled = {}
        for file in self._spooled[1]:
            blob = self._storage.blob(file.storage_key, file.size_bytes)
            spooled[file.name] = await self._storage.spool(blob, folder / file.id)
        return spooled

    async def item_files(self, job_id: str, folder: Path, after: int, last: int) -> dict[int, list[MadeFile]]:
        """The files of a job's items after the index `after`, up to `last`; those that are none of this machine are copied to `folder`."""
        made: dict[int, list[MadeFile]] = {}
        for index, file in await files_of_indices(job_id, after, last):
            blob = self._storage.blob(file.storage_key, file.size_bytes)
            spooled = await self._storage.spool(blob, folder / file.id)
            made.setdefault(index, []).append(MadeFile(spooled, file.name, file.content_type, file.role))
        return made

    @asynccontextmanager
    async def adopting(self) -> AsyncIterator[list[NewFile]]:
        """Files on their way to their rows: where the work breaks off, those that did not get one are removed."""
        files: list[NewFile] = []
        try:
            yield files
        except BaseException:
            await asyncio.shield(self._forget(files))
            raise

    async def _forget(self, files: Iterable[NewFile]) -> None:
        keys = {file.id: file.storage_key for file in files}
        try:
            for id_ in await unrecorded_files(list(keys)):
                await self._storage.remove(keys[id_])
        except Exception:
            log.exception("files that nobody knows could not be removed")

    async def adopt(self, made: MadeFile | FetchedBlob) -> NewFile:
        """Move `made` into the storage, hashed, or give it another name there; its row is still to be written."""
        id_ = new_id("file")
        key = file_key(id_)
        if isinstance(made, FetchedBlob):
            await self._storage.copy(self._storage.blob(made.key, made.size_bytes), key)
            return NewFile(
                id_,
                made.role,
                made.name,
                made.content_type,
                made.size_bytes,
                made.sha256,
                key,
                None,
                made.modified_at,
                made.source,
            )
        size_bytes, sha256 = await self._storage.adopt(made.path, key)
        return NewFile(id_, made.role, made.name, made.content_type, size_bytes, sha256, key)

    @asynccontextmanager
    async def folder(self, claim: Claim, purpose: str = "call") -> AsyncIterator[Path]:
        """An empty folder of this claim alone, removed when the block is left."""
        name = f"work/{claim.first.id}-{claim.fence}-{purpose}"
        folder = await self._storage.make_folder(name)
        try:
            yield folder
        finally:
            await asyncio.shield(self._storage.remove_folder(name))
