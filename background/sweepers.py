"""Sweepers: what is looked after at intervals.

Leases that ran out, waiting slices without a wake-up, and what had its time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar

from background.orphans import OrphanCollector
from base.logging import log_for
from downloads.partials import remove_partials, sweep_cancelled
from jobs.counts import fold_counts
from jobs.outbox import Outbox
from jobs.retention import Retention, sweep_ended_jobs, sweep_gone_uploads, sweep_inputs, sweep_results
from jobs.scheduling.claims import has_waiting_slices
from jobs.scheduling.leases import RENEW_SECONDS, seconds_to_next_lease_end, sweep_leases
from jobs.stalls import sweep_stalls
from models.database import is_passing
from uploads.finishing import sweep_unfinished
from uploads.removal import sweep_removed
from uploads.retention import sweep_overdue
from uploads.wiring import UploadServices
from webhooks.leases import has_due_deliveries
from webhooks.lifecycle import remove_deliveries
from webhooks.planning import has_owed_lines

log = log_for(__name__)

T = TypeVar("T")
Steps = Mapping[str, Callable[[], Awaitable[int]]]
"""What was done, for the log, and how: each answers of how many."""

SWEEP_SECONDS = 5.0
UPLOADS_SECONDS = 15.0
GRACE_SECONDS = 2 * RENEW_SECONDS


async def sweep_jobs_forever(outbox: Outbox, seconds: float = SWEEP_SECONDS) -> None:
    """Sweep every `seconds`, and as soon as a lease ends, until cancelled.

    Once the database is back, or has room again, who holds a slice first has time to renew its lease.
    """
    grace_until, pause = 0.0, seconds
    while True:
        await asyncio.sleep(pause)
        pause = seconds
        try:
            await sweep_jobs(outbox, has_grace=time.monotonic() < grace_until)
            pause = min(seconds, await seconds_to_next_lease_end())
        except Exception as error:
            log.exception("a sweep failed; the next one tries again")
            if is_passing(error):
                grace_until = time.monotonic() + GRACE_SECONDS


async def sweep_deliveries_forever(wake_up: Callable[[], Awaitable[None]], seconds: float = SWEEP_SECONDS) -> None:
    """Sweep now and every `seconds` until cancelled."""
    await sweep_forever(partial(sweep_deliveries, wake_up), seconds)


async def sweep_uploads_forever(
    upload_services: UploadServices, retention: Retention, seconds: float = UPLOADS_SECONDS
) -> None:
    """Sweep now and every `seconds` until cancelled."""
    await sweep_forever(
        partial(sweep_uploads, upload_services, retention, OrphanCollector(upload_services.storage)), seconds
    )


async def sweep_jobs(outbox: Outbox, *, has_grace: bool = False) -> None:
    """Take back the slices of lost workers, unless there `has_grace`; tell of work that stands still; wake workers for what waits; fold counts."""
    lost = 0 if has_grace else await sweep_leases(outbox)
    if lost:
        log.warning("took back slices of lost workers", slices=lost)
    await sweep_stalls(outbox)
    if await has_waiting_slices():
        await outbox.wake_worker()
    await fold_counts()


async def sweep_deliveries(wake_up: Callable[[], Awaitable[None]]) -> None:
    """Give a wake-up where webhooks are owed something, or it is time for another attempt."""
    if await has_owed_lines() or await has_due_deliveries():
        await wake_up()


async def sweep_uploads(upload_services: UploadServices, retention: Retention, orphans: OrphanCollector) -> None:
    """Go on finishing what is stored whole, and let go of what had its time; each step whether or not another fails."""

    async def remove_elsewhere(job_id: str) -> None:
        await remove_deliveries(job_id)
        await remove_partials(upload_services.storage, job_id)

    steps: Steps = {
        "uploads are being finished": partial(sweep_unfinished, upload_services),
        "unfinished uploads have expired": partial(sweep_overdue, upload_services),
        "finished uploads have had their time": partial(sweep_inputs, upload_services, retention.inputs),
        "uploads that were gone were removed from the disk": partial(sweep_removed, upload_services),
        "results have had their time": partial(sweep_results, upload_services.storage, retention.results),
        "jobs have had their time": partial(
            sweep_ended_jobs, upload_services.storage, upload_services.publisher, retention.jobs, remove_elsewhere
        ),
        "what came of cancelled downloads was removed": partial(sweep_cancelled, upload_services.storage),
        "rows of uploads that were gone were removed": partial(sweep_gone_uploads, retention.jobs),
        "orphaned bytes were removed from the disk": orphans.collect,
    }
    await sweep_in_steps(steps)


async def sweep_in_steps(steps: Steps) -> None:
    """Take each step, whether or not another fails, and say in the log of how many it did what."""
    for what, step in steps.items():
        if count := await _attempt(step):
            log.info(what, count=count)


async def sweep_forever(sweep: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Sweep now and at intervals until cancelled."""
    await _attempt(sweep)
    await _forever(sweep, seconds)


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
