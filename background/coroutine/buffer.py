"""The buffer of a coroutine's messages."""

import asyncio
import contextlib

from background.calls.messages import CallProgress, LogLine, Message, ResultBatch
from background.calls.work import FLUSH_BYTES, FLUSH_SECONDS
from base.words import LogLevel
from processors.contract import ItemResult, Planned, TransferState


class MessageBuffer:
    """Messages of one call: taken in order, together, at 64 KiB or after 100 ms.

    Whoever takes them slowly blocks `add`, and so the processor. After `close` nothing is accepted any more, whatever
    tasks the processor may have left behind.
    """

    def __init__(self, *, is_careful: bool) -> None:
        self._is_careful = is_careful
        self._messages: list[Message] = []
        self._progress: CallProgress | None = None
        self._transfers: TransferState | None = None
        self._size = 0
        self.is_closed = False
        self._news, self._due, self._room = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._room.set()

    async def add(self, message: Planned | ItemResult, size_bytes: int) -> None:
        """Have `message` taken soon, at once in a careful call; waits while 64 KiB are waiting."""
        await self._room.wait()
        self._append(message, size_bytes)

    def add_line(self, level: LogLevel, message: str) -> None:
        """See `MessageSink`."""
        self._append(LogLine(level, message), len(message))

    def set_progress(self, done: float, total: float | None) -> None:
        """See `MessageSink`."""
        if not self.is_closed:
            self._progress = CallProgress(done, total)
            self._news.set()

    def set_transfers(self, state: TransferState) -> None:
        """See `MessageSink`."""
        if not self.is_closed:
            self._transfers = state
            self._news.set()

    async def wait(self, seconds: float) -> None:
        """Return when there is something to take, or after `seconds` (and no more than 100 ms)."""
        await _wait(self._news, seconds)
        if self._news.is_set():
            await _wait(self._due, FLUSH_SECONDS)

    def take(self) -> list[Message]:
        """What has been waiting."""
        messages, self._messages, self._size = self._messages, [], 0
        latest = [state for state in (self._progress, self._transfers) if state is not None]
        self._progress = self._transfers = None
        if not self.is_closed:
            self._news.clear()
            self._due.clear()
        self._room.set()
        return [*messages, *latest]

    def close(self) -> None:
        """Accept nothing more; what waits can still be taken."""
        self.is_closed = True
        for event in (self._news, self._due, self._room):
            event.set()

    def _append(self, message: Planned | ItemResult | LogLine, size_bytes: int) -> None:
        if self.is_closed:
            return
        if not isinstance(message, ItemResult):
            self._messages.append(message)
        elif self._messages and isinstance(last := self._messages[-1], ResultBatch):
            last.results.append(message)
        else:
            self._messages.append(ResultBatch([message]))
        self._size += size_bytes
        self._news.set()
        if self._size >= FLUSH_BYTES:
            self._room.clear()
        if self._is_careful or self._size >= FLUSH_BYTES:
            self._due.set()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
