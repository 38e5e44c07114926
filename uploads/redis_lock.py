"""The lock of uploads over several processes: a key in Redis that ends by itself, and requests to let go over pub/sub."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import anyio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from events.hub import Publisher
from events.messages import Event
from uploads.body import Stop
from uploads.locks import Hold, in_use

log = log_for(__name__)

TTL_SECONDS = 10.0
"""After so long without renewal the lock is free: its holder is dead, or has noticed that it was cut off."""
RENEW_SECONDS = 3.0
MARGIN_SECONDS = 1.0
"""A holder that could not renew stops so long before the lock is free."""
_POLL_SECONDS = 0.02
_ASK_SECONDS = 0.5
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"


class RedisLock:
    """One key per upload that is being touched; whoever waits for it asks its holder, wherever that is, to let go.

    What a holder that lost the lock without noticing still commits is kept out by the fence in the database.
    """

    def __init__(self, redis: "Redis", publisher: Publisher, prefix: str, ttl_seconds: float = TTL_SECONDS) -> None:
        self._redis = redis
        self._publisher = publisher
        self._prefix = prefix
        self._ttl_seconds = ttl_seconds

    @asynccontextmanager
    async def held(self, upload_id: str, hold: Hold, until: float, *, is_asking: bool) -> AsyncIterator[None]:
        """See `uploads.locks.SharedLock`."""
        key, token = f"{self._prefix}:upload:{upload_id}", secrets.token_hex(8)
        with _redis_needed():
            await self._acquire(key, token, upload_id, hold, until, is_asking=is_asking)
        renewing = asyncio.create_task(self._renew(key, token, hold))
        try:
            yield
        finally:
            renewing.cancel()
            with anyio.CancelScope(shield=True), suppress(RedisError, OSError):  # it ends by itself
                await self._redis.eval(_RELEASE, 1, key, token)

    async def _acquire(
        self, key: str, token: str, upload_id: str, hold: Hold, until: float, *, is_asking: bool
    ) -> None:
        ask_at = time.monotonic()
        while True:
            began = time.monotonic()
            if await self._redis.set(key, token, nx=True, px=int(self._ttl_seconds * 1000)):
                self._extend(hold, began)
                return
            if began >= until:
                raise in_use()
            if is_asking and began >= ask_at:
                await self._publisher.publish(Event("release", {"id": upload_id}))
                ask_at = began + _ASK_SECONDS
            await asyncio.sleep(_POLL_SECONDS)

    async def _renew(self, key: str, token: str, hold: Hold) -> None:
        """Renew until cancelled; a lock that is lost, or may be soon, ends the work under it."""
        while not hold.has_ended:
            await asyncio.sleep(min(RENEW_SECONDS, self._ttl_seconds / 3))
            began = time.monotonic()
            try:
                is_ours = await self._redis.eval(_RENEW, 1, key, token, str(int(self._ttl_seconds * 1000)))
            except (RedisError, OSError) as error:
                log.warning("could not renew the lock of an upload", reason=type(error).__name__)
                continue
            if not is_ours:
                break
            self._extend(hold, began)
        hold.valid_until = min(hold.valid_until, time.monotonic())
        hold.ask(Stop.LOST)

    def _extend(self, hold: Hold, began: float) -> None:
        hold.valid_until = began + self._ttl_seconds - min(MARGIN_SECONDS, self._ttl_seconds / 4)


@contextmanager
def _redis_needed() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        log.warning("redis is needed to lock an upload", reason=type(error).__name__)
        message = "The server cannot tell whether somebody else is using this upload; try again in a moment."
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=1) from error
