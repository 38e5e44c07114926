"""Slots of an executor: how many calls run at once, and when they end."""

import asyncio
import math
from abc import ABC, abstractmethod
from typing import Self

from background.calls.ends import CallEnd
from background.calls.failures import ExecutorClosed, failure_of
from background.calls.messages import Call


class SlottedExecutor(ABC):
    """What every `Executor` has. It belongs to one event loop, and is closed when its block is left.

    Args:
        slots: How many calls run at the same time.
        silence_seconds: A call that says nothing for so long is ended; 0: never.
    """

    def __init__(self, slots: int, silence_seconds: float) -> None:
        self.slots = slots
        self._silence_seconds = silence_seconds or math.inf
        self._free = asyncio.Semaphore(slots)
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @abstractmethod
    async def close(self) -> None:
        """See `Executor`."""

    def _check_end(self, call: Call, end: CallEnd, memory_bytes: int) -> None:
        """Raises what a call that did not end well comes to, see `Executor.run`; it may have had `memory_bytes`."""
        if self._is_closed and end.outcome == "crash":
            raise ExecutorClosed
        if (failure := failure_of(call, end, memory_bytes, self._silence_seconds)) is not None:
            raise failure
