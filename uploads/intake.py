"""Receive a body while its earlier bytes are being written."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Protocol, Self

from uploads.body import Attach, Body, ClientLeft, Flow, StopReason

BLOCK_BYTES = 448 * 1024
"""One block fills, one waits and one is written in one call (see `storage.local.writing`): 1.3 MiB per running upload."""
SPARE_BLOCKS = 12
"""Blocks that a process keeps when no upload runs, 5 MiB."""
LARGE_BYTES = 64 * 1024
"""Smaller bodies arrive with their head, and are not worth taking over."""
BUFFER_BYTES = 512 * 1024
"""What may arrive, of a body in parts, while as much waits and as much is written; with one more part, below 2 MiB."""
BUFFER_PARTS = 1_000
"""A body in tiny parts must not cost more memory than one in large parts."""
GRACE_SECONDS = 0.05
"""How long a body may go on once another request wants the upload: enough for its last bytes, too short to notice."""


class Intake(Protocol):
    """A body that is read ahead, within bounds.

    Attributes:
        stop: Why no more comes; None while more may come.
    """

    stop: StopReason | None

    def interrupt(self, stop: StopReason) -> None:
        """Stop soon because of `stop`: take what is on its way, but no longer than `GRACE_SECONDS`."""

    async def read(self, seconds: float | None) -> Sequence[bytes | memoryview]:
        """All that has arrived, good until the call after the next one; waits for something, at most `seconds`.

        Empty: nothing came, see `stop`.
        """


class BlockPool:
    """Pool of blocks of memory that bodies were read into, kept for the next ones: making one costs as much as filling it."""

    def __init__(self) -> None:
        self._spare: list[memoryview] = []

    def acquire(self) -> memoryview:
        """A block of `BLOCK_BYTES`, with anything in it."""
        return self._spare.pop() if self._spare else memoryview(bytearray(BLOCK_BYTES))

    def release(self, *blocks: memoryview) -> None:
        """Keep `blocks`, which nobody else uses any more."""
        self._spare.extend(blocks[: SPARE_BLOCKS - len(self._spare)])


@asynccontextmanager
async def open_intake(body: Body, idle_seconds: float, blocks: BlockPool) -> AsyncIterator[Intake]:
    """Take `body` in by the best way that its connection offers; one that is silent for `idle_seconds` is given up."""
    if body.attach is not None and (body.length or 0) >= LARGE_BYTES:
        intake = BlockIntake(body.length or 0, idle_seconds, [blocks.acquire() for _ in range(3)])
        if intake.connect(body.attach):
            try:
                yield intake
            finally:
                blocks.release(*intake.close())
            return
    async with PartIntake(body.parts, idle_seconds) as parts:
        yield parts


async def is_empty(intake: Intake) -> bool:
    """Whether the body ends without a byte."""
    return not await intake.read(None)


class BlockIntake:
    """Three blocks of memory that change places: the connection fills one while the others are being written."""

    def __init__(self, length: int, idle_seconds: float, blocks: Sequence[memoryview]) -> None:
        self.stop: StopReason | None = None
        self._loop = asyncio.get_running_loop()
        self._length = length
        self._idle_seconds = idle_seconds
        self._filling, *self._free = blocks
        self._fill = 0
        self._changed = asyncio.Event()
        self._flow: Flow | None = None
        self._heard_at = self._loop.time()
        self._watch = self._loop.call_later(idle_seconds, self._check_silence)

    def connect(self, attach: Attach) -> bool:
        """Begin to read; whether that is possible."""
        flow = attach(self, self._length)
        if flow is None:
            self._watch.cancel()
            return False
        self._flow = flow
        if self.stop is not None:
            flow.release()
        return True

    def close(self) -> list[memoryview]:
        """Read no further; the blocks, which are free once what was taken is written."""
        self._end(StopReason.LEFT)
        return [self._filling, *self._free]

    def interrupt(self, stop: StopReason) -> None:
        self._loop.call_later(_grace_of(stop), self._end, stop)

    async def read(self, seconds: float | None) -> Sequence[bytes | memoryview]:
        if not self._fill and self.stop is None:
            self._changed.clear()
            await _wait_for(self._changed, seconds)
        if not self._fill:
            return []
        if self._fill == len(self._filling):
            self._heard_at = self._loop.time()  # until now it was not the client who was silent
        taken = self._filling[: self._fill]
        self._free.append(self._filling)
        self._filling, self._fill = self._free.pop(0), 0
        if self._flow is not None and self.stop is None:
            self._flow.resume()
        return [taken]

    def buffer(self) -> memoryview:
        return self._filling[self._fill :]

    def filled(self, size: int, *, is_last: bool) -> None:
        self._fill += size
        self._heard_at = self._loop.time()
        if is_last:
            self._end(StopReason.END)
        elif self._fill == len(self._filling) and self._flow is not None:
            self._flow.pause()
        self._changed.set()

    def left(self) -> None:
        self._end(StopReason.LEFT)

    def _end(self, why: StopReason) -> None:
        """No more comes, because of the first reason that there was."""
        if self.stop is None:
            self.stop = why
            self._watch.cancel()
            self._changed.set()
            if self._flow is not None:
                self._flow.release()

    def _check_silence(self) -> None:
        due = self._heard_at + self._idle_seconds
        if self._loop.time() < due or self._fill == len(self._filling):
            self._watch = self._loop.call_at(max(due, self._loop.time() + 0.01), self._check_silence)
        else:
            self._end(StopReason.SILENT)


class PartIntake:
    """Parts of a body as an ASGI server hands them over.

    It always waits for the next part, also while the disk is busy: a server drops what it has read but not yet handed
    over when the client goes away, and these bytes would be lost.
    """

    def __init__(self, parts: AsyncIterator[bytes], idle_seconds: float) -> None:
        self.stop: StopReason | None = None
        self._interrupted_by: StopReason | None = None
        self._source = parts
        self._idle_seconds = idle_seconds
        self._parts: list[bytes] = []
        self._size = 0
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._reader = asyncio.create_task(self._read_to_the_end())
        self._reader.add_done_callback(self._end)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await asyncio.wait([self._reader])
        if not self._reader.cancelled() and (failure := self._reader.exception()) is not None:
            raise failure

    def interrupt(self, stop: StopReason) -> None:
        self._interrupted_by = stop
        asyncio.get_running_loop().call_later(_grace_of(stop), self._reader.cancel)

    async def read(self, seconds: float | None) -> Sequence[bytes | memoryview]:
        if not self._parts and self.stop is None:
            self._changed.clear()
            await _wait_for(self._changed, seconds)
        batch, self._parts, self._size = self._parts, [], 0
        self._taken.set()
        return batch

    def _end(self, reader: "asyncio.Task[StopReason]") -> None:
        """No more comes; the reader may have been cancelled before its first step."""
        has_read = not reader.cancelled() and reader.exception() is None
        why = reader.result() if has_read else self._interrupted_by or StopReason.LEFT
        self.stop = self.stop or why
        self._changed.set()

    async def _read_to_the_end(self) -> StopReason:
        source = aiter(self._source)
        while True:
            try:
                async with asyncio.timeout(self._idle_seconds):
                    part = await anext(source)
            except StopAsyncIteration:
                return StopReason.END
            except ClientLeft:
                return StopReason.LEFT
            except TimeoutError:
                return StopReason.SILENT
            self._parts.append(part)
            self._size += len(part)
            self._changed.set()
            while self._size >= BUFFER_BYTES or len(self._parts) >= BUFFER_PARTS:
                self._taken.clear()
                await self._taken.wait()


def _grace_of(stop: StopReason) -> float:
    return 0 if stop is StopReason.LOST else GRACE_SECONDS


async def _wait_for(event: asyncio.Event, seconds: float | None) -> None:
    """Wait until `event` is set, at most `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
