"""Messages between programs, or within one that is alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from background.queue import LocalQueue, Queue
from base.redis import Redis
from base.settings import Settings
from events.feed import Events, open_events
from events.hub import Hub
from jobs.outbox import Outbox


@dataclass(frozen=True)
class Messaging:
    """How programs hear of each other: through Redis, or in process where a server is alone.

    Attributes:
        redis: For locks, counts and known queries that servers share; None where a server is alone.
    """

    hub: Hub
    events: Events
    work_queue: Queue
    delivery_queue: Queue
    outbox: Outbox
    redis: Redis | None

    @classmethod
    def over(cls, hub: Hub, events: Events, work: Queue, deliveries: Queue, redis: Redis | None = None) -> "Messaging":
        """With the outbox that sends over these."""
        outbox = Outbox(events.publisher, work.send_wake_up, deliveries.send_wake_up)
        return cls(hub, events, work, deliveries, outbox, redis)


@asynccontextmanager
async def opened_messaging(settings: Settings, *channels: str) -> AsyncIterator[Messaging]:
    """Events and queues, until the block is left; a Redis that is away is waited for while everything else goes on.

    Args:
        settings: Where Redis is, if there is one.
        channels: Of events that this program hears besides those that all hear.
    """
    hub = Hub()
    events = open_events(settings.redis_url, hub, settings.redis_prefix, *channels)
    if not settings.redis_url:
        yield Messaging.over(hub, events, LocalQueue(), LocalQueue())
        return
    from app.redis_messaging import opened_over_redis  # noqa: PLC0415  docket alone loads a thousand modules

    async with opened_over_redis(settings, hub, events) as messaging:
        yield messaging
