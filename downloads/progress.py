"""Progress of a transfer: bytes, rate, time left, and the least speed that counts as progress."""

import time
from collections import deque
from dataclasses import dataclass

from base.resilience import Clock

WINDOW_SECONDS = 10.0
"""The rate is the mean of so long."""
_STEP_SECONDS = 0.25
LEAST_BYTES_PER_SECOND = 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """How far a transfer is.

    Attributes:
        received_bytes: Wire bytes that are here, those of earlier attempts included.
        total_bytes: None while unknown.
        bytes_per_second: Moving average; 0 while nothing comes.
        eta_seconds: None while unknown.
    """

    received_bytes: int
    total_bytes: int | None
    bytes_per_second: float
    eta_seconds: float | None


class Meter:
    """Measures one transfer; cheap to tell of every piece."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.received_bytes = 0
        self.total_bytes: int | None = None
        self._steps: deque[tuple[float, int]] = deque()

    def begin(self, received_bytes: int, total_bytes: int | None) -> None:
        """A transfer goes on at `received_bytes`; what was measured before counts no more."""
        self.received_bytes, self.total_bytes = received_bytes, total_bytes
        self._steps.clear()
        self._steps.append((self._clock(), received_bytes))

    def add(self, size_bytes: int) -> None:
        """So many bytes have come."""
        now = self._clock()
        self.received_bytes += size_bytes
        if not self._steps or now - self._steps[-1][0] >= _STEP_SECONDS:
            self._steps.append((now, self.received_bytes))
        self._forget(now)

    def figures(self) -> Figures:
        now = self._clock()
        self._forget(now)
        rate = self._rate(now)
        left = None if self.total_bytes is None else max(self.total_bytes - self.received_bytes, 0)
        eta = left / rate if left is not None and rate else (0.0 if left == 0 else None)
        return Figures(self.received_bytes, self.total_bytes, rate, eta)

    def _rate(self, now: float) -> float:
        if not self._steps:
            return 0.0
        began_at, had = self._steps[0]
        seconds = now - began_at
        return max(self.received_bytes - had, 0) / seconds if seconds >= _STEP_SECONDS else 0.0

    def _forget(self, now: float) -> None:
        while len(self._steps) > 1 and self._steps[1][0] <= now - WINDOW_SECONDS:
            self._steps.popleft()


class StallDetector:
    """Finds a stall: less than 1 KiB a second, over `window_seconds` of waiting for the network.

    Only waiting counts: a limit of bandwidth or a slow disk of ours is no fault of the server.
    """

    def __init__(self, window_seconds: float) -> None:
        self._window_seconds = window_seconds
        self._seconds = 0.0
        self._bytes = 0

    def add(self, size_bytes: int, seconds: float) -> bool:
        """`size_bytes` came after waiting for `seconds`; whether the transfer has stalled."""
        self._seconds += seconds
        self._bytes += size_bytes
        if self._seconds < self._window_seconds:
            return False
        has_stalled = self._bytes < LEAST_BYTES_PER_SECOND * self._seconds
        self._seconds, self._bytes = 0.0, 0
        return has_stalled
