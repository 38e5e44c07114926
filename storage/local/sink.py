"""Sink of one upload: a file written at explicit offsets, hashed in the same pass, synced on demand."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

import anyio

from base.errors import Refusal
from storage.disk_space import full_disk_refused
from storage.local.durability import Durability
from storage.local.opening import open_alone
from storage.local.threads import SerialExecutor, Threads
from storage.local.writing import write_at
from storage.ports import Data, Digest, Hash

P = ParamSpec("P")
T = TypeVar("T")


class LocalSink:
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
        self._serial = SerialExecutor(threads)
        self._durability = durability
        self._writes: deque[asyncio.Future[None]] = deque()
        self._running: set[asyncio.Future[Any]] = set()
        self._failure: BaseException | None = None

    @classmethod
    async def open(
        cls, path: Path, offset: int, hash_: Hash | None, threads: Threads, durability: Durability = Durability.ALWAYS
    ) -> Self:
        """Open `path` at `offset`; see `storage.local.opening`."""
        return cls(await open_alone(path, offset, threads, durability), offset, hash_, threads, durability)

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
        self._writes.append(self._watched(self._serial.run(self._write, parts, self.position, also)))
        self.position += sum(map(len, parts))
        await self._written(at_most=1)

    async def flush(self) -> None:
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
        """As `sync`, of a file that is complete; nothing more can be written to it. Raises what `write` does."""
        finishing = self._watched(self._serial.run(self._finish))
        await self.flush()
        with full_disk_refused():
            await asyncio.shield(finishing)

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
            write_at(self._descriptor, parts, position)
            for digest in (self.hash, also):
                if digest is not None:
                    _digest(parts, digest)
        except BaseException as error:
            self._failure, self.hash = error, None
            raise
        self.offset = position + sum(map(len, parts))

    def _finish(self) -> None:
        """In a thread, after the last write: let go of the file, unless it lacks something."""
        if self._failure is not None:
            return
        descriptor, self._descriptor = self._descriptor, -1
        try:
            if self._durability is not Durability.NEVER:
                os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

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


def _digest(parts: Sequence[Data], digest: Digest) -> None:
    for part in parts:
        digest.update(part)
