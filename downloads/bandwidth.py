"""A limit of bandwidth that may change while it is used: a token bucket."""

import asyncio
import time
from contextlib import suppress

from base.resilience import Clock

BURST_SECONDS = 0.1
"""So much of a second's bytes may come at once after a pause."""


class Bandwidth:
    """Bytes per second that all who share this object take together; 0 = no limit. Belongs to one event loop."""

    def __init__(self, bytes_per_second: int = 0, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._rate = bytes_per_second
        self._left = 0.0
        self._filled_at = clock()
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    @property
    def bytes_per_second(self) -> int:
        return self._rate

    def change(self, bytes_per_second: int) -> None:
        """Use another limit from now on, also for who is waiting."""
        self._fill()
        self._rate = bytes_per_second
        self._changed.set()

    async def take(self, size_bytes: int) -> None:
        """Wait until the limit allows more after these bytes, which have come; one after the other, in order."""
        if not self._rate:
            return
        async with self._turn:
            self._fill()
            self._left -= size_bytes
            while self._rate and self._left < 0:
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(-self._left / self._rate):
                        await self._changed.wait()
                self._fill()

    @property
    def piece_bytes(self) -> int:
        """How many bytes to read at a time, so that no wait is long: a quarter of a second's, 1 KiB to 256 KiB."""
        return min(max(self._rate // 4, 1024), 256 * 1024) if self._rate else 256 * 1024

    def _fill(self) -> None:
        now = self._clock()
        if self._rate:
            earned = self._left + (now - self._filled_at) * self._rate
            self._left = min(earned, self._rate * BURST_SECONDS)
        else:
            self._left = 0.0
        self._filled_at = now
