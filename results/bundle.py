"""Bundles: ZIP files of stored entries, made on the fly from any byte on."""

import hashlib
from bisect import bisect_right
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from results.checksums import Checksums
from results.zip_records import Record, central_header, end_record, local_header
from storage.ports import Blob

_FORM = "1"
"""Changes with the form of what is made here, so that no client puts parts of two forms together."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in a bundle: `name` inside (unique), the stored bytes, their id and hex SHA-256, and their date."""

    name: str
    file: Blob
    file_id: str
    sha256: str
    made_at: datetime

    @property
    def record(self) -> Record:
        return Record(self.name, self.file.size, self.made_at)


class Bundle:
    """The layout of the ZIP: for each entry a header and its bytes, then for each a line of the directory, then the end.

    Every piece's place follows from names and sizes alone, so Content-Length and ETag cost no reading. A header is made
    when it is sent, and only then the checksum in it is computed.

    Attributes:
        etag: A strong one: equal layouts of equal bytes are equal to the last byte.
    """

    def __init__(self, entries: Sequence[Entry], checksums: Checksums) -> None:
        self._entries = entries
        self._checksums = checksums
        self._starts = _starts_of_pieces(entries)
        self.etag = _etag(entries)

    @property
    def size(self) -> int:
        """Bytes of the whole ZIP."""
        return self._starts[-1]

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """See `storage.ports.Content`."""
        number = bisect_right(self._starts, start) - 1
        while start < end:
            first, last = self._starts[number], self._starts[number + 1]
            stop = min(end, last)
            if number < 2 * len(self._entries) and number % 2 == 1:
                async with aclosing(self._entries[number // 2].file.read(start - first, stop - first)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            elif start < stop:
                yield (await self._header(number))[start - first : stop - first]
            start, number = stop, number + 1

    async def _header(self, number: int) -> bytes:
        count = len(self._entries)
        if number < 2 * count:
            entry = self._entries[number // 2]
            return local_header(entry.record, await self._crc(entry))
        if number < 3 * count:
            entry = self._entries[number - 2 * count]
            return central_header(entry.record, await self._crc(entry), self._starts[2 * (number - 2 * count)])
        directory = self._starts[2 * count]
        return end_record(count, self._starts[3 * count] - directory, directory)

    async def _crc(self, entry: Entry) -> int:
        return await self._checksums.crc32_of(f"{entry.file_id}:{entry.sha256}", entry.file)


def _etag(entries: Sequence[Entry]) -> str:
    digest = hashlib.sha256(_FORM.encode())
    for entry in entries:
        line = f"{entry.name}\0{entry.file_id}\0{entry.sha256}\0{entry.file.size}\0{int(entry.made_at.timestamp())}\n"
        digest.update(line.encode())
    return f'"{digest.hexdigest()}"'


def _starts_of_pieces(entries: Sequence[Entry]) -> list[int]:
    """Where each piece begins, and where the last one ends."""
    sizes = [size for entry in entries for size in (len(local_header(entry.record, 0)), entry.file.size)]
    locals_ = list(accumulate(sizes, initial=0))
    lines = [len(central_header(entry.record, 0, locals_[2 * i])) for i, entry in enumerate(entries)]
    directory = locals_[-1]
    starts = locals_ + list(accumulate(lines, initial=directory))[1:]
    return [*starts, starts[-1] + len(end_record(len(entries), starts[-1] - directory, directory))]
