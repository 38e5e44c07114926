"""A worker: takes waiting slices, one per child process at a time, until there are none; and stops when told to."""

import asyncio
import os
import socket
from contextlib import suppress
from hashlib import sha256

from background.children import CallFailed, Children, ChildrenClosed
from background.phases import Phases
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import SlicePhase
from events.hub import Hub
from events.mailbox import StateLost
from events.messages import STOP_TOPIC
from jobs.outbox import Outbox
from jobs.slices import Claim, ClaimLost, claim_slice, record_failure, release_slice, renew_leases
from processors.contract import StageInfo
from processors.registry import find_processor
from storage.local import LocalStorage

log = log_for(__name__)

RENEW_SECONDS = 5.0


def worker_prefix(instance: str) -> str:
    """What the names of all workers of one installation (its data folder) begin with, over its restarts."""
    return f"{socket.gethostname()}:{sha256(instance.encode()).hexdigest()[:12]}:"


def worker_name(instance: str) -> str:
    """The name of this process as a worker."""
    return f"{worker_prefix(instance)}{os.getpid()}"


class Worker:
    """Does slices in child processes; what it holds is in `running`."""

    def __init__(self, name: str, children: Children, storage: LocalStorage, outbox: Outbox, hub: Hub) -> None:
        self.name = name
        self._outbox = outbox
        self._hub = hub
        self._phases = Phases(children, storage, outbox)
        self._running: dict[Claim, asyncio.Task[None]] = {}
        self._is_stopping = False

    async def stop(self) -> None:
        """Take nothing more, and give back what is being done."""
        self._is_stopping = True
        while self._running:
            for task in list(self._running.values()):
                task.cancel()
            await asyncio.sleep(0.01)

    async def work(self) -> None:
        """One permission: do slices until none is waiting. The first one found lets a colleague look, too."""
        is_first = True
        while not self._is_stopping and (claim := await self._claim()) is not None:
            if is_first:
                await self._outbox.permit_work()
                is_first = False
            await self._do(claim)

    async def renew(self) -> None:
        """Hold on to what is being done, until cancelled."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if self._running:
                try:
                    await renew_leases(list(self._running))
                except Exception:
                    log.exception("could not renew leases")

    async def obey(self) -> None:
        """Stop the work of jobs that are cancelled or failed elsewhere, until cancelled itself."""
        with self._hub.listen(STOP_TOPIC) as mailbox:
            while True:
                with suppress(StateLost):
                    event = await mailbox.get()
                    mailbox.forget(event.key)
                    for claim, task in list(self._running.items()):
                        if claim.job.id == event.row["id"]:
                            task.cancel()

    async def _claim(self) -> Claim | None:
        while True:
            try:
                return await claim_slice(self.name, _stages_of, self._outbox)
            except ClaimLost:
                continue

    async def _do(self, claim: Claim) -> None:
        task = asyncio.create_task(self._attempt(claim))
        self._running[claim] = task
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            await release_slice(claim, self._outbox)
            if _is_cancelled():
                raise
        finally:
            del self._running[claim]

    async def _attempt(self, claim: Claim) -> None:
        """Do the slice; every way in which that can end leaves the database in a state that goes on."""
        try:
            match claim.phase:
                case SlicePhase.PLAN:
                    await self._phases.plan(claim)
                case SlicePhase.PROCESS:
                    await self._phases.process(claim)
                case SlicePhase.FINISH:
                    await self._phases.finish(claim)
        except (ClaimLost, ChildrenClosed):
            await release_slice(claim, self._outbox)
        except Refusal as refusal:
            await record_failure(claim, refusal, self._outbox, is_retryable=False)
        except CallFailed as failure:
            await self._fail(claim, ErrorCode.PROCESSING_FAILED, failure.message)
        except Exception:
            log.exception("a slice failed", job=claim.job.id, phase=claim.phase)
            await self._fail(claim, ErrorCode.INTERNAL_ERROR, "The work failed because of an error in the server.")

    async def _fail(self, claim: Claim, code: ErrorCode, message: str) -> None:
        await record_failure(claim, Refusal(code, message), self._outbox, is_retryable=True)


def _is_cancelled() -> bool:
    """Whether somebody cancelled this very task, and not only the one that it waits for."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


def _stages_of(kind: str) -> tuple[StageInfo, StageInfo, StageInfo]:
    return find_processor(kind).stages
