"""A fair queue of slots for hashing.

Each quota has its turn, whatever others ask for.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from base.errors import ErrorCode, Refusal

Found = TypeVar("Found")
MAX_WAITING = 10
"""Of one quota."""


@dataclass(eq=False)
class Slot:
    """Leave to hash one password in a thread."""

    work: asyncio.Future[Any] | None = field(default=None, init=False)

    async def run(self, work: Callable[[], Found]) -> Found:
        """What `work` comes to; it goes on to its end, and keeps the slot, also when nobody waits for it any more."""
        running = asyncio.get_running_loop().run_in_executor(None, work)
        self.work = running
        return await asyncio.shield(running)


class FairQueue:
    """Gives `slots` away: to the quota that has the fewest, and among these to the one that waits longest."""

    def __init__(self, slots: int, *, max_waiting: int = MAX_WAITING) -> None:
        self._free = slots
        self._max_waiting = max_waiting
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def slot(self, quota: str) -> AsyncIterator[Slot]:
        """A slot, which is given back when the block is left and what runs in it has ended.

        Raises:
            Refusal: RATE_LIMITED where too many of this quota are waiting.
        """
        await self._enter(quota)
        slot = Slot()
        try:
            yield slot
        finally:
            if slot.work is None or slot.work.done():
                self._leave(quota)
            else:
                slot.work.add_done_callback(lambda _: self._leave(quota))

    async def _enter(self, quota: str) -> None:
        if self._free:
            self._free -= 1
            self._held[quota] += 1
            return
        queue = self._waiting.setdefault(quota, deque())
        if len(queue) >= self._max_waiting:
            message = "Too many passwords of yours are waiting to be checked: try again in 1 s."
            raise Refusal(ErrorCode.RATE_LIMITED, message, retry_after=1)
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(quota, turn)
            else:  # its turn came at the same moment
                self._leave(quota)
            raise

    def _leave(self, quota: str) -> None:
        self._free += 1
        while self._free and self._waiting:
            self._give_to(min(self._waiting, key=self._held.__getitem__))
        self._held -= Counter({quota: 1})  # only now: who has just had a slot comes after who has none

    def _give_to(self, quota: str) -> None:
        queue = self._waiting.pop(quota)
        turn = queue.popleft()
        if queue:
            self._waiting[quota] = queue  # behind all others
        if not turn.done():
            self._free -= 1
            self._held[quota] += 1
            turn.set_result(None)

    def _forget(self, quota: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(quota)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[quota]
