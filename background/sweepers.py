"""What is looked after at intervals: leases that ran out, and waiting slices that nobody was told of."""

import asyncio

from base.logging import log_for
from jobs.claims import has_waiting_slices, sweep_leases
from jobs.outbox import Outbox

log = log_for(__name__)

SWEEP_SECONDS = 5.0


async def sweep_forever(outbox: Outbox) -> None:
    """Sweep every 5 s until cancelled."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            await sweep(outbox)
        except Exception:
            log.exception("a sweep failed; the next one tries again")


async def sweep(outbox: Outbox) -> None:
    """Take back the slices of lost workers, and give a permission where slices wait."""
    lost = await sweep_leases(outbox)
    if lost:
        log.warning("took back slices of lost workers", slices=lost)
    if await has_waiting_slices():
        await outbox.permit_work()
