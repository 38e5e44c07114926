"""What is looked after at intervals: leases that ran out, waiting slices that nobody was told of, and what had its time."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from background.strays import Strays
from base.logging import log_for
from jobs.claims import has_waiting_slices, sweep_leases
from jobs.outbox import Outbox
from jobs.retention import Retention, sweep_ended_jobs, sweep_gone_uploads, sweep_inputs, sweep_results
from uploads.finishing import sweep_unfinished
from uploads.receiver import Receiver
from uploads.removal import sweep_removed
from uploads.retention import sweep_overdue
from webhooks.planning import has_owed_lines
from webhooks.turns import has_due_deliveries

log = log_for(__name__)

T = TypeVar("T")

SWEEP_SECONDS = 5.0
UPLOADS_SECONDS = 15.0


async def sweep_jobs_forever(outbox: Outbox) -> None:
    """Sweep every 5 s until cancelled."""
    await _forever(partial(sweep_jobs, outbox), SWEEP_SECONDS)


async def sweep_deliveries_forever(permit: Callable[[], Awaitable[None]]) -> None:
    """Sweep now and every 5 s until cancelled."""
    sweep = partial(sweep_deliveries, permit)
    await _attempt(sweep)
    await _forever(sweep, SWEEP_SECONDS)


async def sweep_uploads_forever(receiver: Receiver, retention: Retention) -> None:
    """Sweep now and every 15 s until cancelled."""
    sweep = partial(sweep_uploads, receiver, retention, Strays(receiver.storage))
    await _attempt(sweep)
    await _forever(sweep, UPLOADS_SECONDS)


async def sweep_jobs(outbox: Outbox) -> None:
    """Take back the slices of lost workers, and give a permission where slices wait."""
    lost = await sweep_leases(outbox)
    if lost:
        log.warning("took back slices of lost workers", slices=lost)
    if await has_waiting_slices():
        await outbox.permit_work()


async def sweep_deliveries(permit: Callable[[], Awaitable[None]]) -> None:
    """Give a permission where webhooks are owed something, or it is time for another attempt."""
    if await has_owed_lines() or await has_due_deliveries():
        await permit()


async def sweep_uploads(receiver: Receiver, retention: Retention, strays: Strays) -> None:
    """Go on finishing what is stored whole, and let go of what had its time; each step whether or not another fails."""
    steps: dict[str, Callable[[], Awaitable[int]]] = {
        "uploads are being finished": partial(sweep_unfinished, receiver),
        "unfinished uploads have expired": partial(sweep_overdue, receiver),
        "finished uploads have had their time": partial(sweep_inputs, receiver, retention.inputs),
        "uploads that were gone were removed from the disk": partial(sweep_removed, receiver),
        "results have had their time": partial(sweep_results, receiver.storage, retention.results),
        "jobs have had their time": partial(sweep_ended_jobs, receiver.storage, receiver.publisher, retention.jobs),
        "rows of uploads that were gone were removed": partial(sweep_gone_uploads, retention.jobs),
        "bytes that nobody knows were removed from the disk": strays.sweep,
    }
    for what, step in steps.items():
        if count := await _attempt(step):
            log.info(what, count=count)


async def _forever(sweep: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await _attempt(sweep)


async def _attempt(sweep: Callable[[], Awaitable[T]]) -> T | None:
    try:
        return await sweep()
    except Exception:
        log.exception("a sweep failed; the next one tries again")
        return None
