"""Deadline for the next head of a connection."""

import asyncio
from collections.abc import Callable


class HeadDeadline:
    """A timer that is started again and again; started twice, it goes on from the first time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, on_expired: Callable[[], None]) -> None:
        """Call `on_expired` when `seconds` have passed since the start."""
        self._loop = loop
        self._seconds = seconds
        self._on_expired = on_expired
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to wait, unless that has begun."""
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._expire)

    def stop(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        self._on_expired()
