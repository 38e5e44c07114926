"""The partial file: bytes of one transfer on their way into storage.

They are noted in the journal as they become durable.
"""

import asyncio
import hashlib

import anyio

from base.logging import log_for
from downloads.digests import RunningDigests, digests_of
from downloads.journal import Entry, Journal
from downloads.representation import Representation
from storage.ports import BytesLost, Data, Storage, UploadSink

log = log_for(__name__)

KEEP_SECONDS = 1.5
"""Whoever is cancelled has so long to make durable what came."""


class PartialFile:
    """Receives one file at `key`.

    Attributes:
        known: The file, as the first answer described it; None before there was one.

    Args:
        storage: Where the bytes go.
        key: Of the finished file; nobody else writes to it.
        journal: Of this key.
        chunk_bytes: After so many bytes they are made durable and noted, while others come: a kill loses little more.
    """

    def __init__(self, storage: Storage, key: str, journal: Journal, chunk_bytes: int) -> None:
        self.known: Representation | None = None
        self._storage = storage
        self._key = key
        self._journal = journal
        self._chunk_bytes = chunk_bytes
        self._sink: UploadSink | None = None
        self._digests: RunningDigests | None = None
        self._is_kept = False
        self._noted = 0
        self._noting: asyncio.Task[None] | None = None

    @property
    def offset(self) -> int:
        """Bytes that are here, and on their way to the disk."""
        return self._sink.position if self._sink else 0

    @property
    def is_resumable(self) -> bool:
        """Whether the rest may be asked for."""
        return self._is_kept and self.offset > 0

    async def load(self) -> Entry | None:
        """What an earlier process left. Where it is complete, the entry with its hash; else it is opened to go on."""
        entry = await self._journal.load()
        if entry is None:
            return None
        if entry.sha256 is not None:
            return entry if await self._storage.size_of(self._key) == entry.offset else None
        try:
            self._sink = await self._storage.open_sink(self._key, entry.offset, None)
        except BytesLost as lost:
            log.warning("bytes of a transfer are gone: it starts over", key=self._key, stored=lost.stored)
            return None
        self.known, self._digests, self._is_kept, self._noted = entry.known, None, True, entry.offset
        return entry

    async def start(self, known: Representation, *, is_kept: bool, is_decoded: bool = False) -> None:
        """Begin anew at byte 0; what was here goes.

        Args:
            known: What the answer says of the file.
            is_kept: Whether a break keeps what came, because the rest can be asked for.
            is_decoded: Whether other bytes are written than those that the server's digests mean.
        """
        await self.close()
        if self._journal.is_there:
            await self._journal.remove()
            await self._storage.remove(
                self._key
            )  # where these bytes have another name, too, they stay as they are there
        self._sink = await self._storage.open_sink(self._key, 0, hashlib.sha256())
        is_digested = known.digests and not is_decoded
        self._digests = RunningDigests(each.algorithm for each in known.digests) if is_digested else None
        self.known, self._is_kept, self._noted = known, is_kept, 0

    async def write(self, data: Data) -> None:
        """Take `data` in, which must not change any more.

        Raises:
            Refusal: INSUFFICIENT_STORAGE: there is no room.
        """
        sink = self._open_sink()
        await sink.write([data], self._digests)
        if self._noting is not None and self._noting.done():
            await self._settle_note()
        if self._is_kept and self._noting is None and sink.position - self._noted >= self._chunk_bytes:
            self._noting = asyncio.create_task(self._note_chunks())

    async def keep(self) -> None:
        """Make durable and note all that came, where it can be gone on with; a failure to do so is logged."""
        if self._sink is None:
            return
        try:
            await self._settle()
            if self._is_kept and self._sink.offset > self._noted:
                await self._note()
        except Exception as error:  # noqa: BLE001  whatever it is, the failure that led here is told
            log.warning("what came of a transfer could not be kept", key=self._key, cause=str(error))

    async def finish(self) -> tuple[int, str, RunningDigests | None]:
        """Complete the file, which can be read from now on.

        Returns:
            Its size in bytes, its hex SHA-256, and the digests that its server named, computed; None for those of a file
            that was decoded.
        """
        sink, known = self._open_sink(), self.known
        await self._settle()
        size, hash_ = sink.offset, sink.hash
        await sink.finish()
        await self.close()
        if hash_ is not None:
            return size, hash_.hexdigest(), self._digests
        named = {each.algorithm for each in known.digests} if known else set()
        digests = await digests_of(self._storage.blob(self._key, size), named | {"sha256"})
        return size, digests.digest("sha256").hex(), digests

    async def note_finished(self, size: int, sha256: str) -> None:
        """Have the next process find the file complete, where the journal says otherwise."""
        if self._journal.is_there and self.known is not None:
            await self._journal.save(Entry(self.known, size, sha256))

    async def leave(self) -> None:
        """Keep what came, or remove it where nobody can go on with it, and let go; safe in a cancelled task."""
        is_useless = self._sink is not None and not self._is_kept
        with anyio.move_on_after(KEEP_SECONDS, shield=True):
            await (self.discard() if is_useless else self.keep())
        await self.close()

    async def discard(self) -> None:
        """Remove the bytes and the journal."""
        await self.close()
        await self._journal.remove()
        await self._storage.remove(self._key)
        self._noted = 0

    async def close(self) -> None:
        """Let go of the file; safe in a cancelled task."""
        noting, self._noting = self._noting, None
        sink, self._sink = self._sink, None
        with anyio.CancelScope(shield=True):
            if noting is not None:
                await asyncio.wait([noting])
                noting.cancelled() or noting.exception()
            if sink is not None:
                await sink.close()

    async def _settle(self) -> None:
        """Wait until nothing is on its way."""
        await self._open_sink().flush()
        if self._noting is not None:
            await self._settle_note()

    async def _settle_note(self) -> None:
        """Wait for the note that is being made, which goes on if whoever waits is cancelled; raises what it does."""
        noting = self._noting
        try:
            if noting is not None:
                await asyncio.shield(noting)
        finally:
            self._noting = None if noting is None or noting.done() else noting

    async def _note_chunks(self) -> None:
        """Note what came, and what came meanwhile, until less than a chunk is left."""
        while self._sink is not None and self._sink.position - self._noted >= self._chunk_bytes:
            before = self._noted
            await self._note()
            if self._noted == before:  # nothing of it is durable yet
                return

    async def _note(self) -> None:
        sink, known = self._sink, self.known
        if sink is None or known is None:
            return
        offset = await sink.sync()
        if offset > self._noted:
            await self._journal.save(Entry(known, offset))
            self._noted = offset

    def _open_sink(self) -> UploadSink:
        if self._sink is None:
            raise RuntimeError("the file is not open")
        return self._sink
