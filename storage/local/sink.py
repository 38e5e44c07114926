"""Sink of one upload: a file written at explicit offsets, hashed in the same pass, synced on demand."""

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

import anyio

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

    The thread that writes wakes the loop only where something there waits for it.

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
        self._loop = asyncio.get_running_loop()
        self._asked = self._done = 0
        """Calls of the serial executor: so many altogether, and of these no more on their way."""
        self._waiting = 0
        """How many wait for `_done` to grow, which sets `_has_grown`."""
        self._has_grown = asyncio.Event()
        self._running: set[asyncio.Future[Any]] = set()
        self._failure: BaseException | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        offset: int,
        hash_: Hash | None,
        threads: Threads,
        durability: Durability,
        timeout_seconds: float,
    ) -> Self:
        """Open `path` at `offset`; see `storage.local.opening`."""
        descriptor = await open_alone(path, offset, threads, durability, timeout_seconds)
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
        self._ask(partial(self._write, parts, self.position, also))
        self.position += sum(map(len, parts))
        await self._written(at_most=1)

    async def flush(self) -> None:
        """Wait until nothing is on its way; raises what `write` does."""
        await self._written(at_most=0)

    async def sync(self) -> int:
        """Make durable, as far as wanted, what was to be written before the call; returns how many bytes are."""
        await self._until_done(self._asked)
        offset = self.offset
        if self._durability is Durability.ALWAYS:
            await self._run(os.fdatasync, self._descriptor)
        return offset

    async def finish(self) -> None:
        """As `sync`, of a file that is complete; nothing more can be written to it. Raises what `write` does."""
        self._ask(self._finish)
        await self.flush()

    async def cut(self, offset: int) -> None:
        """Throw away what was written beyond `offset`, or is on its way there."""
        await self._idle()
        await self._run(os.ftruncate, self._descriptor, offset)
        self.hash = self.hash if offset == self.offset else None
        self.offset = self.position = offset
        self._failure = None

    async def close(self) -> None:
        """Wait for calls that still run in a thread, then let go of the file; safe in a cancelled task."""
        with anyio.CancelScope(shield=True):
            await self._idle()
            if self._descriptor >= 0:
                await self._threads.run(os.close, self._descriptor)

    def _ask(self, call: Callable[[], None]) -> None:
        """Have `call` made in a thread after all that was asked before."""
        self._asked += 1
        self._serial.submit(partial(self._attempt, call))

    def _attempt(self, call: Callable[[], None]) -> None:
        """In a thread: make the call, unless one before it failed."""
        try:
            if self._failure is None:
                call()
        except BaseException as error:  # noqa: BLE001  it is raised where the call is waited for
            self._failure = error
        self._done += 1
        if self._waiting:
            self._loop.call_soon_threadsafe(self._has_grown.set)

    def _write(self, parts: Sequence[Data], position: int, also: Digest | None) -> None:
        """In a thread: all of `parts` count or none."""
        try:
            write_at(self._descriptor, parts, position)
            for digest in (self.hash, also):
                if digest is not None:
                    _digest(parts, digest)
        except BaseException:
            self.hash = None
            raise
        self.offset = position + sum(map(len, parts))

    def _finish(self) -> None:
        """In a thread, after the last write: let go of the file."""
        descriptor, self._descriptor = self._descriptor, -1
        try:
            if self._durability is not Durability.NEVER:
                os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    async def _written(self, at_most: int) -> None:
        """Wait until at most so many calls are on their way."""
        await self._until_done(self._asked - at_most)
        if self._failure is not None:
            await self._idle()
            self.position = self.offset
            with full_disk_refused():
                raise self._failure

    async def _until_done(self, count: int) -> None:
        """Wait for the first `count` calls; `_waiting` grows before `_done` is read, which a thread does the other way round."""
        self._waiting += 1
        try:
            while self._done < count:
                self._has_grown.clear()
                if self._done < count:
                    await self._has_grown.wait()
        finally:
            self._waiting -= 1

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
        await self._until_done(self._asked)
        if self._running:
            await asyncio.wait(set(self._running))


def _digest(parts: Sequence[Data], digest: Digest) -> None:
    for part in parts:
        digest.update(part)
