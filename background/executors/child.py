"""The executor `child`: a fixed number of child processes, one call each at a time, ended by cancelling."""

import asyncio
from collections.abc import Awaitable, Callable

from background.calls.failures import ExecutorClosed, blame_full_disk
from background.calls.messages import Call, Message
from background.child.process import Child
from background.executors.slots import SlottedExecutor
from base.logging import log_for

log = log_for(__name__)


class ChildExecutor(SlottedExecutor):
    """At most `slots` child processes, started when they are needed and used again; `memory_bytes` is each one's cap.

    The thread of its event loop must live as long as the children.
    """

    def __init__(self, slots: int, memory_bytes: int, silence_seconds: float = 0) -> None:
        super().__init__(slots, silence_seconds)
        self._memory_bytes = memory_bytes
        self._all: set[Child] = set()
        self._idle: list[Child] = []

    async def run(self, call: Call, on_message: Callable[[Message], Awaitable[None]]) -> None:
        """See `Executor`. Cancelling the task kills the process at once."""
        async with self._free:
            child = await self._acquire()
            try:
                end = await child.perform(call, on_message, self._silence_seconds)
                end = await blame_full_disk(end, call.folder)
            except BaseException:
                await self._end(child)
                raise
            if end.is_retiring:
                await self._end(child)
            else:
                self._idle.append(child)
        self._check_end(call, end, self._memory_bytes)

    async def close(self) -> None:
        """End all children, the busy ones too; takes at most 2 s."""
        self._is_closed = True
        await asyncio.gather(*(self._end(child) for child in tuple(self._all)))

    async def _acquire(self) -> Child:
        while self._idle and not self._is_closed:
            child = self._idle.pop()
            if child.is_alive:
                return child
            await self._end(child)
        if not self._is_closed:
            child = await Child.start(self._memory_bytes)
            self._all.add(child)
            if not self._is_closed:
                return child
            await self._end(child)
        raise ExecutorClosed

    async def _end(self, child: Child) -> None:
        self._all.discard(child)
        child.kill()
        if await child.wait() is None:
            log.warning("child_not_gone", pid=child.pid)
