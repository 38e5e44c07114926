"""Several blobs one after the other as one; nothing is copied."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import accumulate

from storage.ports import Blob


@dataclass(frozen=True)
class JoinedBlobs:
    """Blobs in order, read as one."""

    blobs: tuple[Blob, ...]

    @property
    def size(self) -> int:
        return sum(blob.size for blob in self.blobs)

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        for blob, first, last in self._within(start, end):
            async with aclosing(blob.read(first, last)) as chunks:
                async for chunk in chunks:
                    yield chunk

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        for blob, first, last in self._within(start, end):
            yield from blob.blocks(first, last)

    def is_there(self) -> bool:
        return all(blob.is_there() for blob in self.blobs)

    async def signed_url(self, headers: dict[str, str]) -> str | None:
        """None: no storage knows it as one."""

    def _within(self, start: int, end: int) -> Iterator[tuple[Blob, int, int]]:
        """Each blob that has some of the bytes, and which of its own these are."""
        for blob, begin in zip(self.blobs, accumulate((blob.size for blob in self.blobs), initial=0), strict=False):
            first, last = max(start - begin, 0), min(end - begin, blob.size)
            if first < last:
                yield blob, first, last
