"""Telling webhooks: a courier makes deliveries of what is owed, sends those that are due, and stops when told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from background.duties import on_duty
from background.queue import Queue
from background.sweepers import sweep_deliveries_forever
from base.logging import log_for
from webhooks.planning import plan_deliveries
from webhooks.sending import Sender
from webhooks.turns import Turn, give_back, record_outcome, take_turn

log = log_for(__name__)

SENDING_PER_PROCESS = 32
STOP_SECONDS = 2.0
"""What is on its way when the process is told to stop has so long to arrive; then another process sends it again."""


class Courier:
    """Sends what is due; what it has on its way is in `_sending`."""

    def __init__(self, sender: Sender, permit: Callable[[], Awaitable[None]]) -> None:
        self._sender = sender
        self._permit = permit
        self._sending: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def work(self) -> None:
        """One permission: plan what is owed, and send until nothing is due. The first turn lets a colleague look, too."""
        await plan_deliveries()
        is_first = True
        while not self._is_stopping and (turn := await take_turn()) is not None:
            if is_first:
                await self._permit()
                is_first = False
            await self._send(turn)

    async def stop(self) -> None:
        """Take no more turns, and give back what does not arrive soon."""
        self._is_stopping = True
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _send(self, turn: Turn) -> None:
        """In a task of its own: a permission that is taken away does not break off what is on its way."""
        task = asyncio.create_task(self._deliver(turn))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a delivery could not be recorded; it is made again", delivery=turn.message.id, exc_info=error)

    async def _deliver(self, turn: Turn) -> None:
        try:
            outcome = await self._sender.send(turn.webhook, turn.message)
        except asyncio.CancelledError:
            await give_back(turn)
            raise
        await record_outcome(turn, outcome)


@asynccontextmanager
async def running_deliveries(sender: Sender, queue: Queue) -> AsyncIterator[Courier]:
    """A courier that sends until the block is left."""
    courier = Courier(sender, queue.permit_work)
    try:
        async with on_duty(queue.run(courier.work, SENDING_PER_PROCESS), sweep_deliveries_forever(queue.permit_work)):
            try:
                yield courier
            finally:
                await courier.stop()
    finally:
        await queue.permit_work()  # what was given back is for others: this one took the permissions for it
