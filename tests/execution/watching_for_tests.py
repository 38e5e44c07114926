"""A watch and an outlet that do what a test says."""

import asyncio
from collections.abc import AsyncGenerator, Hashable

from execution.groups.queue import Message
from execution.groups.watches import Change, Watch


class Told(Watch):
    """Tells what a test puts into it; its snapshot is the state that the test gave it."""

    def __init__(self, state: Change | None = None, scope: Hashable = "all") -> None:
        self.scope = scope
        self.state = state
        self.is_listening = False
        self.subscribers = 0
        self.refusal: Exception | None = None
        self.snapshots = 0
        self._changes: asyncio.Queue[Change | Exception | None] = asyncio.Queue()

    def listen(self) -> None:
        self.is_listening = True

    def leave(self) -> None:
        self.is_listening = False

    def count(self, subscribers: int) -> None:
        self.subscribers = subscribers

    async def snapshot(self) -> AsyncGenerator[Change, None]:
        assert self.is_listening or self.scope is not None
        await asyncio.sleep(0)
        self.snapshots += 1
        if self.refusal is not None:
            raise self.refusal
        if self.state is not None:
            yield self.state

    async def changes(self) -> AsyncGenerator[Change, None]:
        while (change := await self._changes.get()) is not None:
            if isinstance(change, Exception):
                raise change
            yield change

    def tell(self, *changes: Change | Exception | None) -> None:
        """What comes next; None is the end."""
        for change in changes:
            self._changes.put_nowait(change)


class Reader:
    """An outlet that takes what is written only while `reads`."""

    def __init__(self) -> None:
        self.reads = True
        self.received: list[bytes] = []

    @property
    def is_writable(self) -> bool:
        return self.reads

    def write(self, payload: bytes) -> None:
        assert self.reads
        self.received.append(payload)


class Executions:
    """Executes changes, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    async def render(self, change: Change) -> Message:
        self.count += 1
        await asyncio.sleep(0)
        return Message(str(change.value).encode(), change.key, change.version, change.is_urgent)


def state(version: int, *, key: str = "job", is_urgent: bool = True, is_last: bool = False) -> Change:
    """A state of one thing, whose value is its version."""
    return Change(f"{key}{version}", key, version, is_urgent, is_last)


async def settle() -> None:
    """Let everything happen that needs no time."""
    for _ in range(20):
        await asyncio.sleep(0)
