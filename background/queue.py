"""The queue of wake-ups: its port, and the queue within one process.

The database decides what is done for a wake-up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from base.loaded_errors import errors_of
from base.logging import log_for
from models.database import is_passing

log = log_for(__name__)

WORK, DELIVERIES = "work", "deliveries"
"""Wake-ups to look for slices, and for what webhooks are to be told: nobody takes one for what they do not do."""
Work = Callable[[], Awaitable[None]]


class Queue(Protocol):
    """Carries wake-ups; a lost or doubled one does no harm."""

    async def send_wake_up(self) -> None:
        """Let some worker, on any machine, look for a waiting slice; never raises: the sweep sends another."""

    async def run(self, work: Work, concurrency: int) -> None:
        """Call `work` for each wake-up, at most `concurrency` at a time, until cancelled; what it began then ends first."""

    async def is_alive(self) -> bool:
        """Whether wake-ups can be given."""


class LocalQueue:
    """Wake-ups within one process. One waits at most: whoever takes it sees what was committed before any of those given."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[None] = asyncio.Queue(maxsize=1)

    @property
    def is_waiting(self) -> bool:
        """Whether a wake-up has been given that nobody has taken."""
        return self._waiting.full()

    async def send_wake_up(self) -> None:
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait(None)

    async def run(self, work: Work, concurrency: int) -> None:
        free = asyncio.Semaphore(concurrency)
        begun: set[asyncio.Task[None]] = set()

        def end(task: asyncio.Task[None]) -> None:
            begun.discard(task)
            free.release()

        try:
            while True:
                await free.acquire()
                await self._waiting.get()
                task = asyncio.create_task(use_wake_up(work))
                begun.add(task)
                task.add_done_callback(end)
        finally:
            await asyncio.gather(*begun, return_exceptions=True)

    async def is_alive(self) -> bool:
        return True


async def use_wake_up(work: Work) -> None:
    """Call `work` once; where that fails, the next sweep gives another wake-up."""
    try:
        await work()
    except Exception:
        log.exception("a wake-up could not be used; the next sweep gives another")


def is_outage(error: BaseException) -> bool:
    """Whether the database or Redis is away or full, and the same may succeed later."""
    return is_passing(error) or isinstance(error, ConnectionError) or _is_outage_of_redis(error)


def _is_outage_of_redis(error: BaseException) -> bool:
    away = errors_of("redis.exceptions", "ConnectionError", "TimeoutError")
    # It answers, and takes nothing: it is full, or a replica.
    useless = errors_of("redis.exceptions", "OutOfMemoryError", "ReadOnlyError", "MasterDownError")
    # Who waits for a stream is told UNBLOCKED when all streams are gone, or the Redis has become a replica.
    is_unblocked = isinstance(error, errors_of("redis.exceptions", "ResponseError")) and str(error).startswith(
        "UNBLOCKED"
    )
    return isinstance(error, away + useless) or is_unblocked
