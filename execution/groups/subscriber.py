"""Subscriber of a group: its queue, its snapshot, and its connection that may read slowly."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol

from base.light_event import LightEvent
from execution.groups.queue import Message, MessageQueue
from execution.groups.watches import Change

STALLED_SECONDS = 30.0
"""So long a connection may take nothing while something waits for it."""
Render = Callable[[Change], Awaitable[Message]]
"""Executes the operation on a change."""


class SlowReaderError(Exception):
    """The connection took nothing for so long that its subscriber is given up."""


class Outlet(Protocol):
    """Where the messages of one subscriber leave; it calls `Subscriber.resume` whenever it is writable again."""

    @property
    def is_writable(self) -> bool:
        """Whether a message that is written now needs not wait."""

    def write(self, payload: bytes) -> None:
        """Send the result of one change; never waits."""


class Subscriber:
    """One subscriber: it is sent its snapshot first, then what the group is told, and never an older state after a newer one.

    Attributes:
        code: Of the last error that it was sent.
    """

    def __init__(self, outlet: Outlet, stalled_seconds: float = STALLED_SECONDS) -> None:
        self.code: str | None = None
        self._outlet = outlet
        self._stalled_seconds = stalled_seconds
        self._queue = MessageQueue()
        self._held: MessageQueue | None = MessageQueue()
        """Of the group, while the snapshot is made."""
        self._seen: dict[str, int] = {}
        """Versions in the snapshot of which the group has told no later one."""
        self._is_lost = False
        self._is_ended = False
        self._error: BaseException | None = None
        self._wake = LightEvent()
        self._stall: asyncio.TimerHandle | None = None

    def wants(self, change: Change) -> bool:
        """Whether `change` is news here."""
        return not change.version or change.version > self._seen.get(change.key, 0)

    def offer(self, message: Message) -> None:
        """Take a message of the group; never waits."""
        if self._held is not None:
            self._is_lost = not self._held.put(message) or self._is_lost
            return
        if message.version and self._seen:
            if message.version <= self._seen.get(message.key, 0):
                return
            self._seen.pop(message.key, None)
        self._push(message)

    def resume(self) -> None:
        """Write what waits, as far as there is room."""
        while self._queue and self._outlet.is_writable:
            self._write(self._queue.pop())
            self._clear_stall()
        if self._queue:
            self._set_stall()
        else:
            self._clear_stall()
            self._wake.set()

    def end(self, error: BaseException | None = None) -> None:
        """The group has come to its end."""
        self._is_ended, self._error = True, error
        self._wake.set()

    async def serve(self, snapshot: Callable[[], AsyncGenerator[Change, None]], render: Render) -> None:
        """Send the snapshot, then what comes, until the end; once more from the start where the queue overflowed.

        Raises:
            SlowReaderError: The connection does not read.
            Exception: What refuses this subscriber, or ended the group.
        """
        try:
            while True:
                self._is_lost = False
                self._seen.clear()
                if await self._send_snapshot(snapshot(), render):
                    return
                self._release_held()
                await self._until(lambda: self._is_lost or self._is_ended)
                if self._is_ended and not self._is_lost:
                    await self._until(lambda: not self._queue)
                    if self._error is not None:
                        raise self._error
                    return
                await self._until(lambda: not self._queue)
        finally:
            self._clear_stall()

    async def _send_snapshot(self, changes: AsyncGenerator[Change, None], render: Render) -> bool:
        """Whether nothing comes after it."""
        async for change in changes:
            message = await render(change)
            await self._until(lambda: not self._queue)
            if change.version:
                self._seen[change.key] = change.version
            self._push(message)
            if change.is_last:
                await self._until(lambda: not self._queue)
                return True
        return False

    async def drain(self) -> None:
        """Wait until everything is written."""
        await self._until(lambda: not self._queue)

    def _release_held(self) -> None:
        held, self._held = self._held, None
        while held:
            self.offer(held.pop())

    def _push(self, message: Message) -> None:
        if not self._queue and self._outlet.is_writable:
            self._write(message)
        elif self._queue.put(message):
            self._set_stall()
        else:
            self._lose()

    def _lose(self) -> None:
        """There is no room: the present state takes the place of what waits."""
        self._queue.clear()
        self._held, self._is_lost = MessageQueue(), True
        self._wake.set()

    def _write(self, message: Message) -> None:
        self.code = message.code or self.code
        self._outlet.write(message.payload)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._wake.clear()
            await self._wake.wait()
            if isinstance(self._error, SlowReaderError):
                raise self._error

    def _set_stall(self) -> None:
        if self._stall is None:
            self._stall = asyncio.get_running_loop().call_later(self._stalled_seconds, self._give_up)

    def _clear_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _give_up(self) -> None:
        self._queue.clear()
        self.end(SlowReaderError())
