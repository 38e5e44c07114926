"""A worker: does waiting slices, each by the executor of its kind, and stops when told to."""

import asyncio
import os
import socket
from collections.abc import Mapping
from hashlib import sha256
from itertools import count

from background.call_files import CallFiles
from background.executors.executor import Executor
from background.held_slices import HeldSlices
from background.phases import Phases
from background.poller import Poller
from background.provisions import NO_PROVISIONS, Provisions
from background.run_lengths import MOST_SLICES, RunLengths
from background.slice_runner import REST_SECONDS, SliceRunner
from base.logging import log_for
from events.hub import Hub
from events.mailbox import StateLost
from events.messages import STOP_TOPIC
from jobs.outbox import Outbox
from jobs.scheduling.leases import RENEW_SECONDS, renew_leases
from jobs.scheduling.selection import UNLIMITED, Budget
from processors.contract import Enricher, ExecutorName
from storage.ports import Storage

log = log_for(__name__)


def worker_prefix(instance: str) -> str:
    """What the names of all workers of one installation (its data folder) begin with, over its restarts."""
    return f"{socket.gethostname()}:{sha256(instance.encode()).hexdigest()[:12]}:"


def worker_name(instance: str) -> str:
    """The name of this process as a worker."""
    return f"{worker_prefix(instance)}{os.getpid()}"


class Worker:
    """Does slices by its executors, those of each kind by the one that the kind names.

    While one slice is recorded, the slot that it was done in is used for the next. Children do runs of short slices;
    coroutines wait, so each does one, beside the others.
    """

    def __init__(
        self,
        name: str,
        executors: Mapping[ExecutorName, Executor],
        storage: Storage,
        outbox: Outbox,
        hub: Hub,
        budget: Budget = UNLIMITED,
        enrichers: Mapping[str, Enricher] | None = None,
        provisions: Provisions = NO_PROVISIONS,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self.name = name
        self._hub = hub
        self._files = CallFiles(storage)
        self._held = HeldSlices()
        numbers = count()
        self._pollers = [
            Poller(
                executor_name,
                executor.slots,
                SliceRunner(Phases(executor, self._files, outbox, enrichers, provisions), outbox, rest_seconds),
                self._held,
                outbox,
                budget,
                lambda: f"{name}#{next(numbers)}",
                RunLengths(MOST_SLICES if executor_name is ExecutorName.CHILD else 1),
            )
            for executor_name, executor in executors.items()
        ]
        self._works = 0
        self._has_stopped = asyncio.Event()

    @property
    def concurrency(self) -> int:
        """How many calls of `work` at the same time are of use; one more always finds what is free."""
        return sum(poller.most_loops for poller in self._pollers) + len(self._pollers) - 1

    async def stop(self) -> None:
        """Take nothing more, and give back what is being done."""
        self._held.stop_all()
        if self._works:
            await self._has_stopped.wait()

    async def work(self) -> None:
        """One wake-up: do slices until none is waiting, by all executors at the same time."""
        self._works += 1
        try:
            polls = [poller.poll() for poller in self._pollers]
            ends = await asyncio.gather(*polls, return_exceptions=True)
            for error in ends:
                if error is not None:
                    raise error
        finally:
            self._works -= 1
            if self._held.is_stopping and not self._works:
                self._has_stopped.set()

    async def renew(self, every_seconds: float = RENEW_SECONDS) -> None:
        """Hold on to what is being done, until cancelled; what is to be given up is stopped."""
        while True:
            await asyncio.sleep(every_seconds)
            await self._renew()

    async def listen_for_stops(self) -> None:
        """Stop the work of jobs that are cancelled or failed elsewhere, until cancelled itself."""
        with self._hub.listen(STOP_TOPIC) as mailbox:
            while True:
                try:
                    event = await mailbox.get()
                except StateLost:
                    await self._renew()  # finds what the missed events told
                else:
                    mailbox.forget(event.key)
                    self._held.stop([claim for claim in self._held.claims if claim.job.id == event.row["id"]])

    async def _renew(self) -> None:
        try:
            self._held.stop(await renew_leases(self._held.claims))
        except Exception:
            log.exception("could not renew leases")
