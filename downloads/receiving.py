"""Receiving a body: pieces into the partial file, held to length, limits, speed and checksums."""

from collections.abc import Awaitable, Callable

from base.errors import ErrorCode, Refusal
from downloads.bandwidth import Bandwidth
from downloads.budget import TimeBudget
from downloads.client import Answer
from downloads.codings import Decoding, can_decode
from downloads.digests import RunningDigests
from downloads.failures import FetchFailed, broken_off, stalled
from downloads.media_types import is_compressed
from downloads.options import FetchOptions
from downloads.partial import PartialFile
from downloads.progress import Meter, StallDetector
from downloads.representation import Representation
from downloads.wanted import check_least, check_most
from storage.disk_space import RESERVED_BYTES, disk_full
from storage.ports import Storage

_NO_LENGTH = "The server did not say how long the file is: its completeness cannot be verified."
_UNKNOWN_CODING = "The server applied a content coding that is not known here: the bytes are kept as they came."


class Receiver:
    """Takes bodies in, all of one file; whether the disk has room for more is asked every `space_check_bytes`."""

    def __init__(
        self,
        part: PartialFile,
        storage: Storage,
        options: FetchOptions,
        bandwidth: Bandwidth,
        meter: Meter,
        budget: TimeBudget,
        on_size: Callable[[int], Awaitable[None]],
        space_check_bytes: int,
    ) -> None:
        self._part = part
        self._storage = storage
        self._options = options
        self._bandwidth = bandwidth
        self._meter = meter
        self._budget = budget
        self._on_size = on_size
        self._space_check_bytes = space_check_bytes
        self._size = 0
        self._decoding: Decoding | None = None
        self._wire_digests: RunningDigests | None = None
        self._received = 0
        self._space_checked_at = 0

    async def start(self, answer: Answer, file: Representation) -> list[str]:
        """Take the whole file in, from its first byte. Returns sentences of warning for its owner."""
        warnings = [] if file.total is not None else [_NO_LENGTH]
        is_decoded = bool(file.codings) and not is_compressed(file.name, file.content_type)
        if is_decoded and not can_decode(file.codings):
            is_decoded = False
            warnings.append(_UNKNOWN_CODING)
        self._decoding = Decoding(file.codings) if is_decoded else None
        is_digested = is_decoded and file.digests
        self._wire_digests = RunningDigests(each.algorithm for each in file.digests) if is_digested else None
        await self._grow(file.total or 0)
        await self._check_space(file.total or 0)
        await self._part.start(file, is_kept=file.may_be_resumed, is_decoded=is_decoded)
        await self._receive(answer, file)
        return warnings

    async def go_on(self, answer: Answer, file: Representation) -> None:
        """Take the rest of the file in."""
        await self._grow(file.total or 0)
        await self._check_space((file.total or 0) - self._part.offset)
        await self._receive(answer, file)

    async def finish(self, file: Representation) -> tuple[int, str]:
        """Complete the file and check it. Returns its size in bytes and its hex SHA-256.

        Raises:
            Refusal: CHECKSUM_MISMATCH, CORRUPT_FILE.
            FileSkipped: It is smaller than wanted.
        """
        if self._decoding is not None:
            self._decoding.finish()
        check_least(self._options, self._received if self._decoding else self._part.offset)
        size, sha256, digests = await self._part.finish()
        computed = digests or self._wire_digests
        for expected in file.digests:
            if computed is not None and not expected.matches(computed.digest(expected.algorithm)):
                raise _mismatch(f"The bytes are not those of the server's {expected.header}", is_passing=True)
        if self._options.expected_sha256 not in {None, sha256}:
            raise _mismatch("The file has another SHA-256 than expectedSha256", is_passing=False)
        return size, sha256

    async def _receive(self, answer: Answer, file: Representation) -> None:
        self._received = self._part.offset
        self._meter.begin(self._received, file.total)
        stall = StallDetector(self._options.read_timeout_seconds)
        async with self._budget.spend():
            while (most := self._most(file)) > 0:
                data, seconds = await answer.read(most)
                if not data:
                    break
                self._received += len(data)
                self._meter.add(len(data))
                check_most(self._options, self._received)
                await self._store(data)
                if stall.add(len(data), seconds):
                    raise stalled(self._options.read_timeout_seconds)
                await self._bandwidth.take(len(data))
        if file.total is not None and self._received < file.total:
            raise broken_off(self._received, file.total)

    def _most(self, file: Representation) -> int:
        """How many bytes may come next; 0: it is complete, and whatever else comes is not part of it."""
        piece = self._bandwidth.piece_bytes
        return piece if file.total is None else min(piece, file.total - self._received)

    async def _store(self, data: bytes) -> None:
        if self._decoding is None:
            await self._write(data)
            return
        if self._wire_digests is not None:
            self._wire_digests.update(data)
        for piece in self._decoding.decode(data):
            if self._part.offset + len(piece) > self._options.max_decoded_bytes:
                raise Refusal(ErrorCode.FILE_TOO_LARGE, "The file was sent compressed, and becomes too large.")
            await self._write(piece)

    async def _write(self, data: bytes) -> None:
        await self._grow(self._part.offset + len(data))
        await self._part.write(data)
        if self._part.offset - self._space_checked_at >= self._space_check_bytes:
            await self._check_space(0)

    async def _grow(self, size_bytes: int) -> None:
        """The file has so many bytes at least. Raises what `on_size` does."""
        if size_bytes > self._size:
            await self._on_size(size_bytes)
            self._size = size_bytes

    async def _check_space(self, size_bytes: int) -> None:
        """Raises INSUFFICIENT_STORAGE where so many bytes more would not leave what everything else needs."""
        self._space_checked_at = self._part.offset
        if await self._storage.free_bytes() < size_bytes + RESERVED_BYTES:
            raise disk_full()


def _mismatch(sentence: str, *, is_passing: bool) -> FetchFailed:
    return FetchFailed(ErrorCode.CHECKSUM_MISMATCH, f"{sentence}: nothing was kept.", is_transient=is_passing)
