"""Storage in memory: for tests and trials; what it holds is gone with its process."""

import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storage.keys import path_under
from storage.local.scratch import LocalScratch
from storage.local.threads import Threads
from storage.ports import CHUNK_BYTES, Blob, BytesLost, Data, Digest, Hash

Sign = Callable[[str, dict[str, str]], str]
"""Makes the address at which a key is handed out with these headers."""

_FREE_BYTES = 2**40


@dataclass
class _Entry:
    """The bytes of one key; whoever opens it for writing replaces it, so that an earlier writer changes nothing any more."""

    data: bytearray = field(default_factory=bytearray)
    written_at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class MemoryBlob:
    """One key of a `MemoryStorage`."""

    storage: "MemoryStorage"
    key: str
    size: int

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        for block in self.blocks(start, end):
            yield block

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        data = self.storage.data_of(self.key)
        for first in range(start, end, CHUNK_BYTES):
            block = bytes(data[first : min(end, first + CHUNK_BYTES)])
            if len(block) < min(end, first + CHUNK_BYTES) - first:
                raise OSError(f"a stored file ends early, at byte {first + len(block)}")
            yield block

    def is_there(self) -> bool:
        return len(self.storage.data_of(self.key)) == self.size

    async def signed_url(self, headers: dict[str, str]) -> str | None:
        return None if self.storage.sign is None else self.storage.sign(self.key, headers)


class MemorySink:
    """Appends to one entry; see `storage.ports.UploadSink`."""

    def __init__(self, entry: _Entry, hash_: Hash | None) -> None:
        self.offset = self.position = len(entry.data)
        self.hash = hash_
        self._entry = entry

    async def write(self, parts: Sequence[Data], also: Digest | None = None) -> None:
        for part in parts:
            self._entry.data += part
            for digest in (self.hash, also):
                if digest is not None:
                    digest.update(part)
        self.offset = self.position = len(self._entry.data)
        self._entry.written_at = time.time()

    async def flush(self) -> None:
        """Nothing is ever on its way."""

    async def sync(self) -> int:
        return self.offset

    async def finish(self) -> None:
        """Nothing is left to do."""

    async def cut(self, offset: int) -> None:
        self.hash = self.hash if offset == self.offset else None
        del self._entry.data[offset:]
        self.offset = self.position = offset

    async def close(self) -> None:
        """Nothing is held."""


class MemoryStorage(LocalScratch):
    """Blobs in memory, scratch below `root`.

    Attributes:
        sign: Where given, blobs are handed out at the addresses that it makes, and not by us.
    """

    def __init__(self, root: Path, sign: Sign | None = None) -> None:
        super().__init__(root, Threads(count=2))
        self.sign = sign
        self._entries: dict[str, _Entry] = {}

    @property
    def is_durable(self) -> bool:
        return False

    def data_of(self, key: str) -> bytes | bytearray:
        """All bytes of `key` so far; none where there is none."""
        entry = self._entries.get(key)
        return b"" if entry is None else entry.data

    def blob(self, key: str, size: int) -> MemoryBlob:
        path_under(self._root, key)  # refuses what is no key
        return MemoryBlob(self, key, size)

    async def open_sink(self, key: str, offset: int, hash_: Hash | None) -> MemorySink:
        data = self.data_of(key)
        if len(data) < offset:
            raise BytesLost(key, len(data), offset)
        entry = self._entries[key] = _Entry(bytearray(data[:offset]))
        return MemorySink(entry, hash_)

    async def adopt(self, source: Path, key: str) -> tuple[int, str]:
        data = await self._threads.run(source.read_bytes)
        self._entries[key] = _Entry(bytearray(data))
        await self._threads.run(source.unlink)
        return len(data), hashlib.sha256(data).hexdigest()

    async def copy(self, blob: Blob, key: str) -> None:
        self._entries[key] = _Entry(bytearray(b"".join(blob.blocks(0, blob.size))))

    async def size_of(self, key: str) -> int | None:
        entry = self._entries.get(key)
        return None if entry is None else len(entry.data)

    async def remove(self, key: str) -> None:
        self._entries.pop(key, None)

    async def names_written(self, folder: str, after: float, before: float) -> list[str]:
        found = ((key.rpartition("/"), entry.written_at) for key, entry in self._entries.items())
        return [name for (parent, _, name), written_at in found if parent == folder and after <= written_at < before]

    async def is_writable(self) -> bool:
        return True

    async def free_bytes(self) -> int:
        return _FREE_BYTES
