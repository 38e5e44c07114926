"""Messages between programs that share a Redis."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from redis.asyncio import Redis

from app.messaging import Messaging
from background.docket_queue import DocketQueue
from background.queue import DELIVERIES, WORK
from base.settings import Settings
from events.feed import Events
from events.hub import Hub
from events.redis_feed import tell_of_redis

REDIS_TIMEOUT_SECONDS = 5


@asynccontextmanager
async def opened_over_redis(settings: Settings, hub: Hub, events: Events) -> AsyncIterator[Messaging]:
    """As `opened_messaging`, through the Redis of the settings."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(
            Redis.from_url(
                settings.redis_url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
            )
        )
        await tell_of_redis(settings.redis_url)
        await stack.enter_async_context(events.running())
        work = await stack.enter_async_context(_opened_queue(settings, WORK))
        deliveries = await stack.enter_async_context(_opened_queue(settings, DELIVERIES))
        yield Messaging.over(hub, events, work, deliveries, redis)


@asynccontextmanager
async def _opened_queue(settings: Settings, kind: str) -> AsyncIterator[DocketQueue]:
    docket = DocketQueue.docket_at(settings.redis_url, settings.redis_prefix, kind)
    queue = DocketQueue(docket)
    async with docket:
        yield queue
