"""Which way events go: through Redis where there is one, else straight into the hub of this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from events.hub import Hub, LocalPublisher, Publisher
from events.redis_feed import RedisFeed

_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Events:
    """How to publish, and what must run while events are wanted."""

    publisher: Publisher
    is_alive: Callable[[], Coroutine[Any, Any, bool]]
    feed: RedisFeed | None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Feed the hub while the block lasts; waits at most 5 s for the first connection, and goes on without it."""
        if self.feed is None:
            yield
            return
        task = asyncio.create_task(self.feed.listen())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self.feed.wait_until_listening()
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.feed.close()


def open_events(redis_url: str, hub: Hub, prefix: str) -> Events:
    """The way for this process; nothing is connected before `running`. `prefix` keeps installations on one Redis apart."""
    if not redis_url:
        return Events(LocalPublisher(hub), _always, None)
    feed = RedisFeed(redis_url, hub, prefix)
    return Events(feed, feed.is_alive, feed)


async def _always() -> bool:
    return True
