"""Claims of external tasks a second, by many workers at once."""

import asyncio
import time
from dataclasses import replace

from base.words import Role
from benchmarks.listing.lists import VIEWER
from events.messages import Event
from jobs.creation import NewJob
from jobs.lifecycle import create_job
from jobs.outbox import Outbox
from jobs.scheduling.external import claim_task
from processors.external.kind import KIND as EXTERNAL

CLAIMERS = 20
QUEUE = "measured"


async def claims_per_second(tasks: int) -> float:
    """Create so many tasks in the database that is open, and have `CLAIMERS` workers claim them all.

    Raises:
        RuntimeError: A task went to two workers, or to none.
    """
    outbox = Outbox(_Nobody(), _nothing)
    for _ in range(tasks):
        await create_job(VIEWER, EXTERNAL, NewJob("external", {"queue": QUEUE}, []), outbox)
    taken: list[str] = []

    async def claim_all(number: int) -> None:
        worker = replace(VIEWER, user_id=f"user-1754556928-{number:012x}", role=Role.WORKER)
        while (task := await claim_task(worker, QUEUE, 600, outbox)) is not None:
            taken.append(task.id)

    began = time.perf_counter()
    await asyncio.gather(*map(claim_all, range(CLAIMERS)))
    seconds = time.perf_counter() - began
    if not len(taken) == len(set(taken)) == tasks:
        message = f"{tasks} tasks were claimed {len(taken)} times, {len(set(taken))} of them at least once"
        raise RuntimeError(message)
    return tasks / seconds


class _Nobody:
    async def publish(self, *events: Event) -> None:
        """There are no watchers."""


async def _nothing() -> None:
    """There are no workers inside."""
