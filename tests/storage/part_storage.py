"""Storage that takes what object storage takes: parts of 5 MiB and more, whole objects, and nothing appended in place.

It stands for S3 and its like: parts of an upload that is not completed cannot be read back, a part is never changed, only
the last one of an object may be small, and a finished object can only be copied, in ranges, into a new one.
"""

import hashlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storage.keys import path_under
from storage.local.scratch import LocalScratch
from storage.local.threads import Threads
from storage.ports import CHUNK_BYTES, Blob, BytesLost, Data, Digest, Hash

PART_BYTES = 5 * 2**20


@dataclass
class Bucket:
    """The far side: objects, and the parts of objects to come."""

    objects: dict[str, bytes] = field(default_factory=dict)
    _parts: dict[str, list[bytes]] = field(default_factory=dict)

    def put(self, key: str, data: bytes) -> None:
        """A whole object, in one step, over the one before."""
        self.objects[key] = data

    def begin(self, key: str) -> None:
        """A new object of parts; those of an earlier one that was not completed go."""
        self._parts[key] = []

    def put_part(self, key: str, data: bytes) -> None:
        assert len(data) >= PART_BYTES, "EntityTooSmall"
        self._parts[key].append(data)

    def copy_part(self, key: str, source: str, start: int, end: int) -> None:
        """A part out of a range of a finished object."""
        self.put_part(key, self.objects[source][start:end])

    def sizes(self, key: str) -> list[int]:
        """Of the parts that were put; their bytes cannot be read."""
        return [len(part) for part in self._parts.get(key, ())]

    def keep_parts(self, key: str, count: int) -> None:
        """Name only the first `count` when it is completed."""
        del self._parts[key][count:]

    def complete(self, key: str, last: bytes) -> None:
        """Make an object of the parts and a last one of any size."""
        self.objects[key] = b"".join([*self._parts.pop(key, []), last])

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)
        self._parts.pop(key, None)


@dataclass(frozen=True)
class PartBlob:
    """One finished object."""

    bucket: Bucket
    key: str
    size: int

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        for block in self.blocks(start, end):
            yield block

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        data = self.bucket.objects.get(self.key, b"")
        if len(data) < end:
            raise OSError(f"a stored file ends early, at byte {len(data)}")
        for first in range(start, end, CHUNK_BYTES):
            yield data[first : min(end, first + CHUNK_BYTES)]

    def is_there(self) -> bool:
        return len(self.bucket.objects.get(self.key, b"")) == self.size

    async def signed_url(self, headers: dict[str, str]) -> str | None:
        return f"https://bucket.example/{self.key}?type={headers['Content-Type']}"


def _tail(key: str) -> str:
    """Of the object that keeps what is too small for a part."""
    return f"{key}.tail"


class PartSink:
    """Collects bytes into parts; what is too small for one is kept as an object of its own, put anew as a whole."""

    def __init__(self, bucket: Bucket, key: str, tail: bytes, hash_: Hash | None) -> None:
        self._bucket = bucket
        self._key = key
        self._buffer = bytearray(tail)
        self.offset = self.position = sum(bucket.sizes(key)) + len(tail)
        self.hash = hash_
        self._remember()

    async def write(self, parts: Sequence[Data], also: Digest | None = None) -> None:
        for part in parts:
            self._buffer += part
            for digest in (self.hash, also):
                if digest is not None:
                    digest.update(part)
        while len(self._buffer) >= PART_BYTES:
            self._bucket.put_part(self._key, bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]
        self.offset = self.position = sum(self._bucket.sizes(self._key)) + len(self._buffer)

    async def flush(self) -> None:
        """Nothing is ever on its way."""

    async def sync(self) -> int:
        self._bucket.put(_tail(self._key), bytes(self._buffer))
        self._remember()
        return self.offset

    async def finish(self) -> None:
        self._bucket.complete(self._key, bytes(self._buffer))
        self._bucket.delete(_tail(self._key))

    async def cut(self, offset: int) -> None:
        if offset != self.offset:
            self.hash = None
        known, count, tail = next(known for known in reversed(self._known) if known[0] <= offset)
        assert known == offset, "parts cannot be read back"
        self._bucket.keep_parts(self._key, count)
        self._buffer = bytearray(tail)
        self.offset = self.position = offset

    async def close(self) -> None:
        """Nothing is held."""

    def _remember(self) -> None:
        """The places to which `cut` may go back: where it was opened, and what `sync` said last."""
        mark = self.offset, len(self._bucket.sizes(self._key)), bytes(self._buffer)
        self._known = [*getattr(self, "_known", [])[:1], mark]


class PartStorage(LocalScratch):
    """Blobs in a `Bucket`; two of them on one bucket are two processes."""

    def __init__(self, root: Path, bucket: Bucket | None = None) -> None:
        super().__init__(root, Threads(count=2))
        self.bucket = bucket or Bucket()

    @property
    def is_durable(self) -> bool:
        return True

    def blob(self, key: str, size: int) -> PartBlob:
        path_under(self._root, key)
        return PartBlob(self.bucket, key, size)

    async def open_sink(self, key: str, offset: int, hash_: Hash | None) -> PartSink:
        if key in self.bucket.objects:
            return PartSink(self.bucket, key, self._reopen(key, offset), hash_)
        if offset == 0:
            self.bucket.begin(key)
        sizes, tail = self.bucket.sizes(key), self.bucket.objects.get(_tail(key), b"")
        while sum(sizes) > offset:
            sizes.pop()
        self.bucket.keep_parts(key, len(sizes))
        if sum(sizes) + len(tail) < offset:
            raise BytesLost(key, sum(sizes), offset)
        return PartSink(self.bucket, key, tail[: offset - sum(sizes)], hash_)

    def _reopen(self, key: str, offset: int) -> bytes:
        """Begin anew with ranges of the finished object; the bytes that are too few for a part."""
        finished = self.bucket.objects[key]
        if len(finished) < offset:
            raise BytesLost(key, len(finished), offset)
        self.bucket.begin(key)
        last = offset - offset % PART_BYTES
        for start in range(0, last, PART_BYTES):
            self.bucket.copy_part(key, key, start, start + PART_BYTES)
        self.bucket.put(_tail(key), finished[last:offset])
        del self.bucket.objects[key]
        return finished[last:offset]

    async def adopt(self, source: Path, key: str) -> tuple[int, str]:
        data = await self._threads.run(source.read_bytes)
        self.bucket.put(key, data)
        await self._threads.run(source.unlink)
        return len(data), hashlib.sha256(data).hexdigest()

    async def copy(self, blob: Blob, key: str) -> None:
        self.bucket.put(key, b"".join(blob.blocks(0, blob.size)))

    async def size_of(self, key: str) -> int | None:
        data = self.bucket.objects.get(key)
        return None if data is None else len(data)

    async def remove(self, key: str) -> None:
        self.bucket.delete(key)
        self.bucket.delete(_tail(key))

    async def names_written(self, folder: str, after: float, before: float) -> list[str]:
        return [key.rpartition("/")[2] for key in self.bucket.objects if key.rpartition("/")[0] == folder]

    async def is_writable(self) -> bool:
        return True

    async def free_bytes(self) -> int:
        return 2**40
