"""The worker inside the server process: as many child processes as the settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from background.children import Children
from background.duties import on_duty
from background.queue import Queue
from background.sweepers import sweep_jobs_forever
from background.worker import Worker
from events.hub import Hub
from jobs.choosing import UNLIMITED, Budget
from jobs.outbox import Outbox
from storage.local import LocalStorage

SLICES_PER_CHILD = 2
"""While a child works on one slice, the one before is recorded."""


@asynccontextmanager
async def running_worker(
    name: str,
    count: int,
    memory_bytes: int,
    storage: LocalStorage,
    outbox: Outbox,
    hub: Hub,
    queue: Queue,
    budget: Budget = UNLIMITED,
) -> AsyncIterator[Worker]:
    """A worker with `count` child processes of at most `memory_bytes` each, until the block is left.

    On leaving, what it was doing is given back at once, and its children are ended.
    """
    async with Children(count, memory_bytes) as children:
        worker = Worker(name, children, storage, outbox, hub, budget)
        working = queue.run(worker.work, SLICES_PER_CHILD * count)
        try:
            async with on_duty(working, worker.renew(), worker.obey(), sweep_jobs_forever(outbox)):
                try:
                    yield worker
                finally:
                    await worker.stop()
        finally:
            await queue.permit_work()  # what was given back is for others: this one took the permissions for it
