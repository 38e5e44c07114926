"""The runner of claimed slices: every way in which one can end leaves the database in a state that goes on."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from background.calls.failures import CallFailed, DiskFull, ExecutorClosed
from background.phases import Phases
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import SlicePhase, WaitReason
from jobs.outbox import Outbox
from jobs.recording.outcomes import record_failure, record_pause, record_question, record_skip
from jobs.scheduling.claims import LEASE_SECONDS, Claim, ClaimLost, check_claim, count_crashes
from jobs.scheduling.leases import MAX_CRASHES, release_run
from jobs.scheduling.parking import park_slice
from models.database import is_out_of_space, is_unreachable, retry_while_away
from processors.contract import NeedsInput, PauseJob, SkipJob
from storage.disk_space import is_disk_full

log = log_for(__name__)

REST_SECONDS = 1.0
"""A slot of an executor rests so long after it has met a full disk."""


def is_full(error: BaseException) -> bool:
    """Whether a child, this process or the database had no room on its disk."""
    return isinstance(error, DiskFull) or is_disk_full(error) or is_out_of_space(error)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a slice fails its job."""

    refusal: Refusal
    is_retryable: bool


class SliceRunner:
    """Does slices by `phases`, and records or gives back those that do not end well."""

    def __init__(self, phases: Phases, outbox: Outbox, rest_seconds: float = REST_SECONDS) -> None:
        self._phases = phases
        self._outbox = outbox
        self._rest_seconds = rest_seconds

    async def run(self, claim: Claim, on_computed: Callable[[], None]) -> None:
        """Do the slice of `claim`; `on_computed` is called when it needs its executor no more."""
        try:
            if (failure := await self._perform(claim, on_computed)) is not None:
                await record_failure(claim, failure.refusal, self._outbox, is_retryable=failure.is_retryable)
        except (ClaimLost, ExecutorClosed):
            await self._release(claim)
        except Exception as error:
            if is_full(error):
                log.warning("a slice waits for room on the disk", job=claim.job.id, phase=claim.phase)
            else:
                log.exception("a slice failed", job=claim.job.id, phase=claim.phase)
            await self._try_again(claim, error)

    async def _perform(self, claim: Claim, on_computed: Callable[[], None]) -> _Failure | None:
        await check_claim(
            claim
        )  # it may have been stopped after it was made, and before `listen_for_stops` could find it
        try:
            match claim.phase:
                case SlicePhase.PLAN:
                    await self._phases.plan(claim, on_computed)
                case SlicePhase.PROCESS:
                    await self._phases.process(claim, on_computed)
                case SlicePhase.FINISH:
                    await self._phases.finish(claim, on_computed)
        except Refusal as refusal:
            return _Failure(refusal, is_retryable=refusal.retry_after is not None)
        except NeedsInput as question:
            await record_question(claim, question, self._outbox)
        except PauseJob as pause:
            await record_pause(claim, pause, self._outbox)
        except SkipJob as skip:
            await record_skip(claim, skip, self._outbox)
        except CallFailed as failure:
            return _Failure(Refusal(failure.code, failure.message), is_retryable=True)
        return None

    async def _release(self, claim: Claim) -> None:
        """Release the slice, as soon as the database is there; when that takes too long the lease ends by itself."""
        await retry_while_away(partial(release_run, claim, self._outbox), LEASE_SECONDS)

    async def _park(self, claim: Claim) -> None:
        """Have the job wait for room; a database that is full itself takes the note when it has some.

        The child stays taken for a moment, so that many jobs do not try a full disk one right after the other.
        """
        await retry_while_away(partial(park_slice, claim, WaitReason.DISK_FULL, self._outbox), math.inf)
        await asyncio.sleep(self._rest_seconds)

    async def _try_again(self, claim: Claim, error: Exception) -> None:
        """An error of the server is not the job's, unless it stays; a full disk, or a database that was away, never is."""
        if is_full(error):
            await self._park(claim)
        elif is_unreachable(error):
            await self._release(claim)
        elif await count_crashes(claim) + 1 < MAX_CRASHES:
            await release_run(claim, self._outbox, is_crash=True)
        else:
            refusal = Refusal(ErrorCode.INTERNAL_ERROR, "The work failed because of an error in the server.")
            await record_failure(claim, refusal, self._outbox, is_retryable=True)
