"""Dispatcher of webhooks: plans deliveries and sends those that are due."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from background.queue import Queue
from background.supervision import supervise
from background.sweepers import SWEEP_SECONDS, sweep_deliveries_forever
from base.logging import log_for
from webhooks.leases import DeliveryLease, claim_delivery, record_outcome, release_delivery
from webhooks.planning import plan_deliveries
from webhooks.sending import Sender

log = log_for(__name__)

SENDING_PER_PROCESS = 32
STOP_SECONDS = 2.0


class WebhookDispatcher:
    """Sends what is due; what it has on its way is in `_sending`.

    Args:
        sender: Makes the requests.
        wake_up: Tells another process that deliveries are due.
        stop_seconds: What is on its way when the process is told to stop has so long to arrive; then another one sends it again.
    """

    def __init__(
        self, sender: Sender, wake_up: Callable[[], Awaitable[None]], stop_seconds: float = STOP_SECONDS
    ) -> None:
        self._sender = sender
        self._wake_up = wake_up
        self._stop_seconds = stop_seconds
        self._sending: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def work(self) -> None:
        """One wake-up: plan what is owed, and send until nothing is due. The first claim lets a colleague look, too."""
        await plan_deliveries()
        is_first = True
        while not self._is_stopping and (lease := await claim_delivery()) is not None:
            if is_first:
                await self._wake_up()
                is_first = False
            await self._send(lease)

    async def stop(self) -> None:
        """Claim nothing more, and release what does not arrive soon."""
        self._is_stopping = True
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=self._stop_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _send(self, lease: DeliveryLease) -> None:
        """In a task of its own: a wake-up that is taken away does not break off what is on its way."""
        task = asyncio.create_task(self._deliver(lease))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a delivery could not be recorded; it is made again", delivery=lease.message.id, exc_info=error)

    async def _deliver(self, lease: DeliveryLease) -> None:
        try:
            outcome = await self._sender.send(lease.webhook, lease.message)
        except asyncio.CancelledError:
            await release_delivery(lease)
            raise
        await record_outcome(lease, outcome)


@asynccontextmanager
async def running_dispatcher(
    sender: Sender, queue: Queue, sweep_seconds: float = SWEEP_SECONDS
) -> AsyncIterator[WebhookDispatcher]:
    """A dispatcher that sends until the block is left."""
    dispatcher = WebhookDispatcher(sender, queue.send_wake_up)
    try:
        async with supervise(
            queue.run(dispatcher.work, SENDING_PER_PROCESS), sweep_deliveries_forever(queue.send_wake_up, sweep_seconds)
        ):
            try:
                yield dispatcher
            finally:
                await dispatcher.stop()
    finally:
        await queue.send_wake_up()  # what was given back is for others: this one took the wake-ups for it
