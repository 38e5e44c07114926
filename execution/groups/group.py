"""Group of equal subscriptions: one execution for each change, the same bytes to all."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing
from contextvars import Context

from execution.groups.subscriber import Render, Subscriber
from execution.groups.watches import Change, Watch

_SENDS_AT_ONCE = 500
"""Subscribers that are sent a message before others of the event loop have their turn."""


class Group:
    """Subscribers of one watch: it listens, and is in `groups`, from the first of them until the last has left or nothing more comes."""

    def __init__(self, watch: Watch, render: Render, groups: "dict[Hashable, Group]", key: Hashable) -> None:
        self._watch = watch
        self._render = render
        self._groups, self._key = groups, key
        self._subscribers: dict[Subscriber, None] = {}
        groups[key] = self
        watch.listen()
        # In a context of its own: it runs for all of them, not for the request of the first.
        self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    def add(self, subscriber: Subscriber) -> None:
        self._subscribers[subscriber] = None
        self._watch.count(len(self._subscribers))

    def remove(self, subscriber: Subscriber) -> None:
        del self._subscribers[subscriber]
        self._watch.count(len(self._subscribers))
        if not self._subscribers:
            self._close()
            self._task.cancel()

    async def snapshot(self, watch: Watch) -> AsyncGenerator[Change, None]:
        """The snapshot of one subscriber, of which the group takes note."""
        async with aclosing(watch.snapshot()) as changes:
            async for change in changes:
                self._watch.expect(change)
                yield change

    async def _run(self) -> None:
        error: BaseException | None = None
        try:
            async with aclosing(self._watch.changes()) as changes:
                async for change in changes:
                    await self._tell(change)
                    del change  # which would stay until the next one comes
        except Exception as raised:  # noqa: BLE001  whatever it is, it ends each of them
            error = raised
        self._close()
        for subscriber in self._subscribers:
            subscriber.end(error)

    async def _tell(self, change: Change) -> None:
        if not any(subscriber.wants(change) for subscriber in self._subscribers):
            return
        message = await self._render(change)
        for number, subscriber in enumerate(tuple(self._subscribers), 1):
            if subscriber in self._subscribers:
                subscriber.offer(message)
            if number % _SENDS_AT_ONCE == 0:
                await asyncio.sleep(0)
        if self._watch.scope is None:
            for subscriber in tuple(self._subscribers):
                await subscriber.drain()

    def _close(self) -> None:
        self._watch.leave()
        if self._groups.get(self._key) is self:
            del self._groups[self._key]


class Groups:
    """All groups of a process, each found by what its subscriptions have in common."""

    def __init__(self) -> None:
        self._groups: dict[Hashable, Group] = {}

    async def serve(
        self,
        key: Hashable,
        watch: Watch,
        subscriber: Subscriber,
        own_render: Render,
        shared_render: Callable[[], Render],
    ) -> None:
        """Serve a subscriber in the group of its key, until its end.

        Args:
            key: What equal subscriptions have in common, beside the scope of their watch.
            watch: What this one asks for.
            subscriber: Whom to send to.
            own_render: Executes the operation for this subscriber alone: its snapshot.
            shared_render: Makes what executes it for all of the group, where there is none yet.

        Raises:
            SlowReaderError: The connection does not read.
            Exception: What refuses the subscriber, or ended the group.
        """
        key = key, watch.scope if watch.scope is not None else object()
        group = self._groups.get(key) or Group(watch, shared_render(), self._groups, key)
        group.add(subscriber)
        try:
            await subscriber.serve(lambda: group.snapshot(watch), own_render)
        finally:
            group.remove(subscriber)
