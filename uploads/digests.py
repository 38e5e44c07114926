"""SHA-256 states of uploads between two requests, so that a file sent in many PATCHes is hashed while it streams."""

import hashlib
from collections import OrderedDict

from storage.writer import Hash

_CAPACITY = 2_000
"""States kept, about 1 KiB each; an upload whose state was dropped is hashed from the disk at its end."""


class Digests:
    """The states of one process, the least recently used dropped first."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, tuple[int, Hash]] = OrderedDict()

    def take(self, upload_id: str, offset: int) -> Hash | None:
        """The state after the first `offset` bytes; None where it is not known."""
        known_offset, state = self._states.pop(upload_id, (0, None))
        if offset == 0:
            return hashlib.sha256()
        return state if known_offset == offset else None

    def keep(self, upload_id: str, offset: int, state: Hash | None) -> None:
        """Remember the state after `offset` bytes for the next request."""
        if state is None:
            return
        self._states[upload_id] = (offset, state)
        if len(self._states) > _CAPACITY:
            self._states.popitem(last=False)
