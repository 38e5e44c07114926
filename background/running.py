"""The worker inside the server process: as many child processes as the settings say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from background.children import Children
from background.queue import Queue
from background.sweepers import sweep_jobs_forever
from background.worker import Worker
from base.logging import log_for
from events.hub import Hub
from jobs.choosing import UNLIMITED, Budget
from jobs.outbox import Outbox
from storage.local import LocalStorage

log = log_for(__name__)


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
        tasks = [
            asyncio.create_task(coroutine)
            for coroutine in (
                queue.run(worker.work, SLICES_PER_CHILD * count),
                worker.renew(),
                worker.obey(),
                sweep_jobs_forever(outbox),
            )
        ]
        for task in tasks:
            task.add_done_callback(complain)
        try:
            yield worker
        finally:
            await worker.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await queue.permit_work()  # what was given back is for others: this one took the permissions for it


def complain(task: asyncio.Task[None]) -> None:
    """For tasks that should go on until they are cancelled."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a part of what runs without requests ended; restart the server", exc_info=error)
