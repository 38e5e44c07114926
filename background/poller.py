"""The poller of one executor: claims slices whenever a slot is free, and has them done."""

import asyncio
import time
from collections.abc import Callable
from functools import cached_property, partial

from background.held_slices import HeldSlices
from background.run_lengths import RunLengths
from background.slice_runner import SliceRunner
from background.supervision import is_cancelled
from jobs.outbox import Outbox
from jobs.scheduling.claims import LEASE_SECONDS, Claim, Stages, claim_slices
from jobs.scheduling.leases import release_run, undo_claim
from jobs.scheduling.selection import Budget
from models.database import is_passing, retry_while_away
from processors.contract import ExecutorName
from processors.registry import kinds_of

SLICES_PER_SLOT = 2
"""While a slot is used for one slice, the one before is recorded."""


class Slot:
    """The right to one call; a slice is claimed by who has one, so that none is taken and then left to wait."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._is_released = False

    def release(self) -> None:
        """Give it to the next, once; releasing again does nothing."""
        if not self._is_released:
            self._is_released = True
            self._slots.release()


class Poller:
    """Claims and does the slices of the kinds of one executor, which has `slots` of them.

    `next_claimant` makes a name for each claim, under which it can be undone; `run_lengths` tell how many slices that takes.
    """

    def __init__(
        self,
        name: ExecutorName,
        slots: int,
        runner: SliceRunner,
        held: HeldSlices,
        outbox: Outbox,
        budget: Budget,
        next_claimant: Callable[[], str],
        run_lengths: RunLengths,
    ) -> None:
        self.most_loops = SLICES_PER_SLOT * slots
        self._name = name
        self._runner = runner
        self._held = held
        self._outbox = outbox
        self._budget = budget
        self._next_claimant = next_claimant
        self._run_lengths = run_lengths
        self._slots = asyncio.Semaphore(slots)
        self._loops = 0
        self._is_woken = False

    @cached_property
    def stages(self) -> Stages:
        """What can be done here. Slices of a kind that is not installed here wait for a worker that has it."""
        return {kind.name: kind.phases for kind in kinds_of(self._name)}

    async def poll(self) -> None:
        """Do slices until none is waiting. The first one found lets a colleague look, too, and so does waiting for a slot.

        Where as many as are of use are at it already, one of them looks once more.
        """
        if not self.stages:
            return
        if self._loops >= self.most_loops:
            self._is_woken = True
            return
        self._loops += 1
        try:
            is_first = True
            while await self._do_next(is_first=is_first) or self._was_woken():
                is_first = False
        finally:
            self._loops -= 1

    def _was_woken(self) -> bool:
        is_woken, self._is_woken = self._is_woken, False
        return is_woken and not self._held.is_stopping

    async def _do_next(self, *, is_first: bool) -> bool:
        """Wait for a slot, and do the slice that is best then; False where there is none, or the worker stops."""
        if is_first and self._slots.locked():
            await self._outbox.wake_worker()  # or who has a free one would know nothing of it before the next sweep
        await self._slots.acquire()
        slot = Slot(self._slots)
        try:
            if self._held.is_stopping or (claim := await self._claim()) is None:
                return False
            await self._do(claim, slot, is_first=is_first)
        finally:
            slot.release()
        return True

    async def _claim(self) -> Claim | None:
        """As `claim_slices`; a claim that arrives when nobody waits for it any more is given back."""
        claiming = asyncio.ensure_future(self._claim_as(self._next_claimant()))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            if (claim := await claiming) is not None:
                await release_run(claim, self._outbox)
            raise

    async def _claim_as(self, claimant: str) -> Claim | None:
        """As `claim_slices`; where the database went away, what it may have committed without an answer is undone."""
        try:
            length_for = self._run_lengths.length_for
            return await claim_slices(claimant, self.stages, self._outbox, self._budget, length_for)
        except Exception as error:
            if is_passing(error):
                await retry_while_away(partial(undo_claim, claimant, self._outbox), LEASE_SECONDS)
            raise

    async def _do(self, claim: Claim, slot: Slot, *, is_first: bool) -> None:
        began_at = time.monotonic()

        def on_computed() -> None:
            self._run_lengths.learn(claim, time.monotonic() - began_at)
            slot.release()

        task = asyncio.create_task(self._runner.run(claim, on_computed))
        with self._held.holding(claim, task):
            try:
                if is_first:
                    await self._outbox.wake_worker()
                await task
            except asyncio.CancelledError:
                task.cancel()
                await asyncio.wait([task])
                await release_run(claim, self._outbox)
                if is_cancelled():
                    raise
