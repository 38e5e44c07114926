"""Several processes: events go to Redis, and one connection per process feeds its hub."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from base.errors import reason_of
from base.logging import log_for
from base.redis import redis_failures
from base.resilience import Backoff, CircuitBreaker, retry
from events.hub import Hub
from events.messages import Event

log = log_for(__name__)

SILENCE_SECONDS = 15.0
"""Before so long has passed without a message the connection is asked whether it still lives …"""
PING_TIMEOUT_SECONDS = 5.0
"""… and has so long to answer: a connection whose other end has vanished takes what is sent, and says nothing."""
_RECONNECT = Backoff(first_seconds=0.2, max_seconds=5.0)


async def tell_of_redis(redis_url: str) -> None:
    """Log a sentence where the Redis at this address does not answer at start; everything goes on without it."""
    try:
        async with Redis.from_url(
            redis_url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
        ) as redis:
            await redis.ping()
    except redis_failures() as error:
        reason = reason_of(error, redis_url)
        sentence = f"Redis cannot be used: check WAYBILL_REDIS_URL ({reason}). It is tried again and again."
        log.warning(sentence)


class RedisFeed:
    """Publishes to Redis pub/sub and feeds the hub from it; events come back to their own process the same way.

    What comes on the channels `also` is delivered, too; nothing is published there. A Redis that hangs is given no event
    for a while, or everything that changes would wait for it; one that refuses is asked each time, which costs nothing.
    """

    def __init__(
        self,
        url: str,
        hub: Hub,
        prefix: str,
        *also: str,
        breaker: CircuitBreaker | None = None,
        silence_seconds: float = SILENCE_SECONDS,
        ping_timeout_seconds: float = PING_TIMEOUT_SECONDS,
    ) -> None:
        # By RESP 3 redis 8.1 writes each message out for a log that nobody reads.
        self._redis = Redis.from_url(url, protocol=2, socket_timeout=5, socket_connect_timeout=5)
        self._hub = hub
        self._channel = f"{prefix}:events"
        self._channels = [self._channel, *(f"{prefix}:{name}" for name in also)]
        self._silence_seconds = silence_seconds
        self._ping_timeout_seconds = ping_timeout_seconds
        self._is_listening = asyncio.Event()
        self._breaker = breaker or CircuitBreaker(
            "redis did not take events; only this process publishes them", opens_on=TimeoutError
        )

    async def publish(self, *events: Event) -> None:
        """Tell every process; when Redis cannot be reached or hangs, at least this one."""
        if not await self._breaker.call(lambda: self._send(events), fallback=False):
            self._deliver(events)

    async def listen(self) -> None:
        """Feed the hub until cancelled; after a lost connection subscribers are told to read their state anew."""
        while True:  # the back-off begins anew after each connection that brought events
            await retry(self._listen_until_lost, _is_failure, backoff=_RECONNECT, on_retry=_log_lost)
            await asyncio.sleep(_RECONNECT.min_seconds)

    async def wait_until_listening(self) -> None:
        """Returns once events arrive."""
        await self._is_listening.wait()

    async def is_alive(self) -> bool:
        """Whether Redis answers and events arrive."""
        return bool(await self._redis.ping()) and self._is_listening.is_set()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()

    async def _send(self, events: Iterable[Event]) -> bool:
        async with self._redis.pipeline(transaction=False) as pipe:
            for event in events:
                pipe.publish(self._channel, event.encode())
            await pipe.execute()
        return True

    def _deliver(self, events: Iterable[Event]) -> None:
        for event in events:
            self._hub.deliver(event)

    async def _listen_until_lost(self) -> None:
        """Raises where there was no connection to lose."""
        try:
            await self._listen_once()
        except redis_failures() as error:
            if not self._is_listening.is_set():
                raise
            _log_lost(error, _RECONNECT.min_seconds)
        finally:
            self._is_listening.clear()

    async def _listen_once(self) -> None:
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(*self._channels)
            while True:
                if not await self._hear(pubsub, self._silence_seconds / 2):
                    await pubsub.ping()
                    if not await self._hear(pubsub, self._ping_timeout_seconds):
                        raise RedisConnectionError("no answer")

    async def _hear(self, pubsub: PubSub, seconds: float) -> bool:
        """Take what comes for so long; whether anything came.

        One timer for many messages: the client library's own timeout takes longer than all else about a message.
        """
        has_heard = False
        _go_on_unless_cancelled()
        try:
            async with asyncio.timeout(seconds) as limit:
                while True:
                    message = await pubsub.get_message(timeout=None)
                    if message is None:  # the client library's word for a read that the system gave up
                        raise RedisConnectionError("the connection has timed out")
                    has_heard = True
                    self._take(message)
                    _go_on_unless_cancelled()
        except TimeoutError:
            if not limit.expired():
                raise
        return has_heard

    def _take(self, message: Mapping[str, Any]) -> None:
        """One message from Redis: an event, a confirmation, an answer to our ping."""
        if message["type"] == "subscribe" and message["data"] == len(self._channels):
            # Also after the client library has reconnected by itself. Only from now on nothing is missed.
            self._hub.deliver_loss()
            self._is_listening.set()
        elif message["type"] == "message":
            event = _event_in(message["data"])
            if event is None:
                log.warning("a message on the channel of events is not one of ours")
            else:
                self._hub.deliver(event)


def _is_failure(error: BaseException) -> bool:
    return isinstance(error, redis_failures())


def _log_lost(error: BaseException, seconds: float) -> None:
    log.warning("lost redis; trying again", reason=type(error).__name__, seconds=round(seconds, 2))


def _go_on_unless_cancelled() -> None:
    """The client library takes a cancellation at the end of what it sends for the end of its timeout."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _event_in(data: bytes) -> Event | None:
    """The event; None for anything else, such as a kind that only a newer version knows: it must not end the feed."""
    try:
        event = Event.decode(data)
        is_ours = bool(event.topics)
    except (ValueError, LookupError, TypeError):
        return None
    return event if is_ours else None
