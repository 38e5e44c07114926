"""Checkpoints: bytes become durable, and the row says so, while more bytes are being written."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from models.upload import Upload
from storage.ports import UploadSink


@dataclass(frozen=True)
class Intervals:
    """How often a checkpoint is made: where so many bytes came, and after so long where any did.

    Attributes:
        least_seconds: Between two: a checkpoint tells watchers too, and more often than this nobody can see.
    """

    size_bytes: int = 16 * 1024**2
    seconds: float = 1.0
    least_seconds: float = 0.1


class Checkpoints:
    """Keeps the row of one upload behind its bytes, never ahead.

    The last byte is not committed here: it changes the status, and whether the body ends with it is not known yet.

    Attributes:
        upload: The row after the last checkpoint.
        is_held: While true nothing is committed: the bytes must first turn out to be what they should be.
    """

    def __init__(
        self,
        sink: UploadSink,
        upload: Upload,
        commit: Callable[[Upload, int], Awaitable[Upload]],
        intervals: Intervals,
        *,
        is_held: bool = False,
    ) -> None:
        self.upload = upload
        self.is_held = is_held
        self._sink = sink
        self._commit = commit
        self._intervals = intervals
        self._last = time.monotonic()
        self._running: asyncio.Task[None] | None = None

    @property
    def seconds_left(self) -> float | None:
        """Until the next checkpoint is due; None where there is nothing to make durable."""
        if not self._pending:
            return None
        return max(self._last + self._intervals.seconds - time.monotonic(), 0.01)

    def start_if_due(self) -> bool:
        """Begin a checkpoint if it is time, and say so; raises what the last one failed with."""
        if self._running is not None:
            if not self._running.done():
                return False
            self._running.result()
        seconds = time.monotonic() - self._last
        has_many = self._pending >= self._intervals.size_bytes and seconds >= self._intervals.least_seconds
        is_due = has_many or (self._pending > 0 and seconds >= self._intervals.seconds)
        if is_due:
            self._last = time.monotonic()
            self._running = asyncio.create_task(self._make_durable())
        return is_due

    async def wait_for_running(self) -> Upload:
        """Wait for the checkpoint that is under way; the row after it."""
        if self._running is not None:
            with anyio.CancelScope(shield=True):
                await asyncio.wait([self._running])
            self._running.result()
        return self.upload

    async def finish(self) -> Upload:
        """Make durable what is written; the row after it."""
        await self.wait_for_running()
        if self._pending:
            await self._make_durable()
        return self.upload

    @property
    def _pending(self) -> int:
        """Bytes that came and are not committed; 0 once all bytes of the upload are there, and while it is held."""
        if self.is_held or self._sink.position == self.upload.size_bytes:
            return 0
        return self._sink.position - int(self.upload.offset_bytes)

    async def _make_durable(self) -> None:
        durable = await self._sink.sync()
        if durable not in (self.upload.offset_bytes, self.upload.size_bytes):
            self.upload = await self._commit(self.upload, durable)
