"""Blobs that are files: read from any place without holding up the event loop."""

import os
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.to_thread import run_sync

from storage.ports import CHUNK_BYTES


@dataclass(frozen=True)
class LocalBlob:
    """One file on the disk."""

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

    async def signed_url(self, headers: dict[str, str]) -> str | None:
        """None: only we hand it out."""


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
