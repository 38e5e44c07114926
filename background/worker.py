"""A worker: takes waiting slices, one per child process at a time, until there are none; and stops when told to."""

import asyncio
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from itertools import count

from background.children import CallFailed, Children, ChildrenClosed
from background.duties import is_cancelled
from background.phases import Phases
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import SlicePhase
from events.hub import Hub
from events.mailbox import StateLost
from events.messages import STOP_TOPIC
from jobs.choosing import UNLIMITED, Budget
from jobs.claims import (
    LEASE_SECONDS,
    MAX_CRASHES,
    Claim,
    ClaimLost,
    Stages,
    check_claim,
    claim_slice,
    release_slice,
    renew_leases,
    undo_claim,
)
from jobs.outbox import Outbox
from jobs.records import record_failure, record_question
from models.database import is_unreachable, once_reachable
from processors.contract import NeedsInput
from processors.registry import list_processors
from storage.local import LocalStorage

log = log_for(__name__)

RENEW_SECONDS = 5.0


def worker_prefix(instance: str) -> str:
    """What the names of all workers of one installation (its data folder) begin with, over its restarts."""
    return f"{socket.gethostname()}:{sha256(instance.encode()).hexdigest()[:12]}:"


def worker_name(instance: str) -> str:
    """The name of this process as a worker."""
    return f"{worker_prefix(instance)}{os.getpid()}"


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a slice fails its job."""

    refusal: Refusal
    is_retryable: bool


class Seat:
    """The right to one child process; a slice is claimed by who has one, so that none is taken and then left to wait."""

    def __init__(self, seats: asyncio.Semaphore) -> None:
        self._seats = seats
        self._is_left = False

    def leave(self) -> None:
        """Give it to the next, once; leaving again does nothing."""
        if not self._is_left:
            self._is_left = True
            self._seats.release()


class Worker:
    """Does slices in child processes; what it holds is in `_running`.

    While one slice is recorded, the child that did it works on the next.
    """

    def __init__(
        self, name: str, children: Children, storage: LocalStorage, outbox: Outbox, hub: Hub, budget: Budget = UNLIMITED
    ) -> None:
        self.name = name
        self._outbox = outbox
        self._hub = hub
        self._budget = budget
        self._phases = Phases(children, storage, outbox)
        self._seats = asyncio.Semaphore(children.count)
        self._running: dict[Claim, asyncio.Task[None]] = {}
        self._marks = count()
        self._works = 0
        self._has_stopped = asyncio.Event()
        self._is_stopping = False

    @cached_property
    def _stages(self) -> Stages:
        """What this process can do. Slices of a kind that is not installed here wait for a worker that has it."""
        return {processor.kind: processor.stages for processor in list_processors()}

    async def stop(self) -> None:
        """Take nothing more, and give back what is being done."""
        self._is_stopping = True
        for task in self._running.values():
            task.cancel()
        if self._works:
            await self._has_stopped.wait()

    async def work(self) -> None:
        """One permission: do slices until none is waiting. The first one found lets a colleague look, too."""
        self._works += 1
        try:
            await self._work()
        finally:
            self._works -= 1
            if self._is_stopping and not self._works:
                self._has_stopped.set()

    async def renew(self) -> None:
        """Hold on to what is being done, until cancelled; what is to be given up is stopped."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self._renew()

    async def obey(self) -> None:
        """Stop the work of jobs that are cancelled or failed elsewhere, until cancelled itself."""
        with self._hub.listen(STOP_TOPIC) as mailbox:
            while True:
                try:
                    event = await mailbox.get()
                except StateLost:
                    await self._renew()  # finds what the missed events told
                else:
                    mailbox.forget(event.key)
                    self._stop_claims([claim for claim in self._running if claim.job.id == event.row["id"]])

    async def _renew(self) -> None:
        try:
            self._stop_claims(await renew_leases(list(self._running)))
        except Exception:
            log.exception("could not renew leases")

    def _stop_claims(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            if task := self._running.get(claim):
                task.cancel()

    async def _work(self) -> None:
        is_first = True
        while await self._take_one(is_first=is_first):
            is_first = False

    async def _take_one(self, *, is_first: bool) -> bool:
        """Wait for a child, and do the slice that is best then; False where there is none, or the worker stops."""
        await self._seats.acquire()
        seat = Seat(self._seats)
        try:
            if self._is_stopping or (claim := await self._claim()) is None:
                return False
            await self._do(claim, seat, is_first=is_first)
        finally:
            seat.leave()
        return True

    async def _claim(self) -> Claim | None:
        """As `claim_slice`; a claim that arrives when nobody waits for it any more is given back."""
        claiming = asyncio.ensure_future(self._claim_as(f"{self.name}#{next(self._marks)}"))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            if (claim := await claiming) is not None:
                await release_slice(claim, self._outbox)
            raise

    async def _claim_as(self, mark: str) -> Claim | None:
        """As `claim_slice`; where the database went away, what it may have committed without an answer is undone."""
        try:
            return await claim_slice(mark, self._stages, self._outbox, self._budget)
        except Exception as error:
            if is_unreachable(error):
                await once_reachable(partial(undo_claim, mark, self._outbox), LEASE_SECONDS)
            raise

    async def _do(self, claim: Claim, seat: Seat, *, is_first: bool) -> None:
        task = asyncio.create_task(self._attempt(claim, seat))
        self._running[claim] = task
        if self._is_stopping:
            task.cancel()
        try:
            if is_first:
                await self._outbox.permit_work()
            await task
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            await release_slice(claim, self._outbox)
            if is_cancelled():
                raise
        finally:
            del self._running[claim]

    async def _attempt(self, claim: Claim, seat: Seat) -> None:
        """Do the slice; every way in which that can end leaves the database in a state that goes on."""
        try:
            if (failure := await self._perform(claim, seat)) is not None:
                await record_failure(claim, failure.refusal, self._outbox, is_retryable=failure.is_retryable)
        except (ClaimLost, ChildrenClosed):
            await self._give_back(claim)
        except Exception as error:
            log.exception("a slice failed", job=claim.job.id, phase=claim.phase)
            await self._try_again(claim, error)

    async def _perform(self, claim: Claim, seat: Seat) -> _Failure | None:
        await check_claim(claim)  # it may have been stopped after it was made, and before `obey` could find it
        try:
            match claim.phase:
                case SlicePhase.PLAN:
                    await self._phases.plan(claim, seat.leave)
                case SlicePhase.PROCESS:
                    await self._phases.process(claim, seat.leave)
                case SlicePhase.FINISH:
                    await self._phases.finish(claim, seat.leave)
        except Refusal as refusal:
            return _Failure(refusal, is_retryable=False)
        except NeedsInput as question:
            await record_question(claim, question, self._outbox)
        except CallFailed as failure:
            return _Failure(Refusal(ErrorCode.PROCESSING_FAILED, failure.message), is_retryable=True)
        return None

    async def _give_back(self, claim: Claim) -> None:
        """Release the slice, as soon as the database is there; when that takes too long the lease ends by itself."""
        await once_reachable(partial(release_slice, claim, self._outbox), LEASE_SECONDS)

    async def _try_again(self, claim: Claim, error: Exception) -> None:
        """An error of the server (the disk is full) is not the job's, unless it stays; a database that was away never is."""
        if is_unreachable(error):
            await self._give_back(claim)
        elif claim.crash_count + 1 < MAX_CRASHES:
            await release_slice(claim, self._outbox, is_crash=True)
        else:
            refusal = Refusal(ErrorCode.INTERNAL_ERROR, "The work failed because of an error in the server.")
            await record_failure(claim, refusal, self._outbox, is_retryable=True)
