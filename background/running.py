"""The worker inside the server process: with the executors that the settings say."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from background.executors.executor import Executor
from background.provisions import NO_PROVISIONS, Provisions
from background.queue import Queue
from background.supervision import supervise
from background.sweepers import SWEEP_SECONDS, sweep_jobs_forever
from background.worker import Worker
from events.hub import Hub
from jobs.outbox import Outbox
from jobs.scheduling.selection import UNLIMITED, Budget
from processors.contract import Enricher, ExecutorName
from storage.ports import Storage


@asynccontextmanager
async def running_worker(
    name: str,
    executors: Mapping[ExecutorName, Executor],
    storage: Storage,
    outbox: Outbox,
    hub: Hub,
    queue: Queue,
    budget: Budget = UNLIMITED,
    sweep_seconds: float = SWEEP_SECONDS,
    enrichers: Mapping[str, Enricher] | None = None,
    provisions: Provisions = NO_PROVISIONS,
) -> AsyncIterator[Worker]:
    """A worker with `executors` until the block is left, which looks every `sweep_seconds` for what got no wake-up.

    On leaving, what it was doing is given back at once, and its executors are closed.
    """
    async with AsyncExitStack() as stack:
        for executor in executors.values():
            stack.push_async_callback(executor.close)
        worker = Worker(name, executors, storage, outbox, hub, budget, enrichers, provisions)
        working = queue.run(worker.work, worker.concurrency)
        try:
            async with supervise(
                working, worker.renew(), worker.listen_for_stops(), sweep_jobs_forever(outbox, sweep_seconds)
            ):
                try:
                    yield worker
                finally:
                    await worker.stop()
        finally:
            await queue.send_wake_up()  # what was given back is for others: this one took the wake-ups for it
