"""Streams of compound files (MS-CFB), the container of .xls."""

import sys
from array import array
from collections.abc import Iterator
from struct import Struct

from processors.tables.archives import damaged

HEADER = Struct("<30xHH14xI4xIIIII")
"""The shifts of sectors and mini sectors; the first sector of the directory; the size below which a stream lies in mini
sectors; the first sector and number of sectors of their table; the same of the list of the table of sectors."""
ENTRY = Struct("<64sHB49xII4x")
"""The name, its bytes with the two of its end, the type, the first sector and the size of a stream."""
TABLE_START, HEADER_BYTES = 76, 512
ROOT, STREAM = 5, 2
LAST_SECTOR = 0xFFFFFFFA
SHIFTS, MINI_SHIFT = (9, 12), 6


class CompoundFile:
    """The streams in `data`. Raises Refusal CORRUPT_FILE where that is no compound file."""

    def __init__(self, data: bytes) -> None:
        if len(data) < HEADER_BYTES:
            raise damaged()
        shift, mini_shift, directory, self._cutoff, mini_table, _, more, _ = HEADER.unpack_from(data)
        if shift not in SHIFTS or mini_shift != MINI_SHIFT:
            raise damaged()
        self._data = data
        self._size = 1 << shift
        self._table = self._read_table(more)
        self._entries = list(self._read_entries(self._sectors(directory)))
        self._mini_table = numbers(self._sectors(mini_table)) if mini_table <= LAST_SECTOR else numbers(b"")

    def read_stream(self, name: str) -> bytes:
        """The bytes of the stream of that name. Raises Refusal CORRUPT_FILE where there is none, or it is broken."""
        for entry_name, kind, first, size in self._entries:
            if kind == STREAM and entry_name == name:
                return (self._sectors(first) if size >= self._cutoff else self._mini_sectors(first))[:size]
        raise damaged()

    def _read_table(self, more: int) -> "array[int]":
        """The next sector of each; its own sectors are listed in the header, and where that is full in a chain of others."""
        listed = numbers(self._data[TABLE_START:HEADER_BYTES])
        seen: set[int] = set()
        while more <= LAST_SECTOR and more not in seen:
            seen.add(more)
            *rest, more = numbers(self._sector(more))
            listed.extend(rest)
        return numbers(b"".join(self._sector(one) for one in dict.fromkeys(listed) if one <= LAST_SECTOR))

    def _read_entries(self, directory: bytes) -> Iterator[tuple[str, int, int, int]]:
        """Name, type, first sector and size of each entry."""
        whole = len(directory) // ENTRY.size * ENTRY.size
        for name, length, kind, first, size in ENTRY.iter_unpack(directory[:whole]):
            yield name[: max(length - 2, 0)].decode("utf-16-le", "replace"), kind, first, size

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        if start >= len(self._data):
            raise damaged()
        return self._data[start : start + self._size]

    def _sectors(self, first: int) -> bytes:
        """The sectors of a chain, one after the other."""
        return b"".join(map(self._sector, chain(self._table, first)))

    def _mini_sectors(self, first: int) -> bytes:
        """As `_sectors`, of a small stream, whose sectors lie in the stream of the root."""
        root = next((entry for entry in self._entries if entry[1] == ROOT), None)
        if root is None:
            raise damaged()
        small, size = self._sectors(root[2]), 1 << MINI_SHIFT
        return b"".join(small[one * size : (one + 1) * size] for one in chain(self._mini_table, first))


def chain(table: "array[int]", first: int) -> Iterator[int]:
    """The numbers of a chain in `table`. Raises Refusal CORRUPT_FILE where it leaves it, or has no end."""
    for _ in range(len(table) + 1):
        if first > LAST_SECTOR:
            return
        if first >= len(table):
            break
        yield first
        first = table[first]
    raise damaged()


def numbers(data: bytes) -> "array[int]":
    """The whole numbers of 32 bits in `data`, the lowest byte first."""
    found = array("I", data[: len(data) // 4 * 4])
    if sys.byteorder == "big":
        found.byteswap()
    return found
