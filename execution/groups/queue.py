"""Bounded queue of one subscriber: the latest progress wins, and no status is dropped."""

from typing import NamedTuple

MAX_MESSAGES = 1_000
MAX_BYTES = 2**20
"""Of the messages in one queue, beyond the first; members of a group share the bytes of equal messages."""


class Message(NamedTuple):
    """The result for one change, in JSON.

    Attributes:
        payload: What all subscribers of a group are sent.
        key: What it is a state of; see `Change`.
        code: Of its first error, if there is one.
    """

    payload: bytes
    key: str = ""
    version: int = 0
    is_urgent: bool = True
    code: str | None = None


class MessageQueue:
    """Messages in order; progress that waits is replaced by whatever comes later of the same key."""

    __slots__ = ("_bytes", "_cells", "_max_bytes", "_max_messages", "_progress")

    def __init__(self, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._cells: list[list[Message]] = []  # a deque takes 0.7 KB, and most are empty as long as they live
        self._progress: dict[str, list[Message]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._cells)

    def put(self, message: Message) -> bool:
        """Take a message in; False, and nothing was taken, where there is no room for it."""
        cell = self._progress.get(message.key)
        grows = len(message.payload) - (len(cell[0].payload) if cell else 0)
        is_full = len(self._cells) >= self._max_messages and cell is None
        if is_full or (self._cells and self._bytes + grows > self._max_bytes):
            return False
        self._bytes += grows
        if cell is None:
            cell = [message]
            self._cells.append(cell)
        cell[0] = message
        if message.version and not message.is_urgent:
            self._progress[message.key] = cell
        else:
            self._progress.pop(message.key, None)
        return True

    def pop(self) -> Message:
        """The first message; IndexError where there is none."""
        cell = self._cells.pop(0)
        message = cell[0]
        self._bytes -= len(message.payload)
        if self._progress.get(message.key) is cell:
            del self._progress[message.key]
        return message

    def clear(self) -> None:
        self._cells.clear()
        self._progress.clear()
        self._bytes = 0
