"""Locks of uploads: one request at a time, and a newer one has the older release."""

import asyncio
import math
import time
from asyncio import TaskGroup
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from base.errors import ErrorCode, Refusal
from events.hub import Hub
from events.mailbox import StateLost
from events.messages import RELEASE_TOPIC, Event
from uploads.body import ClientLeft, StopReason

_TURNS = 4
"""Turns of the event loop in which a connection that waits is accepted, its request read, and begun."""
LOCK_TIMEOUT_SECONDS = 5.0
"""How long a request waits for the upload; well below the shortest time-out of known clients (30 s)."""


@dataclass(eq=False)
class LockHandle:
    """Handle of the lock on an upload: the right to touch it until the `async with` ends; its holder is told when others request its release.

    Attributes:
        is_wanted: Whether somebody still waits for the answer of its request; otherwise nobody is kept from the upload for it.
        token: What names this holding to other processes, once they respect it.
        valid_until: By the monotonic clock; after that another process may have it, and nothing may be written.
        ended: Set once its request will touch the upload no more.
    """

    is_wanted: Callable[[], bool] = lambda: True
    token: str | None = None
    valid_until: float = math.inf
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _requested: StopReason | None = None
    _callback: Callable[[StopReason], None] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the right is over although the block is not."""
        return time.monotonic() >= self.valid_until

    def check_wanted(self) -> None:
        """Go no further for a client that left: what it sends next must not be stopped for what it gave up.

        Raises:
            ClientLeft: The connection of the request has ended.
        """
        if not self.is_wanted():
            raise ClientLeft

    def request_release(self, why: StopReason) -> None:
        """Request that the holder release the lock."""
        self._requested = why
        if self._callback is not None:
            self._callback(why)

    def on_release_requested(self, callback: Callable[[StopReason], None] | None) -> None:
        """Have `callback` called once a release is requested; at once where that is so already."""
        self._callback = callback
        if callback is not None and self._requested is not None:
            callback(self._requested)


class SharedLock(Protocol):
    """A lock that other processes respect, too."""

    def held(
        self, upload_id: str, handle: LockHandle, until: float, *, requests_release: bool
    ) -> AbstractAsyncContextManager[None]:
        """Have the lock while the block lasts, and keep `handle.valid_until` true.

        Raises:
            Refusal: LOCKED when it cannot be had until the moment `until` of the monotonic clock; SERVICE_UNAVAILABLE;
                ClientLeft.
        """

    async def await_release(self, upload_id: str) -> None:
        """Request release from every process, and wait until each has; not for long for one that does not answer.

        Raises:
            Refusal: SERVICE_UNAVAILABLE.
        """

    async def is_awaited(self, request: Event) -> bool:
        """Whether who made the request still waits for the end of all; it must not raise."""

    async def confirm(self, request: Event) -> None:
        """Tell who waits for it that this process has released the lock, as requested; it must not raise."""


@dataclass(eq=False)
class _Entry:
    """One upload that is held or waited for."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    holder: LockHandle | None = None
    users: int = 0
    handles: set[LockHandle] = field(default_factory=set)


