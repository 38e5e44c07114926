"""A server that is told to stop: it begins nothing more, and what it does is finished, or goes on at another one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from base.errors import server_stops
from base.logging import log_for

log = log_for(__name__)

Farewell = Callable[[], Coroutine[Any, Any, None]]
"""What is done when a server begins to drain."""


class Draining:
    """Whether this server drains, and what is done when that begins.

    Attributes:
        has_begun: Once and for good.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self._farewells: set[Farewell] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Begin all farewells."""
        self.has_begun = True
        while self._farewells:
            self._start(self._farewells.pop())

    def add(self, farewell: Farewell) -> None:
        """Have something done when it begins; at once where it has."""
        if self.has_begun:
            self._start(farewell)
        else:
            self._farewells.add(farewell)

    def remove(self, farewell: Farewell) -> None:
        """It is not needed any more."""
        self._farewells.discard(farewell)

    async def wait(self, seconds: float | None) -> None:
        """Until all that was begun is done, or so many seconds are over."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def check(self) -> None:
        """Refuse what should begin at another server.

        Raises:
            Refusal: SERVICE_UNAVAILABLE while this one drains.
        """
        if self.has_begun:
            raise server_stops()

    def _start(self, farewell: Farewell) -> None:
        self._tasks.add(asyncio.create_task(_say(farewell)))


async def _say(farewell: Farewell) -> None:
    try:
        await farewell()
    except Exception:
        log.exception("not all could be handed over; others take it up later")
