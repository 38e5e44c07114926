"""Connections of a program: the database, and what carries messages between programs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from background.queue import DELIVERIES, WORK, DocketQueue
from base.errors import translate_errors
from base.settings import Settings
from events.feed import Events, open_events, tell_of_redis
from events.hub import Hub
from jobs.outbox import Outbox
from models.database import DATABASE_TROUBLE, close_database
from models.migrating import open_database

REDIS_TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class Messaging:
    """How programs hear of each other: through Redis, or in process where a server is alone.

    Attributes:
        redis: For locks, counts and known queries that servers share; None where a server is alone.
    """

    hub: Hub
    events: Events
    work_queue: DocketQueue
    delivery_queue: DocketQueue
    outbox: Outbox
    redis: Redis | None


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[None]:
    """The database, until the block is left.

    Raises:
        Refusal: SERVICE_UNAVAILABLE with a sentence for the operator.
    """
    with translate_errors(DATABASE_TROUBLE, settings.database_url):
        await open_database(settings.database_url, settings.data_dir)
    try:
        yield
    finally:
        await close_database()


@asynccontextmanager
async def opened_messaging(settings: Settings, *channels: str) -> AsyncIterator[Messaging]:
    """Events and queues, until the block is left; a Redis that is away is waited for while everything else goes on.

    Args:
        settings: Where Redis is, if there is one.
        channels: Of events that this program hears besides those that all hear.
    """
    hub = Hub()
    events = open_events(settings.redis_url, hub, settings.redis_prefix, *channels)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(_shared_redis(settings.redis_url))
        if settings.redis_url:
            await tell_of_redis(settings.redis_url)
        await stack.enter_async_context(events.running())
        work_queue = await stack.enter_async_context(_opened_queue(settings, WORK))
        delivery_queue = await stack.enter_async_context(_opened_queue(settings, DELIVERIES))
        outbox = Outbox(events.publisher, work_queue.send_wake_up, delivery_queue.send_wake_up)
        yield Messaging(hub, events, work_queue, delivery_queue, outbox, redis)


@asynccontextmanager
async def _opened_queue(settings: Settings, kind: str) -> AsyncIterator[DocketQueue]:
    docket = DocketQueue.docket_at(settings.redis_url, settings.redis_prefix, kind)
    queue = DocketQueue(docket)
    async with docket:
        yield queue


@asynccontextmanager
async def _shared_redis(redis_url: str) -> AsyncIterator[Redis | None]:
    if not redis_url:
        yield None
        return
    async with Redis.from_url(
        redis_url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
    ) as redis:
        yield redis
