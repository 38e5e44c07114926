"""Feed of events: through Redis, else straight into the hub."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from events.hub import Hub, LocalPublisher, Publisher

_CONNECT_TIMEOUT_SECONDS = 5.0


class Feed(Protocol):
    """Brings what other processes publish into the hub."""

    async def listen(self) -> None:
        """Feed the hub until cancelled."""

    async def wait_until_listening(self) -> None:
        """Returns once events arrive."""

    async def close(self) -> None:
        """Let go of the connections."""


@dataclass(frozen=True)
class Events:
    """How to publish, and what must run while events are wanted."""

    publisher: Publisher
    is_alive: Callable[[], Coroutine[Any, Any, bool]]
    feed: Feed | None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Feed the hub while the block lasts; waits at most 5 s for the first connection, and goes on without it."""
        if self.feed is None:
            yield
            return
        task = asyncio.create_task(self.feed.listen())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CONNECT_TIMEOUT_SECONDS):
                    await self.feed.wait_until_listening()
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.feed.close()


def open_events(redis_url: str, hub: Hub, prefix: str, *also: str) -> Events:
    """The way for this process; nothing is connected before `running`. `prefix` keeps installations on one Redis apart.

    Events of the channels `also`, which only some processes listen to, come into the hub, too.
    """
    if not redis_url:
        return Events(LocalPublisher(hub), _always, None)
    from events.redis_feed import RedisFeed  # noqa: PLC0415  a server that is alone needs no client of Redis

    feed = RedisFeed(redis_url, hub, prefix, *also)
    return Events(feed, feed.is_alive, feed)


async def _always() -> bool:
    return True