class UploadLocks:
    """The locks of one process, which with `shared` are also those of others; waits at most `wait_seconds`."""

    def __init__(self, shared: SharedLock | None = None, wait_seconds: float = LOCK_TIMEOUT_SECONDS) -> None:
        self._shared = shared
        self._wait_seconds = wait_seconds
        self._entries: dict[str, _Entry] = {}
        self._is_stopping = False

    @property
    def is_shared(self) -> bool:
        """Whether another process may write to the same uploads."""
        return self._shared is not None

    @property
    def is_stopping(self) -> bool:
        """Whether the process is about to end, and nothing more should be begun here."""
        return self._is_stopping

    def may_be_held(self, upload_id: str) -> bool:
        """Whether somebody may touch this upload now; where nobody is known to, asking for it disturbs nobody."""
        return self.is_shared or upload_id in self._entries

    @contextmanager
    def register(self, upload_id: str, is_wanted: Callable[[], bool] = lambda: True) -> Iterator[LockHandle]:
        """The handle of a request that comes: `await_release` waits for it from now on, not only once it has the lock."""
        handle, entry = LockHandle(is_wanted=is_wanted), self._entries.setdefault(upload_id, _Entry())
        entry.handles.add(handle)
        try:
            yield handle
        finally:
            entry.handles.discard(handle)
            handle.ended.set()
            if not entry.handles:
                del self._entries[upload_id]

    @asynccontextmanager
    async def acquire(
        self, upload_id: str, handle: LockHandle | None = None, *, waits: bool = True
    ) -> AsyncIterator[LockHandle]:
        """Touch an upload alone; whoever touches it now is requested to release it.

        One who does not wait requests nothing.

        Raises:
            Refusal: LOCKED when the holder did not release it in time; SERVICE_UNAVAILABLE where the shared lock is not there;
                ClientLeft where nobody waits for it any more.
        """
        until = time.monotonic() + (self._wait_seconds if waits else 0)
        async with AsyncExitStack() as stack:
            handle = handle or stack.enter_context(self.register(upload_id))
            await stack.enter_async_context(self._held_here(upload_id, handle, until, requests_release=waits))
            if self._shared is not None:
                await stack.enter_async_context(self._shared.held(upload_id, handle, until, requests_release=waits))
            yield handle

    async def await_release(self, upload_id: str) -> None:
        """Have all requests that are here, or at another process, commit what they have and release this upload.

        Raises:
            Refusal: LOCKED where one here does not in time; SERVICE_UNAVAILABLE.
        """
        await self._release_here(upload_id)
        if self._shared is not None:
            await self._shared.await_release(upload_id)

    def request_release(self, upload_id: str) -> None:
        """Request release from whoever touches this upload in this process."""
        if (entry := self._entries.get(upload_id)) is not None:
            for handle in entry.handles:
                handle.request_release(StopReason.WANTED)

    def stop(self) -> None:
        """Request release from every holder, and from those to come: the process is about to end, and bytes must not be lost."""
        self._is_stopping = True
        for entry in self._entries.values():
            if entry.holder is not None:
                entry.holder.request_release(StopReason.SHUTDOWN)

    async def serve_release_requests(self, hub: Hub) -> None:
        """Release what other processes request, until cancelled."""
        if self._shared is None:
            return
        with hub.listen(RELEASE_TOPIC) as mailbox:
            async with TaskGroup() as requests:
                while True:
                    with suppress(StateLost):  # whoever waits asks again
                        request = await mailbox.get()
                        requests.create_task(self._answer(self._shared, request))

    async def _answer(self, shared: SharedLock, request: Event) -> None:
        """Release for who waits for the end of all; of who waits for the lock only the holder it met is asked.

        A request may be heard late: whoever made it is done, and the next one must not be disturbed.
        """
        upload_id = request.row["upload_id"]
        if "reply" not in request.row:
            self._request_release_of(upload_id, request.row["holder"])
            return
        if not await shared.is_awaited(request):
            return
        with suppress(Refusal):
            await self._release_here(upload_id)
            await shared.confirm(request)

    def _request_release_of(self, upload_id: str, token: str) -> None:
        entry = self._entries.get(upload_id)
        if entry is not None and entry.holder is not None and entry.holder.token == token:
            entry.holder.request_release(StopReason.WANTED)

    async def _release_here(self, upload_id: str) -> None:
        """Have everybody who is here now release the lock; requests that have arrived and were not read yet, too."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if (entry := self._entries.get(upload_id)) is None:
            return
        self.request_release(upload_id)
        ends = [asyncio.ensure_future(handle.ended.wait()) for handle in entry.handles]
        _, late = await asyncio.wait(ends, timeout=self._wait_seconds)
        for end in late:
            end.cancel()
        if late:
            raise in_use()

    @asynccontextmanager
    async def _held_here(
        self, upload_id: str, handle: LockHandle, until: float, *, requests_release: bool
    ) -> AsyncIterator[None]:
        entry = self._entries[upload_id]
        entry.users += 1
        try:
            is_held = entry.holder is not None
            if requests_release and entry.holder is not None:
                handle.check_wanted()
                entry.holder.request_release(StopReason.WANTED)
            await _acquire(entry.lock, until)
            try:
                if is_held:
                    handle.check_wanted()
                entry.holder = handle
                if self._is_stopping:
                    handle.request_release(StopReason.SHUTDOWN)
                elif entry.users > 1:
                    handle.request_release(StopReason.WANTED)
                yield
            finally:
                entry.holder = None
                entry.lock.release()
        finally:
            entry.users -= 1


def in_use() -> Refusal:
    """Somebody else touches the upload and does not release it."""
    message = "Another request is using this upload; try again in a moment."
    return Refusal(ErrorCode.LOCKED, message, retry_after=1)


async def _acquire(lock: asyncio.Lock, until: float) -> None:
    if not lock.locked():
        await lock.acquire()
        return
    try:
        async with asyncio.timeout(max(until - time.monotonic(), 0)):
            await lock.acquire()
    except TimeoutError:
        raise in_use() from None
