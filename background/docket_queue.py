"""Wake-ups between processes, carried by docket over Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from docket import Docket, ExecutionState, Worker
from docket.execution import Disposition

from background.queue import use_wake_up
from background.supervision import is_cancelled
from base.logging import log_for
from base.resilience import REDIS_TIMEOUT_SECONDS, Backoff, CircuitBreaker, retry

log = log_for(__name__)

_TASK = "work"
_WAKE_UP = "wake-up"
"""The one key under which a wake-up waits. Its record, the only one, counts generations: it outlives each by docket's
`execution_ttl`, without which a run that ends late would take the record of the next one along."""
_PAUSE = timedelta(seconds=1)
"""After a failure of Redis."""
_RESTART = Backoff()
_ALIVE_SECONDS = 60


class WorkerEnded(Exception):  # noqa: N818 (it reads as what happened)
    """Docket's worker ended though nobody told it to."""


class DocketQueue:
    """A docket on Redis streams.

    Args:
        docket: Carries the wake-ups; open while the queue is used.
        backoff: The pauses before docket's worker is started again after a failure.
        timeout_seconds: Redis has so long to take a wake-up; what it does not take waits for the next sweep.
    """

    def __init__(
        self, docket: Docket, backoff: Backoff = _RESTART, timeout_seconds: float = REDIS_TIMEOUT_SECONDS
    ) -> None:
        self._docket = docket
        self._backoff = backoff
        self._work: Callable[[], Awaitable[None]] | None = None
        self._breaker = CircuitBreaker(
            "the queue did not take a wake-up; the next sweep gives it",
            opens_on=TimeoutError,
            timeout_seconds=timeout_seconds,
            open_seconds=_PAUSE.total_seconds(),  # each wake-up that is left out may cost its job a whole sweep
        )
        docket.register(self._on_wake_up, names=[_TASK])

    @classmethod
    def docket_at(cls, redis_url: str, prefix: str, kind: str) -> Docket:
        """The docket to open (`async with`) and hand to the constructor, for one kind of wake-up.

        Its keys begin with `prefix`.
        """
        return Docket(name=f"{prefix}:{kind}", url=redis_url)

    async def send_wake_up(self) -> None:
        await self._breaker.call(self._wake_up, None)

    async def _wake_up(self) -> None:
        """Have one wake-up wait, however often it is given.

        While one waits, whoever takes it will find what was committed before this call. One that is being used may have
        looked already, so that it gets a successor beside it.
        """
        waiting = await self._docket.add(_TASK, key=_WAKE_UP)()
        if waiting.disposition is not Disposition.ALREADY_SCHEDULED:
            return
        await waiting.sync()
        if waiting.state is not ExecutionState.QUEUED:
            await self._docket.replace(_TASK, datetime.now(UTC), _WAKE_UP)()

    async def is_alive(self) -> bool:
        """Whether wake-ups can be given: a Redis that is full, or a replica, answers and takes none."""
        async with self._docket.redis() as redis:
            return bool(await redis.set(f"{self._docket.name}:alive", "", ex=_ALIVE_SECONDS))

    async def run(self, work: Callable[[], Awaitable[None]], concurrency: int) -> None:
        self._work = work
        await retry(
            partial(self._run_worker, concurrency),
            lambda error: isinstance(error, Exception),
            backoff=self._backoff,
            on_retry=lambda error, _: log.error("the queue failed; it is taken up again", exc_info=error),
        )

    async def _run_worker(self, concurrency: int) -> None:
        async with Worker(
            self._docket,
            concurrency=concurrency,
            minimum_check_interval=timedelta(milliseconds=100),
            redelivery_timeout=timedelta(seconds=30),
            reconnection_delay=_PAUSE,
        ) as worker:
            await worker.run_forever()
        if is_cancelled():  # docket then ends quietly
            raise asyncio.CancelledError
        raise WorkerEnded

    async def _on_wake_up(self) -> None:
        if self._work is not None:
            await use_wake_up(self._work)
