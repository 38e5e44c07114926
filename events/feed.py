"""Feed of events: through Redis, else straight into the hub."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from base.errors import reason_of
from base.logging import log_for
from events.hub import Hub, LocalPublisher, Publisher
from events.redis_feed import RedisFeed

log = log_for(__name__)

_CONNECT_TIMEOUT_SECONDS = 5.0


async def tell_of_redis(redis_url: str) -> None:
    """Log a sentence where the Redis at this address does not answer at start; everything goes on without it."""
    try:
        async with Redis.from_url(
            redis_url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
        ) as redis:
            await redis.ping()
    except (RedisError, OSError) as error:
        reason = reason_of(error, redis_url)
        sentence = f"Redis cannot be used: check WAYBILL_REDIS_URL ({reason}). It is tried again and again."
        log.warning(sentence)


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
    feed = RedisFeed(redis_url, hub, prefix, *also)
    return Events(feed, feed.is_alive, feed)


async def _always() -> bool:
    return True
