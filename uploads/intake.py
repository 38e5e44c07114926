"""Taking a body in while earlier parts of it are being written, and knowing why it ended."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Self

from base.errors import ErrorCode, Refusal

BUFFER_BYTES = 768 * 1024
"""What may wait while as much is being written; with one more part, at most 2 MiB per running upload."""
BUFFER_PARTS = 1_000
"""A body in tiny parts must not cost more memory than one in large parts."""
GRACE_SECONDS = 0.1
"""How long a body may go on once another request wants the upload: enough for its last bytes, too short to notice."""


class Stop(Enum):
    """Why no more bytes come."""

    END = "the body is complete"
    LEFT = "the client went away"
    WANTED = "another request wants the upload"
    SHUTDOWN = "the server is being stopped"
    LOST = "the server lost its hold of the upload"
    SILENT = "nothing arrived for too long"


class ClientLeft(Refusal):
    """The connection ended before the body did; the answer is for the log, since nobody reads it."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.BAD_INPUT, "The connection ended before the body did.")


@dataclass(frozen=True)
class Body:
    """Bytes on their way.

    Attributes:
        length: How many the client announced; None where it did not (chunked).
        parts: The bytes in order, in parts of any size but empty; ends with ClientLeft when the client leaves early.
    """

    length: int | None
    parts: AsyncIterator[bytes]


@dataclass(frozen=True)
class IncomingFile:
    """A file that arrived whole, in a form, with what the client says of it."""

    filename: str | None
    content_type: str | None
    size_bytes: int
    parts: AsyncIterator[bytes]


class Intake:
    """Reads a body ahead, within bounds.

    It always waits for the next part, also while the disk is busy: a server drops what it has read but not yet handed
    over when the client goes away, and these bytes would be lost.

    Attributes:
        stop: Why no more comes; None while more may come.
    """

    def __init__(self, parts: AsyncIterator[bytes], idle_seconds: float) -> None:
        self.stop: Stop | None = None
        self._interrupted_by: Stop | None = None
        self._source = parts
        self._idle_seconds = idle_seconds
        self._parts: list[bytes] = []
        self._size = 0
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await asyncio.wait([self._reader])
        if not self._reader.cancelled() and (failure := self._reader.exception()) is not None:
            raise failure

    def interrupt(self, stop: Stop) -> None:
        """Stop soon because of `stop`: take what is on its way, but no longer than `GRACE_SECONDS`."""
        self._interrupted_by = stop
        grace = 0 if stop is Stop.LOST else GRACE_SECONDS
        asyncio.get_running_loop().call_later(grace, self._reader.cancel)

    async def take(self, seconds: float | None) -> list[bytes]:
        """All that has arrived; waits for something, at most `seconds`. Empty: nothing came, see `stop`."""
        if not self._parts and self.stop is None:
            self._changed.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                return []
        batch, self._parts, self._size = self._parts, [], 0
        self._taken.set()
        return batch

    async def is_empty(self) -> bool:
        """Whether the body ends without a byte."""
        return not await self.take(None)

    async def _read(self) -> None:
        try:
            self.stop = await self._read_to_the_end()
        except asyncio.CancelledError:
            self.stop = self._interrupted_by
        finally:
            self.stop = self.stop or Stop.LEFT
            self._changed.set()

    async def _read_to_the_end(self) -> Stop:
        source = aiter(self._source)
        while True:
            try:
                async with asyncio.timeout(self._idle_seconds):
                    part = await anext(source)
            except StopAsyncIteration:
                return Stop.END
            except ClientLeft:
                return Stop.LEFT
            except TimeoutError:
                return Stop.SILENT
            self._parts.append(part)
            self._size += len(part)
            self._changed.set()
            while self._size >= BUFFER_BYTES or len(self._parts) >= BUFFER_PARTS:
                self._taken.clear()
                await self._taken.wait()
