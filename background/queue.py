"""The queue: permissions to work, carried by docket; what is done for one is decided in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from docket import Docket, Worker
from redis.exceptions import RedisError

from base.logging import log_for

log = log_for(__name__)

WORK, DELIVERIES = "waybill", "waybill-deliveries"
"""Permissions to look for slices, and for what webhooks are to be told: nobody takes one for what they do not do."""
_TASK = "work"
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
    def docket_at(cls, redis_url: str, name: str = WORK) -> Docket:
        """The docket to open (`async with`) and hand to the constructor; one for each kind of permission."""
        return Docket(name=name, url=redis_url or "memory://")

    async def permit_work(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._docket.add(_TASK)()
        except (RedisError, OSError) as error:  # a timeout is an OSError
            log.warning("the queue did not take a permission; the next sweep gives it", reason=type(error).__name__)

    async def is_alive(self) -> bool:
        """Whether permissions can be given."""
        async with self._docket.redis() as redis:
            return await redis.exists(_TASK) >= 0

    async def run(self, work: Callable[[], Awaitable[None]], concurrency: int) -> None:
        self._work = work
        async with Worker(
            self._docket,
            concurrency=concurrency,
            minimum_check_interval=timedelta(milliseconds=100),
            redelivery_timeout=timedelta(seconds=30),
        ) as worker:
            await worker.run_forever()

    async def _permitted(self) -> None:
        if self._work is not None:
            await self._work()
