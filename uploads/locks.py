"""Who may touch an upload: one request at a time, and a newer one makes the older let go."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from base.errors import ErrorCode, Refusal
from events.hub import Hub
from events.mailbox import StateLost
from events.messages import RELEASE_TOPIC
from uploads.body import Stop

WAIT_SECONDS = 5.0
"""How long a request waits for the upload; well below the shortest time-out of known clients (30 s)."""


@dataclass(eq=False)
class Hold:
    """The right to touch an upload, until the `async with` ends; its holder is asked to hurry when others wait.

    Attributes:
        valid_until: By the monotonic clock; after that another process may have it, and nothing may be written.
    """

    valid_until: float = math.inf
    _asked: Stop | None = None
    _on_asked: Callable[[Stop], None] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the right is over although the block is not."""
        return time.monotonic() >= self.valid_until

    def ask(self, why: Stop) -> None:
        """Ask the holder to let go."""
        self._asked = why
        if self._on_asked is not None:
            self._on_asked(why)

    def call_when_asked(self, callback: Callable[[Stop], None] | None) -> None:
        """Have `callback` called once the holder is to let go; at once where that is so already."""
        self._on_asked = callback
        if callback is not None and self._asked is not None:
            callback(self._asked)


class SharedLock(Protocol):
    """A lock that other processes respect, too."""

    def held(self, upload_id: str, hold: Hold, until: float, *, is_asking: bool) -> AbstractAsyncContextManager[None]:
        """Have the lock while the block lasts, and keep `hold.valid_until` true.

        Raises:
            Refusal: LOCKED when it cannot be had until the moment `until` of the monotonic clock; SERVICE_UNAVAILABLE.
        """


@dataclass(eq=False)
class _Place:
    """One upload that is held or waited for."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    holder: Hold | None = None
    users: int = 0


class UploadLocks:
    """The locks of one process, which with `shared` are also those of others; waits at most `wait_seconds`."""

    def __init__(self, shared: SharedLock | None = None, wait_seconds: float = WAIT_SECONDS) -> None:
        self._shared = shared
        self._wait_seconds = wait_seconds
        self._places: dict[str, _Place] = {}
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
        return self.is_shared or upload_id in self._places

    @asynccontextmanager
    async def hold(self, upload_id: str, *, is_patient: bool = True) -> AsyncIterator[Hold]:
        """Touch an upload alone; whoever touches it now is asked to let go.

        One who is not patient neither asks nor waits.

        Raises:
            Refusal: LOCKED when the holder did not let go in time; SERVICE_UNAVAILABLE where the shared lock is not there.
        """
        until = time.monotonic() + (self._wait_seconds if is_patient else 0)
        async with self._held_here(upload_id, until, is_asking=is_patient) as hold:
            if self._shared is None:
                yield hold
            else:
                async with self._shared.held(upload_id, hold, until, is_asking=is_patient):
                    yield hold

    def ask(self, upload_id: str) -> None:
        """Ask whoever touches this upload in this process to let go."""
        if (place := self._places.get(upload_id)) is not None and place.holder is not None:
            place.holder.ask(Stop.WANTED)

    def stop(self) -> None:
        """Ask every holder, and those to come, to let go: the process is about to end, and bytes must not be lost."""
        self._is_stopping = True
        for place in self._places.values():
            if place.holder is not None:
                place.holder.ask(Stop.SHUTDOWN)

    async def obey(self, hub: Hub) -> None:
        """Let go of what other processes ask for, until cancelled."""
        with hub.listen(RELEASE_TOPIC) as mailbox:
            while True:
                try:
                    self.ask((await mailbox.get()).row["id"])
                except StateLost:
                    continue  # whoever waits asks again

    @asynccontextmanager
    async def _held_here(self, upload_id: str, until: float, *, is_asking: bool) -> AsyncIterator[Hold]:
        place = self._places.setdefault(upload_id, _Place())
        place.users += 1
        try:
            if is_asking and place.holder is not None:
                place.holder.ask(Stop.WANTED)
            await _acquire(place.lock, until)
            try:
                place.holder = self._new_hold(place)
                yield place.holder
            finally:
                place.holder = None
                place.lock.release()
        finally:
            place.users -= 1
            if not place.users:
                del self._places[upload_id]

    def _new_hold(self, place: _Place) -> Hold:
        hold = Hold()
        if self._is_stopping:
            hold.ask(Stop.SHUTDOWN)
        elif place.users > 1:
            hold.ask(Stop.WANTED)
        return hold


def in_use() -> Refusal:
    """Somebody else touches the upload and does not let go."""
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
