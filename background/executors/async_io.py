"""The executor `async_io`: coroutines of this process, for work that waits for networks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from anyio.to_thread import run_sync

from background.calls.failures import ExecutorClosed, blame_full_disk
from background.calls.messages import Call, Message
from background.coroutine.call import CoroutineCall
from background.coroutine.watchdog import LoopWatchdog
from background.executors.slots import SlottedExecutor
from processors.contract import AsyncProcessor, Kind
from processors.loading import load_kind

MAX_SLOTS = 64


def slots_for(kinds: Iterable[Kind], memory_bytes: int) -> int:
    """How many calls of any of `kinds` fit into `memory_bytes`: at least 1, at most 64, and 0 where there are no kinds."""
    sizes = [kind.buffer_bytes for kind in kinds]
    return min(max(memory_bytes // max(sizes), 1), MAX_SLOTS) if sizes else 0


class AsyncIoExecutor(SlottedExecutor):
    """At most `slots` coroutines at a time, each for one call.

    Args:
        slots: How many.
        silence_seconds: See `SlottedExecutor`.
        watchdog: Names those that hold up the loop.
        makers: Make the processors of those kinds that need more than a call gives; by the name of the kind.
    """

    def __init__(
        self,
        slots: int,
        silence_seconds: float = 0,
        watchdog: LoopWatchdog | None = None,
        makers: Mapping[str, Callable[[], AsyncProcessor]] | None = None,
    ) -> None:
        super().__init__(slots, silence_seconds)
        self._calls: set[CoroutineCall] = set()
        self._watchdog = watchdog or LoopWatchdog()
        self._makers = makers or {}

    async def run(self, call: Call, on_message: Callable[[Message], Awaitable[None]]) -> None:
        """See `Executor`. Cancelling the task cancels the coroutine; one that goes on after 1.5 s is abandoned."""
        async with self._free:
            kind = await run_sync(load_kind, call.reference)
            if self._is_closed:
                raise ExecutorClosed
            running = CoroutineCall(call, kind, self._watchdog, self._makers.get(kind.name))
            self._calls.add(running)
            try:
                end = await blame_full_disk(await running.perform(on_message, self._silence_seconds), call.folder)
            finally:
                self._calls.discard(running)
                await running.stop()
        self._check_end(call, end, kind.buffer_bytes)

    async def close(self) -> None:
        """End all coroutines, the busy ones too; takes at most 2 s."""
        self._is_closed = True
        await asyncio.gather(*(running.stop() for running in tuple(self._calls)))
        self._watchdog.stop()
