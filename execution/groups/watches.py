"""Watch of a subscription: its snapshot, and its changes."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Hashable
from typing import Any, NamedTuple


class Change(NamedTuple):
    """One state of something that is watched.

    Attributes:
        value: The root value that the operation is executed on.
        key: What it is a state of.
        version: Grows with each state of one key; 0 where a later one does not replace an earlier one.
        is_urgent: Whether it must reach every subscriber; else a later state may take its place.
        is_last: Whether nothing comes after it.
    """

    value: Any
    key: str = ""
    version: int = 0
    is_urgent: bool = True
    is_last: bool = False


class Watch(ABC, AsyncIterable[Change]):
    """What one subscription asks for.

    Attributes:
        scope: Together with the operation it says what is seen; subscriptions of equal scopes see the same. None: it
            is shared with nobody.
    """

    scope: Hashable = None

    @abstractmethod
    def listen(self) -> None:
        """Begin to listen; what changes from now on is not missed."""

    @abstractmethod
    def leave(self) -> None:
        """Listen no longer; it may be so already."""

    @abstractmethod
    def count(self, subscribers: int) -> None:
        """Know how many subscribers its changes go to."""

    @abstractmethod
    def changes(self) -> AsyncGenerator[Change, None]:
        """The changes, from when `listen` was called."""

    def __aiter__(self) -> AsyncIterator[Change]:
        """As graphql-core wants it of what a subscription's resolver returns."""
        return self.changes()

    def expect(self, change: Change) -> None:
        """Know that a subscriber was sent `change` in its snapshot: what follows on it concerns them all."""

    def snapshot(self) -> AsyncGenerator[Change, None]:
        """The present state, where its subscriber may see it; read after listening has begun.

        Raises:
            Exception: What refuses this subscriber.
        """
        return _nothing()


async def _nothing() -> AsyncGenerator[Change, None]:
    return
    yield
