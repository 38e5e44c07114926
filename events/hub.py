"""The hub: topics to listeners, in memory; every process has one, and Redis, where it is used, only feeds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from events.mailbox import Mailbox
from events.messages import Event, is_order


class Listener(Protocol):
    """Whoever listens to topics; none of its methods waits.

    Attributes:
        listeners: Subscribers that its events go to.
    """

    listeners: int

    def put(self, event: Event) -> None:
        """Take `event` in."""

    def redeliver(self, event: Event) -> None:
        """Take `event` in if it was missed."""

    def lose(self) -> None:
        """Events were missed."""


class Hub:
    """Fans events out to the listeners of this process."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}

    @contextmanager
    def listen(self, *topics: str) -> Iterator[Mailbox]:
        """A mailbox for `topics`.

        Listen first, read the state then: what changes in between is in the mailbox.
        """
        mailbox = Mailbox()
        for topic in topics:
            self.add(topic, mailbox)
        try:
            yield mailbox
        finally:
            for topic in topics:
                self.remove(topic, mailbox)

    def add(self, topic: str, listener: Listener) -> None:
        """Have `listener` told at once of what happens to `topic`."""
        self._listeners.setdefault(topic, set()).add(listener)

    def remove(self, topic: str, listener: Listener) -> None:
        """Tell `listener` nothing more; it may be gone already."""
        listeners = self._listeners.get(topic, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(topic, None)

    def deliver(self, event: Event) -> None:
        """Hand `event` to everybody here who listens."""
        for topic in event.topics:
            for listener in tuple(self._listeners.get(topic, ())):
                listener.put(event)

    def redeliver(self, event: Event) -> None:
        """Hand `event`, a state that was read, to everybody here who listens and may have missed it."""
        for topic in event.topics:
            for listener in tuple(self._listeners.get(topic, ())):
                listener.redeliver(event)

    def deliver_loss(self) -> None:
        """Tell everybody here that events were missed."""
        for listener in {listener for listeners in self._listeners.values() for listener in listeners}:
            listener.lose()

    @property
    def topics(self) -> list[str]:
        """What somebody here listens to."""
        return list(self._listeners)

    @property
    def listener_count(self) -> int:
        """Who watches something; those who wait for orders to this process are not counted."""
        watched = (listeners for topic, listeners in self._listeners.items() if not is_order(topic))
        return sum(one.listeners for one in {one for listeners in watched for one in listeners})


class Publisher(Protocol):
    """How events leave after a commit; it never raises, since what happened has happened."""

    async def publish(self, *events: Event) -> None:
        """Tell everybody, in this order."""


class LocalPublisher:
    """One process: straight into its hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def publish(self, *events: Event) -> None:
        for event in events:
            self._hub.deliver(event)
