"""The queue: permissions to work, carried by docket; what is done for one is decided in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from docket import Docket, Worker
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MasterDownError, OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from background.duties import is_cancelled
from base.logging import log_for
from models.database import is_unreachable

log = log_for(__name__)

WORK, DELIVERIES = "work", "deliveries"
"""Permissions to look for slices, and for what webhooks are to be told: nobody takes one for what they do not do."""
_TASK = "work"
_PAUSE = timedelta(seconds=1)
"""After a failure of Redis."""
_ALIVE_SECONDS = 60
_PATIENCE_SECONDS = 0.5
"""Who permits work has committed it already, and is not held up by a queue that hangs."""


class Queue(Protocol):
    """Carries permissions to work; a lost or doubled one does no harm."""

    async def permit_work(self) -> None:
        """Let some worker, on any machine, look for a waiting slice; never raises: the sweep permits it again."""

    async def run(self, work: Callable[[], Awaitable[None]], concurrency: int) -> None:
        """Call `work` for each permission, at most `concurrency` at a time, until cancelled."""


class DocketQueue:
    """A docket on Redis streams, or in memory for a single process (`memory://`)."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        self._work: Callable[[], Awaitable[None]] | None = None
        docket.register(self._permitted, names=[_TASK])

    @classmethod
    def docket_at(cls, redis_url: str, prefix: str, kind: str) -> Docket:
        """The docket to open (`async with`) and hand to the constructor, for one kind of permission.

        Its keys begin with `prefix`.
        """
        return Docket(name=f"{prefix}:{kind}", url=redis_url or "memory://")

    async def permit_work(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._docket.add(_TASK)()
        except (RedisError, OSError) as error:  # a timeout is an OSError
            log.warning("the queue did not take a permission; the next sweep gives it", reason=type(error).__name__)

    async def is_alive(self) -> bool:
        """Whether permissions can be given: a Redis that is full, or a replica, answers and takes none."""
        async with self._docket.redis() as redis:
            return bool(await redis.set(f"{self._docket.name}:alive", "", ex=_ALIVE_SECONDS))

    async def run(self, work: Callable[[], Awaitable[None]], concurrency: int) -> None:
        self._work = work
        while True:
            try:
                await self._run_once(concurrency)
            except Exception:
                log.exception("the queue failed; it is taken up again")
            if is_cancelled():  # docket then ends quietly
                raise asyncio.CancelledError
            await asyncio.sleep(_PAUSE.total_seconds())

    async def _run_once(self, concurrency: int) -> None:
        async with Worker(
            self._docket,
            concurrency=concurrency,
            minimum_check_interval=timedelta(milliseconds=100),
            redelivery_timeout=timedelta(seconds=30),
            reconnection_delay=_PAUSE,
        ) as worker:
            await worker.run_forever()

    async def _permitted(self) -> None:
        """One permission; where it cannot be used, the next sweep gives another."""
        if self._work is None:
            return
        try:
            await self._work()
        except Exception:
            log.exception("a permission could not be used; the next sweep gives another")


_AWAY = (
    RedisConnectionError,
    RedisTimeoutError,
    ConnectionError,
    # It answers, and takes nothing: it is full, or a replica.
    OutOfMemoryError,
    ReadOnlyError,
    MasterDownError,
)


def is_outage(error: BaseException) -> bool:
    """Whether the database or Redis is away, and the same may succeed later."""
    # Who waits for a stream is told UNBLOCKED when all streams are gone, or the Redis has become a replica.
    is_unblocked = isinstance(error, ResponseError) and str(error).startswith("UNBLOCKED")
    return is_unreachable(error) or isinstance(error, _AWAY) or is_unblocked
