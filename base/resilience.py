"""Retry with back-off, and a circuit breaker.

They stand before services that are away or hang.
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from base.logging import log_for
from base.redis import redis_failures

log = log_for(__name__)

Found = TypeVar("Found")
Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[Any]]

REDIS_TIMEOUT_SECONDS = 0.5
OPEN_SECONDS = 5.0
"""So long a service that failed is not asked, or whatever asks, one after the other, would wait for it each time."""


@dataclass(frozen=True)
class Backoff:
    """Exponential back-off with full jitter: before retry n at most `first_seconds` · 2ⁿ⁻¹, and never more than `max_seconds`.

    Attributes:
        min_seconds: The least pause, so that no retry follows at once.
    """

    first_seconds: float = 0.2
    max_seconds: float = 2.0
    min_seconds: float = 0.05


async def retry(
    work: Callable[[], Awaitable[Found]],
    is_passing: Callable[[BaseException], bool],
    *,
    deadline_seconds: float = math.inf,
    backoff: Backoff = Backoff(),
    on_retry: Callable[[BaseException, float], None] = lambda _error, _seconds: None,
    clock: Clock = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> Found:
    """Retry `work`, which may be done twice, with exponential back-off and jitter.

    Args:
        work: What is awaited anew each time.
        is_passing: Whether the same may succeed later.
        deadline_seconds: The last attempt begins then; 0 leaves one attempt, and none is broken off.
        backoff: The pauses.
        on_retry: Called before each pause with what failed and its seconds.
        clock: Seconds that only grow.
        sleep: Waits for so many seconds.

    Raises:
        Exception: What `work` raised last.
    """
    deadline = clock() + deadline_seconds
    try:
        return await work()  # nearly always: what comes below costs more than many a look into a database
    except BaseException as error:
        if not is_passing(error):
            raise
        failed = [error]

    async def attempt() -> Found:
        if failed:
            raise failed.pop()
        return await work()

    pause = wait_random_exponential(backoff.first_seconds, backoff.max_seconds, min=backoff.min_seconds)

    def report(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if error is not None:
            on_retry(error, state.upcoming_sleep)

    retrying = AsyncRetrying(
        retry=retry_if_exception(is_passing),
        wait=lambda state: min(pause(state), max(0.0, deadline - clock())),
        stop=lambda _: clock() >= deadline,
        before_sleep=report,
        sleep=sleep,
        reraise=True,
    )
    return await retrying(attempt)


def jittered(seconds: float, spread: float) -> float:
    """`seconds`, up to a fraction `spread` longer or shorter, so that many do not come at the same moment."""
    return seconds * random.uniform(1 - spread, 1 + spread)  # noqa: S311  no secret


class CircuitBreaker:
    """A circuit breaker before Redis: after a failure it is open, and Redis is not asked, for some seconds.

    Args:
        warning: The line of the log when Redis did not answer.
        opens_on: Failures that open it; others cost too little to leave Redis out.
        timeout_seconds: Redis has so long to answer.
        open_seconds: How long it stays open.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        warning: str,
        *,
        opens_on: type[BaseException] = BaseException,
        timeout_seconds: float = REDIS_TIMEOUT_SECONDS,
        open_seconds: float = OPEN_SECONDS,
        clock: Clock = time.monotonic,
    ) -> None:
        self._warning = warning
        self._opens_on = opens_on
        self._timeout_seconds = timeout_seconds
        self._open_seconds = open_seconds
        self._clock = clock
        self._open_until = -math.inf

    @property
    def is_open(self) -> bool:
        """Whether Redis is not asked now."""
        return self._clock() < self._open_until

    async def call(self, work: Callable[[], Awaitable[Found]], fallback: Found) -> Found:
        """What `work` comes to, or `fallback` where Redis does not answer or is not asked."""
        if self.is_open:
            return fallback
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await work()
        except redis_failures() as error:
            if isinstance(error, self._opens_on):
                self._open_until = self._clock() + self._open_seconds
            log.warning(self._warning, reason=type(error).__name__)
            return fallback
