"""Asking a Redis that may be away or hang: for half a second, and for five not again once it did not answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import RedisError

from base.logging import log_for

log = log_for(__name__)

Found = TypeVar("Found")

_PATIENCE_SECONDS = 0.5
_REST_SECONDS = 5.0
"""Or whatever asks, one after the other, would wait for it each time."""


class Sparing:
    """Asks, and says in the log as `trouble` that it could not."""

    def __init__(self, trouble: str) -> None:
        self._trouble = trouble
        self._rests_until = 0.0

    async def ask(self, work: Callable[[], Awaitable[Found]], otherwise: Found) -> Found:
        """What `work` comes to, or `otherwise` where Redis does not answer."""
        if time.monotonic() < self._rests_until:
            return otherwise
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await work()
        except (RedisError, OSError) as error:  # a timeout is an OSError
            self._rests_until = time.monotonic() + _REST_SECONDS
            log.warning(self._trouble, reason=type(error).__name__)
            return otherwise
