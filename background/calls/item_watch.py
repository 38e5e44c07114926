"""Watch over the items of a call that take long."""

import time
from typing import Protocol

LOOK_SECONDS = 0.5
"""An item that is found in work at two looks in a row is told; fast ones never are."""


class AtItem(Protocol):
    """Something that is at one item, or at none."""

    @property
    def index(self) -> int | None:
        """The item that is being done."""


class ItemWatch:
    """Finds, during one call, the items that are in work for long."""

    def __init__(self, current: AtItem) -> None:
        self._current = current
        self._looked_at = time.monotonic()
        self._seen: int | None = None
        self._reported: int | None = None

    def look(self) -> int | None:
        """An item that has been in work for half a second at least, once; at most every half second."""
        moment = time.monotonic()
        if moment - self._looked_at < LOOK_SECONDS:
            return None
        self._looked_at = moment
        seen, self._seen = self._seen, self._current.index
        if seen is None or seen != self._seen or seen == self._reported:
            return None
        self._reported = seen
        return seen
