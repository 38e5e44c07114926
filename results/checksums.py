"""CRC-32 of stored files, which a ZIP wants before the bytes: computed on first use, then remembered."""

import asyncio
import zlib
from collections import OrderedDict
from weakref import WeakValueDictionary

from anyio.to_thread import run_sync

from storage.reading import Stored

CAPACITY = 200_000
"""Checksums that are remembered, about 40 MB; a bundle with more entries computes its oldest twice."""
_PART_BYTES = 64 * 1024 * 1024
"""Bytes per call into a thread: a reader who leaves stops the work after so many."""


class Checksums:
    """Remembers the CRC-32 of files; readers of the same file at the same time wait for one computation."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._known: OrderedDict[str, int] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def crc32_of(self, key: str, stored: Stored) -> int:
        """The CRC-32 of all bytes of `stored`.

        Args:
            key: Names these bytes and no others, whatever happens to the file: its id and SHA-256.
            stored: The bytes.

        Raises:
            OSError: The file is gone or shorter.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            crc = self._known.pop(key, None)
            if crc is None:
                crc = await _compute(stored)
            self._known[key] = crc
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
            return crc


async def _compute(stored: Stored) -> int:
    crc = 0
    for start in range(0, stored.size, _PART_BYTES):
        crc = await run_sync(_continue, stored, start, min(stored.size, start + _PART_BYTES), crc)
    return crc


def _continue(stored: Stored, start: int, end: int, crc: int) -> int:
    for block in stored.blocks(start, end):
        crc = zlib.crc32(block, crc)
    return crc
