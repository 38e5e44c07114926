"""Several processes: events go to Redis, and one connection per process feeds its hub."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from base.logging import log_for
from events.hub import Hub
from events.messages import Event

log = log_for(__name__)

_SILENCE_SECONDS = 15.0
"""After so long without a message the connection is asked whether it still lives …"""
_PATIENCE_SECONDS = 5.0
"""… and has so long to answer: a connection whose other end has vanished takes what is sent, and says nothing."""
_PUBLISH_SECONDS = 0.5
_REST_SECONDS = 5.0
"""So long Redis is given no event after it hung, or everything that changes would wait for it."""
_FIRST_DELAY_SECONDS, _MAX_DELAY_SECONDS = 0.1, 5.0


class RedisFeed:
    """Publishes to Redis pub/sub and feeds the hub from it; events come back to their own process the same way."""

    def __init__(self, url: str, hub: Hub, prefix: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
        self._hub = hub
        self._channel = f"{prefix}:events"
        self._is_listening = asyncio.Event()
        self._rests_until = 0.0

    async def publish(self, *events: Event) -> None:
        """Tell every process; when Redis cannot be reached or hangs, at least this one."""
        if time.monotonic() < self._rests_until:
            self._deliver(events)
            return
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._send(events)
        except (RedisError, OSError) as error:  # a timeout is an OSError
            if isinstance(error, TimeoutError):
                self._rests_until = time.monotonic() + _REST_SECONDS
            log.warning("redis did not take events; only this process is told", reason=type(error).__name__)
            self._deliver(events)

    async def listen(self) -> None:
        """Feed the hub until cancelled; after a lost connection subscribers are told to read their state anew."""
        delay = _FIRST_DELAY_SECONDS
        while True:
            try:
                await self._listen_once()
            except (RedisError, OSError) as error:
                delay = _FIRST_DELAY_SECONDS if self._is_listening.is_set() else min(delay * 2, _MAX_DELAY_SECONDS)
                log.warning("lost redis; trying again", reason=type(error).__name__, seconds=delay)
            self._is_listening.clear()
            await asyncio.sleep(delay)

    async def wait_until_listening(self) -> None:
        """Returns once events arrive."""
        await self._is_listening.wait()

    async def is_alive(self) -> bool:
        """Whether Redis answers and events arrive."""
        return bool(await self._redis.ping()) and self._is_listening.is_set()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()

    async def _send(self, events: Iterable[Event]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for event in events:
                pipe.publish(self._channel, event.encode())
            await pipe.execute()

    def _deliver(self, events: Iterable[Event]) -> None:
        for event in events:
            self._hub.deliver(event)

    async def _listen_once(self) -> None:
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(self._channel)
            is_asked = False
            while True:
                message = await pubsub.get_message(timeout=_PATIENCE_SECONDS if is_asked else _SILENCE_SECONDS)
                if _is_cancelled():  # the client library takes a cancellation at the end of its timeout for that
                    raise asyncio.CancelledError
                if message is not None:
                    is_asked = False
                    self._take(message)
                elif is_asked:
                    raise RedisConnectionError("no answer")
                else:
                    await pubsub.ping()
                    is_asked = True

    def _take(self, message: Mapping[str, Any]) -> None:
        """One message from Redis: an event, a confirmation, an answer to our ping."""
        if message["type"] == "subscribe":
            # Also after the client library has reconnected by itself. Only from now on nothing is missed.
            self._hub.deliver_loss()
            self._is_listening.set()
        elif message["type"] == "message":
            event = _event_in(message["data"])
            if event is None:
                log.warning("a message on the channel of events is not one of ours")
            else:
                self._hub.deliver(event)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _event_in(data: bytes) -> Event | None:
    """The event; None for anything else, such as a kind that only a newer version knows: it must not end the feed."""
    try:
        event = Event.decode(data)
        is_ours = bool(event.topics)
    except (ValueError, LookupError, TypeError):
        return None
    return event if is_ours else None
