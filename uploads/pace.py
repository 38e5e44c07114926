"""Pace of a body: one that dribbles in holds a slot for as long as it likes."""

import time


class Pace:
    """Judges a body by its bytes in one window of time after the other.

    A server that is slow itself is not taken for a slow client: what waited counts when it is read.
    """

    def __init__(self, min_bytes_per_second: int, window_seconds: float) -> None:
        """0 bytes a second: any speed is enough."""
        self._least_bytes = min_bytes_per_second * window_seconds
        self._window_seconds = window_seconds
        self._ends_at = time.monotonic() + window_seconds
        self._bytes = 0

    def falls_behind(self, arrived_bytes: int) -> bool:
        """Count bytes that have arrived; whether a window ended with too few."""
        self._bytes += arrived_bytes
        if time.monotonic() < self._ends_at:
            return False
        arrived, self._bytes = self._bytes, 0
        self._ends_at = time.monotonic() + self._window_seconds
        return arrived < self._least_bytes
