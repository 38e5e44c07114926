"""One file that is being received: written at explicit offsets, hashed in the same pass, synced on demand."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self, TypeVar

import anyio
from anyio.to_thread import run_sync

from base.errors import ErrorCode, Refusal

T = TypeVar("T")

Data = bytes | memoryview

_SIDE_BY_SIDE_BYTES = 256 * 1024
"""From so many on the disk and the checksums have a thread each; below, changing threads would cost more."""
_MAX_PARTS = 1_000
"""Buffers per pwritev call; Linux takes 1,024 (IOV_MAX)."""


_FULL = {errno.ENOSPC, errno.EDQUOT}


class Durability(StrEnum):
    """When bytes are made to survive a power cut (they survive the end of the process in any case)."""

    ALWAYS = "always"
    """Before they are called stored."""
    FINISH = "finish"
    """When the file is complete."""
    NEVER = "never"
    """When the operating system thinks fit."""


class BytesLost(OSError):  # noqa: N818  it reads as what happened
    """The disk has fewer bytes than were called stored: `stored` of them are left."""

    def __init__(self, name: str, stored: int, confirmed: int) -> None:
        super().__init__(f"{name} has {stored} bytes, of which {confirmed} were confirmed")
        self.stored = stored


class Digest(Protocol):
    """What can be computed while bytes pass by."""

    def update(self, data: Data, /) -> None:
        """Take `data` in."""


class Hash(Digest, Protocol):
    """What is needed of a hashlib object."""

    def copy(self) -> Self:
        """Another of the same state."""

    def hexdigest(self) -> str:
        """The digest of all that was taken in."""


class Writer:
    """Appends to one file; nothing it does blocks the event loop.

    Attributes:
        offset: Bytes written so far, those before opening included; not yet durable until `sync` has returned.
        hash: SHA-256 of the first `offset` bytes, or None where it could not be carried on.
    """

    def __init__(
        self,
        descriptor: int,
        offset: int,
        hash_: Hash | None,
        limiter: anyio.CapacityLimiter,
        durability: Durability = Durability.ALWAYS,
    ) -> None:
        self.offset = offset
        self.hash = hash_
        self._descriptor = descriptor
        self._limiter = limiter
        self._durability = durability
        self._running: set[asyncio.Task[object]] = set()

    @classmethod
    async def open(
        cls,
        path: Path,
        offset: int,
        hash_: Hash | None,
        limiter: anyio.CapacityLimiter,
        durability: Durability = Durability.ALWAYS,
    ) -> Self:
        """Open `path`, made if it is new, and cut away what lies beyond `offset`: it was never confirmed.

        Raises:
            Refusal: INSUFFICIENT_STORAGE: there is no room for a new file.
            BytesLost: The file is shorter than `offset`; nothing was changed.
        """
        with _full_disk_refused():
            descriptor = await run_sync(_open_at, path, offset, durability, limiter=limiter)
        return cls(descriptor, offset, hash_, limiter, durability)

    async def write(self, parts: Sequence[Data], also: Digest | None = None) -> None:
        """Write `parts` one after the other at `offset`, which grows by their length; all or nothing counts.

        Args:
            parts: Bytes in order.
            also: A checksum that takes them in, too.

        Raises:
            Refusal: INSUFFICIENT_STORAGE: the disk is full; `offset` stays, what lies beyond is cut when opening again.
        """
        size = sum(map(len, parts))
        digests = [digest for digest in (self.hash, also) if digest is not None]
        try:
            if size < _SIDE_BY_SIDE_BYTES:
                await self._run(_write_and_digest, self._descriptor, parts, self.offset, digests)
            else:
                writing = self._run(_write_at, self._descriptor, parts, self.offset)
                await asyncio.gather(writing, *(self._run(_digest, parts, digest) for digest in digests))
        except BaseException:
            self.hash = None
            raise
        self.offset += size

    async def sync(self) -> int:
        """Make durable, as far as wanted, what was written before the call; returns how many bytes that is."""
        offset = self.offset
        if self._durability is Durability.ALWAYS:
            await self._run(os.fdatasync, self._descriptor)
        return offset

    async def finish(self) -> None:
        """As `sync`, of a file that is complete; nothing more can be written to it."""
        descriptor, self._descriptor = self._descriptor, -1
        await self._run(_finish, descriptor, self._durability)

    async def cut(self, offset: int) -> None:
        """Throw away what was written beyond `offset`."""
        await self._run(os.ftruncate, self._descriptor, offset)
        self.offset, self.hash = offset, None if offset != self.offset else self.hash

    async def close(self) -> None:
        """Wait for calls that still run in a thread, then let go of the file; safe in a cancelled task."""
        with anyio.CancelScope(shield=True):
            if self._running:
                await asyncio.wait(self._running)
            if self._descriptor >= 0:
                await run_sync(os.close, self._descriptor, limiter=self._limiter)

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call `function` in a thread; a caller who is cancelled leaves it running, known to `close`."""
        task = asyncio.create_task(run_sync(function, *arguments, limiter=self._limiter))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        with _full_disk_refused():
            return await asyncio.shield(task)


def disk_full() -> Refusal:
    """There is no room for more bytes."""
    message = "The server has not enough room for this file; try again later."
    return Refusal(ErrorCode.INSUFFICIENT_STORAGE, message, retry_after=60)


@contextmanager
def _full_disk_refused() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full() from error
        raise


def sync_folder(path: Path) -> None:
    """Make names in the folder `path` durable: a new file may otherwise be gone after a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_parent(path: Path) -> None:
    """Make the folder of `path` and those above it, durably."""
    missing = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        sync_folder(folder.parent)


def _open_at(path: Path, offset: int, durability: Durability) -> int:
    descriptor = _open(path, may_make=offset == 0)
    size = os.fstat(descriptor).st_size if descriptor is not None else 0
    if descriptor is None or size < offset:
        if descriptor is not None:
            os.close(descriptor)
        raise BytesLost(path.name, size, offset)
    if size > offset:
        os.ftruncate(descriptor, offset)
    elif size == 0 and durability is not Durability.NEVER:
        sync_folder(path.parent)  # it may be new
    return descriptor


def _open(path: Path, *, may_make: bool) -> int | None:
    """A descriptor of the file; None where there is none, and none may be made."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if may_make else 0)
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        if not may_make:
            return None
        make_parent(path)
        return os.open(path, flags, 0o600)


def _finish(descriptor: int, durability: Durability) -> None:
    try:
        if durability is not Durability.NEVER:
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _write_and_digest(descriptor: int, parts: Sequence[Data], offset: int, digests: Sequence[Digest]) -> None:
    _write_at(descriptor, parts, offset)
    for digest in digests:
        _digest(parts, digest)


def _digest(parts: Sequence[Data], digest: Digest) -> None:
    for part in parts:
        digest.update(part)


def _write_at(descriptor: int, parts: Sequence[Data], offset: int) -> None:
    for start in range(0, len(parts), _MAX_PARTS):
        group = parts[start : start + _MAX_PARTS]
        size = sum(map(len, group))
        written = os.pwritev(descriptor, group, offset)
        if written < size:
            _write_rest(descriptor, b"".join(group)[written:], offset + written)
        offset += size


def _write_rest(descriptor: int, rest: bytes, offset: int) -> None:
    view = memoryview(rest)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
