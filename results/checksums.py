"""CRC-32 of stored files, which a ZIP wants before the bytes: computed on first use, then remembered."""

import asyncio
import zlib
from weakref import WeakValueDictionary

from anyio.to_thread import run_sync
from cachetools import LRUCache

from storage.ports import Blob

CAPACITY = 200_000
"""Checksums that are remembered, about 60 MB; a bundle with more entries computes its oldest twice."""
PART_BYTES = 64 * 1024 * 1024
"""Bytes per call into a thread: a reader who leaves stops the work after so many."""


class Checksums:
    """Remembers the CRC-32 of files; readers of the same file at the same time wait for one computation."""

    def __init__(self, capacity: int = CAPACITY, part_bytes: int = PART_BYTES) -> None:
        self._part_bytes = part_bytes
        self._known: LRUCache[str, int] = LRUCache(capacity)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def crc32_of(self, key: str, stored: Blob) -> int:
        """The CRC-32 of all bytes of `stored`.

        Args:
            key: Names these bytes and no others, whatever happens to the file: its id and SHA-256.
            stored: The bytes.

        Raises:
            OSError: The file is gone or shorter.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            crc = self._known.get(key)
            if crc is None:
                crc = self._known[key] = await _compute(stored, self._part_bytes)
            return crc


async def _compute(stored: Blob, part_bytes: int) -> int:
    crc = 0
    for start in range(0, stored.size, part_bytes):
        crc = await run_sync(_continue, stored, start, min(stored.size, start + part_bytes), crc)
    return crc


def _continue(stored: Blob, start: int, end: int, crc: int) -> int:
    for block in stored.blocks(start, end):
        crc = zlib.crc32(block, crc)
    return crc
