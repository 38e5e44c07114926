"""Reading stored bytes from any place, without holding up the event loop and without reading what lies before."""

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import anyio
from anyio.to_thread import run_sync

CHUNK_BYTES = 1024 * 1024
"""Most that is read, held and sent at a time."""
_LEAST_BYTES = 64 * 1024


class Content(Protocol):
    """Bytes of known size that can be read from any place."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def read(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Bytes `start` to `end`, the latter excluded, in parts of at most 1 MiB; 0 <= start <= end <= size."""


class Stored(Content, Protocol):
    """Content that lies on the disk."""

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """As `read`, for code that runs in a thread; raises OSError where the disk has less than that."""

    def is_there(self) -> bool:
        """Whether the disk has it, whole; blocks."""


@dataclass(frozen=True)
class StoredFile:
    """One file on the disk as content."""

    path: Path
    size: int

    def read(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        return read_slice(self.path, start, end)

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        descriptor = _open(self.path)
        try:
            while start < end:
                block = _read_some(descriptor, start, min(end, start + CHUNK_BYTES))
                yield block
                start += len(block)
        finally:
            os.close(descriptor)

    def is_there(self) -> bool:
        try:
            return self.path.stat().st_size == self.size
        except FileNotFoundError:
            return False


@dataclass(frozen=True)
class JoinedFiles:
    """Several files one after the other as content; nothing is copied."""

    files: tuple[StoredFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        for file, first, last in self._within(start, end):
            async with aclosing(file.read(first, last)) as chunks:
                async for chunk in chunks:
                    yield chunk

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        for file, first, last in self._within(start, end):
            yield from file.blocks(first, last)

    def is_there(self) -> bool:
        return all(file.is_there() for file in self.files)

    def _within(self, start: int, end: int) -> Iterator[tuple[StoredFile, int, int]]:
        """Each file that has some of the bytes, and which of its own these are."""
        for file, begin in zip(self.files, accumulate((file.size for file in self.files), initial=0), strict=False):
            first, last = max(start - begin, 0), min(end - begin, file.size)
            if first < last:
                yield file, first, last


async def read_slice(path: Path, start: int, end: int) -> AsyncGenerator[bytes, None]:
    """Bytes `start` to `end` of the file, the latter excluded, in parts of at most 1 MiB.

    Raises:
        OSError: The file is gone, or ends before `end`.
    """
    if end - start <= CHUNK_BYTES:
        yield await run_sync(_read_at_once, path, start, end)
        return
    descriptor = await run_sync(_open, path)
    try:
        while start < end:
            chunk = await run_sync(_read_some, descriptor, start, min(end, start + CHUNK_BYTES))
            yield chunk
            start += len(chunk)
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(os.close, descriptor)


async def gathered(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same bytes, with parts below 64 KiB put together: every part that is sent costs a system call."""
    waiting = bytearray()
    async with aclosing(chunks):
        async for chunk in chunks:
            if not waiting and len(chunk) >= _LEAST_BYTES:
                yield chunk
                continue
            waiting += chunk
            if len(waiting) >= _LEAST_BYTES:
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)


def _read_at_once(path: Path, start: int, end: int) -> bytes:
    descriptor = _open(path)
    try:
        parts = []
        while start < end:
            parts.append(_read_some(descriptor, start, end))
            start += len(parts[-1])
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _read_some(descriptor: int, start: int, end: int) -> bytes:
    chunk = os.pread(descriptor, end - start, start)
    if not chunk:
        raise OSError(f"a stored file ends early, at byte {start}")
    return chunk
