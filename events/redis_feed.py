"""Several processes: events go to Redis, and one connection per process feeds its hub."""

import asyncio

from redis.asyncio import Redis
from redis.exceptions import RedisError

from base.logging import log_for
from events.hub import Hub
from events.messages import Event

log = log_for(__name__)

_SILENCE_SECONDS = 15.0
"""After so long without a message the connection is asked whether it still lives."""


class RedisFeed:
    """Publishes to Redis pub/sub and feeds the hub from it; events come back to their own process the same way."""

    def __init__(self, url: str, hub: Hub, prefix: str = "waybill") -> None:
        self._redis = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
        self._hub = hub
        self._channel = f"{prefix}:events"
        self._is_listening = asyncio.Event()

    async def publish(self, *events: Event) -> None:
        """Tell every process; when Redis cannot be reached, at least this one."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for event in events:
                    pipe.publish(self._channel, event.encode())
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("redis did not take events; only this process is told", reason=type(error).__name__)
            for event in events:
                self._hub.deliver(event)

    async def listen(self) -> None:
        """Feed the hub until cancelled; after a lost connection subscribers are told to read their state anew."""
        delay = 0.1
        while True:
            try:
                await self._listen_once()
            except (RedisError, OSError) as error:
                log.warning("lost redis; trying again", reason=type(error).__name__, seconds=delay)
            self._is_listening.clear()
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5.0)

    async def wait_until_listening(self) -> None:
        """Returns once events arrive."""
        await self._is_listening.wait()

    async def is_alive(self) -> bool:
        """Whether Redis answers and events arrive."""
        return bool(await self._redis.ping()) and self._is_listening.is_set()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()

    async def _listen_once(self) -> None:
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(self._channel)
            self._hub.deliver_loss()
            quiet = 0.0
            while True:
                message = await pubsub.get_message(timeout=1.0)
                if message is None:
                    quiet += 1.0
                    if quiet >= _SILENCE_SECONDS:
                        await pubsub.ping()
                        quiet = 0.0
                elif message["type"] == "subscribe":
                    self._is_listening.set()
                elif message["type"] == "message":
                    quiet = 0.0
                    self._hub.deliver(Event.decode(message["data"]))
