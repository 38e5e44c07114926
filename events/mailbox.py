"""One subscriber's mailbox: bounded, paced, the latest state wins, and no change of status is lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

from base.light_event import LightEvent
from events.messages import Event, Stamp

CAPACITY = 1_000
"""Events that one mailbox holds; beyond it the subscriber is told to read its state anew instead."""
FORGOTTEN = 4_000

_CATCH_UP = 0.5
"""By so much of its interval an event may be sooner because the one before it was late."""


class StateLost(Exception):  # noqa: N818  it is a message, not an error
    """Events were missed (a full mailbox, a lost connection): read the present state, then go on listening."""


@dataclass(eq=False)
class Mailbox:
    """Holds events until they are due.

    A change of status is due at once. Progress of one key is due `interval` seconds after the last delivery of that
    key, or sooner by what that one was late, and later progress replaces earlier progress that is still waiting. An
    event whose version is not above what was delivered before is dropped.

    Attributes:
        listeners: Subscribers that its events go to.
        most_forgotten: Keys that are forgotten of which the version is still known; of more, the longest forgotten go.
        is_urgent: Whether the event that was got last was more than progress.
    """

    interval: float = 0
    listeners: int = 1
    most_forgotten: int = FORGOTTEN
    is_urgent: bool = False
    began_at: float = field(default_factory=time.time)
    _waiting: list[tuple[Event, bool]] = field(default_factory=list)
    _delivered: dict[str, tuple[Stamp, float]] = field(default_factory=dict)
    _forgotten: dict[str, int] = field(default_factory=dict)
    _has_lost: bool = False
    _arrived: LightEvent = field(default_factory=LightEvent)

    def put(self, event: Event) -> None:
        """Take `event` in; never waits."""
        key, stamp = event.key, event.stamp
        place = next((i for i in reversed(range(len(self._waiting))) if self._waiting[i][0].key == key), None)
        earlier = self._waiting[place][0].stamp if place is not None else self._last(key)
        known = earlier.version if earlier is not None else self._forgotten.get(key, 0)
        if stamp.version and stamp.version <= known:
            return
        is_urgent = earlier is None or stamp.urgent != earlier.urgent
        if place is not None and not (is_urgent and self._waiting[place][1]):
            self._waiting[place] = (event, is_urgent or self._waiting[place][1])
        elif len(self._waiting) >= CAPACITY:
            self.lose()
        else:
            self._waiting.append((event, is_urgent))
        self._arrived.set()

    def redeliver(self, event: Event) -> None:
        """Take `event` in if it was missed: of what was never told here, only what changed since listening began."""
        is_known = event.key in self._delivered or event.key in self._forgotten
        if is_known or event.row["updated_at"] >= self.began_at:
            self.put(event)

    def lose(self) -> None:
        """Forget what waits and have the subscriber read the state anew."""
        self._waiting.clear()
        self._has_lost = True
        self._arrived.set()

    def seen(self, event: Event) -> None:
        """The subscriber got `event`'s state by another road (its snapshot): nothing older is delivered any more."""
        self._delivered[event.key] = (event.stamp, time.monotonic())
        self._waiting = [
            entry for entry in self._waiting if entry[0].key != event.key or entry[0].version > event.version
        ]

    def expect(self, key: str) -> None:
        """Somebody who listens here knows of `key` by another road: what is redelivered of it may have been missed."""
        if key not in self._delivered and key not in self._forgotten:
            self._remember(key, 0)

    def forget(self, key: str) -> None:
        """Nothing more is awaited for `key`: what comes is told as if it were the first, unless it is a late one."""
        last = self._delivered.pop(key, None)
        if last is not None:
            self._remember(key, last[0].version)

    def _remember(self, key: str, version: int) -> None:
        self._forgotten.pop(key, None)
        self._forgotten[key] = version
        if len(self._forgotten) > self.most_forgotten:
            del self._forgotten[next(iter(self._forgotten))]

    async def get(self) -> Event:
        """The next event that is due.

        Raises:
            StateLost: Once after events were missed.
        """
        while True:
            if self._has_lost:
                self._has_lost = False
                raise StateLost
            moment = time.monotonic()
            for place, (event, is_urgent) in enumerate(self._waiting):
                due = self._due(event)
                if is_urgent or moment >= due:
                    del self._waiting[place]
                    if event.version:
                        # What timers and the loop were late does not add up.
                        paced_at = moment if is_urgent else max(due, moment - self.interval * _CATCH_UP)
                        self._delivered[event.key] = (event.stamp, paced_at)
                    self.is_urgent = is_urgent
                    return event
            await self._wait(moment)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events()

    async def _events(self) -> AsyncIterator[Event]:
        while True:
            yield await self.get()

    async def _wait(self, moment: float) -> None:
        self._arrived.clear()
        if not self._waiting:
            await self._arrived.wait()
            return
        timeout = min(self._due(event) for event, _ in self._waiting) - moment
        with suppress(TimeoutError):
            async with asyncio.timeout(max(timeout, 0)):
                await self._arrived.wait()

    def _due(self, event: Event) -> float:
        last = self._delivered.get(event.key)
        return last[1] + self.interval if last else 0

    def _last(self, key: str) -> Stamp | None:
        last = self._delivered.get(key)
        return last[0] if last else None
