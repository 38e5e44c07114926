"""SHA-256 states of uploads, kept between two requests."""

import hashlib

from cachetools import LRUCache

from storage.ports import Hash

CAPACITY = 2_000
"""States kept, about 1 KiB each; an upload whose state was dropped is hashed from the disk at its end."""


class DigestCache:
    """The states of one process, the least recently used dropped first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._states: LRUCache[str, tuple[int, Hash]] = LRUCache(capacity)

    def pop(self, upload_id: str, offset: int) -> Hash | None:
        """The state after the first `offset` bytes; None where it is not known."""
        known_offset, state = self._states.pop(upload_id, (0, None))
        if offset == 0:
            return hashlib.sha256()
        return state if known_offset == offset else None

    def put(self, upload_id: str, offset: int, state: Hash | None) -> None:
        """Remember the state after `offset` bytes for the next request."""
        if state is not None:
            self._states[upload_id] = (offset, state)
