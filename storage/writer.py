"""One file that is being received: written at explicit offsets, hashed in the same pass, synced on demand."""

import asyncio
import errno
import fcntl
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, ParamSpec, Protocol, Self, TypeVar

import anyio

from base.errors import ErrorCode, Refusal
from storage.threads import Lane, Threads

P = ParamSpec("P")
T = TypeVar("T")

Data = bytes | memoryview

_CALL_BYTES = 448 * 1024
"""Bytes per call. For larger ones Linux takes larger pieces of memory, which a virtual machine must often get from its host
first: 1.1 GB/s was measured for 1 MiB, 5.7 GB/s for this (6.18, ext4)."""
_MAX_PARTS = 1_000
"""Buffers per pwritev call; Linux takes 1,024 (IOV_MAX)."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


PATIENCE_SECONDS = 4.0
"""How long whoever opens a file waits for one who writes to it: longer than a live holder takes to see that its lock is lost."""
_PAUSE_SECONDS = 0.02


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
        position: Where the next bytes go: `offset` and what is on its way.
        hash: SHA-256 of the first `offset` bytes, good while nothing is on its way; None where it could not be carried on.
    """

    def __init__(
        self,
        descriptor: int,
        offset: int,
        hash_: Hash | None,
        threads: Threads,
        durability: Durability = Durability.ALWAYS,
    ) -> None:
        self.offset = self.position = offset
        self.hash = hash_
        self._descriptor = descriptor
        self._threads = threads
        self._lane = Lane(threads)
        self._durability = durability
        self._writes: deque[asyncio.Future[None]] = deque()
        self._running: set[asyncio.Future[Any]] = set()
        self._failure: BaseException | None = None

    @classmethod
    async def open(
        cls, path: Path, offset: int, hash_: Hash | None, threads: Threads, durability: Durability = Durability.ALWAYS
    ) -> Self:
        """Open `path`, made if it is new, and cut away what lies beyond `offset`: it was never confirmed.

        Nobody else writes to it afterwards: one who still has it open is waited for, and after `PATIENCE_SECONDS` (it may
        be stopped, and wake up later) left alone with the old file, while this one goes on with a copy.

        Raises:
            Refusal: INSUFFICIENT_STORAGE: there is no room for a new file.
            BytesLost: The file is shorter than `offset`; nothing was changed.
        """
        patience = time.monotonic() + PATIENCE_SECONDS
        while (descriptor := await _opened(threads, path, offset, durability, patience)) is None:  # noqa: ASYNC110  a file tells nobody
            await asyncio.sleep(_PAUSE_SECONDS)
        return cls(descriptor, offset, hash_, threads, durability)

    async def write(self, parts: Sequence[Data], also: Digest | None = None) -> None:
        """Write `parts` one after the other at `position`; returns while they may still be on their way.

        One write runs and one waits: when this returns, the parts of all calls but the last one are free.

        Args:
            parts: Bytes in order, which must not change until they are free.
            also: A checksum that takes them in, too.

        Raises:
            Refusal: INSUFFICIENT_STORAGE: the disk is full, now or at the call before; `offset` stays, and nothing is
                written any more until what lies beyond is cut.
        """
        self._writes.append(self._watched(self._lane.run(self._write, parts, self.position, also)))
        self.position += sum(map(len, parts))
        await self._written(at_most=1)

    async def settle(self) -> None:
        """Wait until nothing is on its way; raises what `write` does."""
        await self._written(at_most=0)

    async def sync(self) -> int:
        """Make durable, as far as wanted, what was to be written before the call; returns how many bytes are."""
        if self._writes:
            await asyncio.wait([self._writes[-1]])
        offset = self.offset
        if self._durability is Durability.ALWAYS:
            await self._run(os.fdatasync, self._descriptor)
        return offset

    async def finish(self) -> None:
        """As `sync`, of a file that is complete; nothing more can be written to it."""
        descriptor, self._descriptor = self._descriptor, -1
        await self._run(_finish, descriptor, self._durability)

    async def cut(self, offset: int) -> None:
        """Throw away what was written beyond `offset`, or is on its way there."""
        await self._idle()
        await self._run(os.ftruncate, self._descriptor, offset)
        self.hash = self.hash if offset == self.offset else None
        self.offset = self.position = offset
        self._failure = None
        self._writes.clear()

    async def close(self) -> None:
        """Wait for calls that still run in a thread, then let go of the file; safe in a cancelled task."""
        with anyio.CancelScope(shield=True):
            await self._idle()
            if self._descriptor >= 0:
                await self._threads.run(os.close, self._descriptor)

    def _write(self, parts: Sequence[Data], position: int, also: Digest | None) -> None:
        """In a thread: all of `parts` count or none, and none after those that failed."""
        if self._failure is not None:
            raise self._failure
        try:
            _write_at(self._descriptor, parts, position)
            for digest in (self.hash, also):
                if digest is not None:
                    _digest(parts, digest)
        except BaseException as error:
            self._failure, self.hash = error, None
            raise
        self.offset = position + sum(map(len, parts))

    async def _written(self, at_most: int) -> None:
        """Wait until at most so many writes are on their way."""
        while len(self._writes) > at_most:
            try:
                with full_disk_refused():
                    await asyncio.shield(self._writes[0])
            except (OSError, Refusal):
                await self._idle()
                self.position = self.offset
                raise
            self._writes.popleft()

    async def _run(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Call `function` in a thread; a caller who is cancelled leaves it running, known to `close`."""
        with full_disk_refused():
            return await asyncio.shield(self._watched(self._threads.run(function, *arguments, **named)))

    def _watched(self, call: "asyncio.Future[T]") -> "asyncio.Future[T]":
        self._running.add(call)
        call.add_done_callback(self._forget)
        return call

    def _forget(self, call: "asyncio.Future[Any]") -> None:
        self._running.discard(call)
        if not call.cancelled():
            call.exception()  # whoever waits for it raises it; who was cancelled does not

    async def _idle(self) -> None:
        """Returns once nothing runs in a thread."""
        if self._running:
            await asyncio.wait(set(self._running))


def disk_full() -> Refusal:
    """There is no room for more bytes."""
    message = "The server has not enough room for this file; try again later."
    return Refusal(ErrorCode.INSUFFICIENT_STORAGE, message, retry_after=60)


@contextmanager
def full_disk_refused() -> Iterator[None]:
    """What the system says of a full disk is the refusal `disk_full` where this block is left."""
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


async def _opened(threads: Threads, path: Path, offset: int, durability: Durability, patience: float) -> int | None:
    """A descriptor of `path` for this caller alone; None while somebody else has it, until the moment `patience`."""
    is_copying = time.monotonic() >= patience
    opening = asyncio.ensure_future(threads.run(_open_at, path, offset, durability, is_copying=is_copying))
    try:
        with full_disk_refused():
            return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise


def _close_unwanted(opening: "asyncio.Future[int | None]") -> None:
    if not opening.cancelled() and opening.exception() is None and (descriptor := opening.result()) is not None:
        os.close(descriptor)


def _open_at(path: Path, offset: int, durability: Durability, *, is_copying: bool) -> int | None:
    descriptor = _open(path, may_make=offset == 0)
    if descriptor is not None and not _lock(descriptor, path):
        if not is_copying:
            os.close(descriptor)
            return None
        descriptor = _own_copy(descriptor, path, offset)
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


def _lock(descriptor: int, path: Path) -> bool:
    """Lock the file, and see that it is still the one at `path`; true where the file system knows no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _own_copy(descriptor: int, path: Path, length: int) -> int:
    """The first `length` bytes in a file of their own, which takes the place of the one that somebody else writes to."""
    beside = path.with_name(f"{path.name}.copy")
    try:
        own = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _lock(own, beside)
            _copy(descriptor, own, length)
            os.fsync(own)
            beside.replace(path)
            sync_folder(path.parent)
        except BaseException:
            os.close(own)
            beside.unlink(missing_ok=True)
            raise
    finally:
        os.close(descriptor)
    return own


def _copy(source: int, target: int, length: int) -> None:
    offset = 0
    while offset < length and (block := os.pread(source, min(_CALL_BYTES, length - offset), offset)):
        _write_rest(target, block, offset)
        offset += len(block)


def _finish(descriptor: int, durability: Durability) -> None:
    try:
        if durability is not Durability.NEVER:
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _digest(parts: Sequence[Data], digest: Digest) -> None:
    for part in parts:
        digest.update(part)


def _write_at(descriptor: int, parts: Sequence[Data], offset: int) -> None:
    for group in _groups(parts):
        size = sum(map(len, group))
        written = os.pwritev(descriptor, group, offset)
        if written < size:
            _write_rest(descriptor, b"".join(group)[written:], offset + written)
        offset += size


def _groups(parts: Sequence[Data]) -> Iterator[list[Data]]:
    """`parts` cut and put together for one call each."""
    group: list[Data] = []
    room = _CALL_BYTES
    for part in parts:
        view = memoryview(part)
        while view:
            group.append(view[:room])
            room -= len(group[-1])
            view = view[len(group[-1]) :]
            if not room or len(group) == _MAX_PARTS:
                yield group
                group, room = [], _CALL_BYTES
    if group:
        yield group


def _write_rest(descriptor: int, rest: bytes, offset: int) -> None:
    view = memoryview(rest)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
