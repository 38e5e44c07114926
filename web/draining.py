"""Draining of a server that stops, and its shutdown hooks.

It begins nothing more; what it does is finished, or goes on at another one.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from base.errors import server_stops
from base.logging import log_for

log = log_for(__name__)

ShutdownHook = Callable[[], Coroutine[Any, Any, None]]
"""What is done when a server begins to drain."""


class Draining:
    """Whether this server drains, and what is done when that begins.

    Attributes:
        has_begun: Once and for good.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self._hooks: set[ShutdownHook] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Start all hooks."""
        self.has_begun = True
        while self._hooks:
            self._start(self._hooks.pop())

    def add(self, hook: ShutdownHook) -> None:
        """Have something done when it begins; at once where it has."""
        if self.has_begun:
            self._start(hook)
        else:
            self._hooks.add(hook)

    def remove(self, hook: ShutdownHook) -> None:
        """It is not needed any more."""
        self._hooks.discard(hook)

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

    def _start(self, hook: ShutdownHook) -> None:
        self._tasks.add(asyncio.create_task(_run(hook)))


async def _run(hook: ShutdownHook) -> None:
    try:
        await hook()
    except Exception:
        log.exception("not all could be handed over; others take it up later")
