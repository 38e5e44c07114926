"""Who may touch an upload: one request at a time, and a newer one makes the older let go."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from base.errors import ErrorCode, Refusal
from uploads.intake import Stop

WAIT_SECONDS = 5.0
"""How long a request waits for the upload; well below the shortest time-out of known clients (30 s)."""


@dataclass(eq=False)
class Hold:
    """The right to touch an upload, until the `async with` ends; its holder is asked to hurry when others wait."""

    _asked: Stop | None = None
    _on_asked: Callable[[Stop], None] | None = None

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


@dataclass(eq=False)
class _Place:
    """One upload that is held or waited for."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    holder: Hold | None = None
    users: int = 0


class UploadLocks:
    """The locks of one process; a request waits at most `wait_seconds` for an upload."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._places: dict[str, _Place] = {}
        self._is_stopping = False

    @asynccontextmanager
    async def hold(self, upload_id: str) -> AsyncIterator[Hold]:
        """Touch an upload alone; whoever touches it now is asked to let go.

        Raises:
            Refusal: LOCKED when the holder did not let go in time.
        """
        place = self._places.setdefault(upload_id, _Place())
        place.users += 1
        try:
            if place.holder is not None:
                place.holder.ask(Stop.WANTED)
            await _acquire(place.lock, self._wait_seconds)
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

    def stop(self) -> None:
        """Ask every holder, and those to come, to let go: the process is about to end, and bytes must not be lost."""
        self._is_stopping = True
        for place in self._places.values():
            if place.holder is not None:
                place.holder.ask(Stop.SHUTDOWN)

    def _new_hold(self, place: _Place) -> Hold:
        hold = Hold()
        if self._is_stopping:
            hold.ask(Stop.SHUTDOWN)
        elif place.users > 1:
            hold.ask(Stop.WANTED)
        return hold


async def _acquire(lock: asyncio.Lock, wait_seconds: float) -> None:
    try:
        async with asyncio.timeout(wait_seconds):
            await lock.acquire()
    except TimeoutError:
        message = "Another request is using this upload; try again in a moment."
        raise Refusal(ErrorCode.LOCKED, message, retry_after=1) from None
