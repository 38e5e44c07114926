"""CRC-32 of stored files, which a ZIP wants before the bytes: computed on first use, then remembered."""

import asyncio
import zlib
from collections import OrderedDict
from pathlib import Path
from weakref import WeakValueDictionary

from anyio.to_thread import run_sync

CAPACITY = 200_000
"""Checksums that are remembered, about 40 MB; a bundle with more entries computes its oldest twice."""
_PART_BYTES = 64 * 1024 * 1024
"""Bytes per call into a thread: a reader who leaves stops the work after so many."""
_BLOCK_BYTES = 1024 * 1024


class Checksums:
    """Remembers the CRC-32 of files; readers of the same file at the same time wait for one computation."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._known: OrderedDict[str, int] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def crc32_of(self, key: str, path: Path, size: int) -> int:
        """The CRC-32 of the `size` bytes at `path`.

        Args:
            key: Names these bytes and no others, whatever happens to the file: its id and SHA-256.
            path: Where the bytes lie.
            size: How many there are.

        Raises:
            OSError: The file is gone or shorter.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            crc = self._known.pop(key, None)
            if crc is None:
                crc = await _compute(path, size)
            self._known[key] = crc
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
            return crc


async def _compute(path: Path, size: int) -> int:
    crc = 0
    for start in range(0, size, _PART_BYTES):
        crc = await run_sync(_continue, path, start, min(size, start + _PART_BYTES), crc)
    return crc


def _continue(path: Path, start: int, end: int, crc: int) -> int:
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while start < end:
            block = file.read(min(_BLOCK_BYTES, end - start))
            if not block:
                raise OSError(f"a stored file ends early, at byte {start}")
            crc = zlib.crc32(block, crc)
            start += len(block)
    return crc
