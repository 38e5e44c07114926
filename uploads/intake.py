"""Receive a body while its earlier bytes are being written."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from types import TracebackType
from typing import Protocol, Self

from uploads.body import Attach, Body, ClientLeft, Flow, StopReason

BLOCK_BYTES = 448 * 1024
"""One block fills, one waits and one is written in one call (see `storage.local.writing`)."""
MEMORY_BYTES = 3 * BLOCK_BYTES
"""1.3 MiB per running upload; a body that it can hold whole is written in one step."""
SPARE_SECONDS = 1.0
"""So long a process keeps memory that no upload uses."""
GATHER_SECONDS = 0.02
"""How long what has arrived may wait for the rest of its block: too short to notice, and every step to the disk costs."""
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


class MemoryPool:
    """Pool of memory that bodies were read into, kept for the next ones: making it costs as much as filling it.

    It is mapped, and not a bytearray: the system has it back as soon as nobody uses it, wherever else memory is in use.

    Args:
        spare_seconds: What nobody uses is kept for so long.
    """

    def __init__(self, spare_seconds: float = SPARE_SECONDS) -> None:
        self._spare_seconds = spare_seconds
        self._spare: deque[tuple[memoryview, asyncio.TimerHandle]] = deque()

    def acquire(self) -> memoryview:
        """`MEMORY_BYTES`, with anything in them; what was used last, so that what is too much stays unused."""
        if not self._spare:
            return memoryview(mmap(-1, MEMORY_BYTES, MAP_PRIVATE | MAP_ANONYMOUS))
        memory, expiry = self._spare.pop()
        expiry.cancel()
        return memory

    def release(self, memory: memoryview) -> None:
        """Keep `memory`, which nobody else uses any more."""
        expiry = asyncio.get_running_loop().call_later(self._spare_seconds, self._drop_oldest)
        self._spare.append((memory, expiry))

    def _drop_oldest(self) -> None:
        self._spare.popleft()


@asynccontextmanager
async def open_intake(body: Body, idle_seconds: float, pool: MemoryPool) -> AsyncIterator[Intake]:
    """Take `body` in by the best way that its connection offers; one that is silent for `idle_seconds` is given up."""
    if body.attach is not None and (body.length or 0) >= LARGE_BYTES:
        memory = pool.acquire()
        intake = BlockIntake(body.length or 0, idle_seconds, memory)
        if intake.connect(body.attach):
            try:
                yield intake
            finally:
                intake.close()
                pool.release(memory)
            return
    async with PartIntake(body.parts, idle_seconds) as parts:
        yield parts


async def is_empty(intake: Intake) -> bool:
    """Whether the body ends without a byte."""
    return not await intake.read(None)


class BlockIntake:
    """Three blocks of memory that change places: the connection fills one while the others are being written.

    A body that is no larger than the three fills them one after the other, and is handed over whole.
    """

    def __init__(self, length: int, idle_seconds: float, memory: memoryview) -> None:
        self.stop: StopReason | None = None
        self._loop = asyncio.get_running_loop()
        self._length = length
        self._idle_seconds = idle_seconds
        block_bytes = MEMORY_BYTES if length <= MEMORY_BYTES else BLOCK_BYTES
        self._filling, *self._free = (memory[at : at + block_bytes] for at in range(0, MEMORY_BYTES, block_bytes))
        self._fill = 0
        self._changed = asyncio.Event()
        self._gathering: asyncio.TimerHandle | None = None
        self._is_gathered = False
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

    def close(self) -> None:
        """Read no further; the memory is free once what was taken is written."""
        self._end(StopReason.LEFT)

    def interrupt(self, stop: StopReason) -> None:
        self._loop.call_later(_grace_of(stop), self._end, stop)

    async def read(self, seconds: float | None) -> Sequence[bytes | memoryview]:
        if self._fill < len(self._filling) and self.stop is None and not self._is_gathered:
            self._changed.clear()
            await _wait_for(self._changed, seconds)
        if not self._fill:
            return []
        if self._fill == len(self._filling):
            self._heard_at = self._loop.time()  # until now it was not the client who was silent
        taken, rest = self._filling[: self._fill], self._filling[self._fill :]
        if self._free:
            self._free.append(self._filling)
            rest = self._free.pop(0)
        self._filling, self._fill = rest, 0
        self._stop_gathering()
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
        elif self._fill < len(self._filling):
            self._gathering = self._gathering or self._loop.call_later(GATHER_SECONDS, self._gathered)
        else:
            if self._flow is not None:
                self._flow.pause()
            self._changed.set()

    def left(self) -> None:
        self._end(StopReason.LEFT)

    def _end(self, why: StopReason) -> None:
        """No more comes, because of the first reason that there was."""
        if self.stop is None:
            self.stop = why
            self._watch.cancel()
            self._stop_gathering()
            self._changed.set()
            if self._flow is not None:
                self._flow.release()

    def _gathered(self) -> None:
        self._is_gathered = True
        self._changed.set()

    def _stop_gathering(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
        self._gathering, self._is_gathered = None, False

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
