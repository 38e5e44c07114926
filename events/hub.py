"""The hub: topics to mailboxes, in memory; every process has one, and Redis, where it is used, only feeds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from events.mailbox import Mailbox
from events.messages import Event, is_order


class Hub:
    """Fans events out to the mailboxes of this process."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, set[Mailbox]] = {}

    @contextmanager
    def listen(self, *topics: str, interval: float = 0) -> Iterator[Mailbox]:
        """A mailbox for `topics`; progress is paced to one event per `interval` seconds and key.

        Listen first, read the state then: what changes in between is in the mailbox.
        """
        mailbox = Mailbox(interval)
        for topic in topics:
            self._mailboxes.setdefault(topic, set()).add(mailbox)
        try:
            yield mailbox
        finally:
            for topic in topics:
                listeners = self._mailboxes[topic]
                listeners.discard(mailbox)
                if not listeners:
                    del self._mailboxes[topic]

    def deliver(self, event: Event) -> None:
        """Hand `event` to everybody here who listens."""
        for topic in event.topics:
            for mailbox in self._mailboxes.get(topic, ()):
                mailbox.put(event)

    def redeliver(self, event: Event) -> None:
        """Hand `event`, a state that was read, to everybody here who listens and may have missed it."""
        for topic in event.topics:
            for mailbox in self._mailboxes.get(topic, ()):
                mailbox.redeliver(event)

    def deliver_loss(self) -> None:
        """Tell everybody here that events were missed."""
        for mailbox in {mailbox for mailboxes in self._mailboxes.values() for mailbox in mailboxes}:
            mailbox.lose()

    @property
    def topics(self) -> list[str]:
        """What somebody here listens to."""
        return list(self._mailboxes)

    @property
    def listener_count(self) -> int:
        """Who watches something; those who wait for orders to this process are not counted."""
        watched = (mailboxes for topic, mailboxes in self._mailboxes.items() if not is_order(topic))
        return sum(mailbox.listeners for mailbox in {mailbox for mailboxes in watched for mailbox in mailboxes})


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
