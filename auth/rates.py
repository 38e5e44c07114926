"""How often somebody may ask: GraphQL operations a minute and a second, counted in memory, or in Redis for all servers."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from redis.asyncio import Redis

from auth.sparing import Sparing
from auth.throttle import network_of
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import Role

MINUTE, SECOND = "minute", "second"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one limit: operations, until they are all there again."""

    name: str
    limit: int
    remaining: int
    reset_at: datetime


class Rates:
    """Counts in windows that begin with a caller's first operation. What cannot be counted is allowed."""

    def __init__(self, storage: Storage, *, per_minute: int, per_second: int) -> None:
        self._storage = storage
        # The shorter first: who is too fast for a second does not use up their minute.
        self._limits: list[tuple[str, RateLimitItem]] = []
        if per_second:
            self._limits.append((SECOND, RateLimitItemPerSecond(per_second)))
        if per_minute:
            self._limits.append((MINUTE, RateLimitItemPerMinute(per_minute)))
        self._sparing = Sparing("rate limits are not enforced: redis does not count")

    async def take(self, caller: str | None) -> Allowance | None:
        """Count one operation of `caller`; what is left of the longest limit, None where nothing was counted.

        Raises:
            Refusal: RATE_LIMITED with the seconds to wait.
        """
        return await self._sparing.ask(lambda: self._take(caller), None) if caller and self._limits else None

    async def left(self, caller: str | None) -> Sequence[Allowance]:
        """What is left of each limit; nothing where `caller` is not limited."""

        async def read() -> Sequence[Allowance]:
            return [await self._left(name, limit, caller or "") for name, limit in reversed(self._limits)]

        return await self._sparing.ask(read, []) if caller else []

    async def _take(self, caller: str) -> Allowance:
        count = 0
        for name, limit in self._limits:
            count = await self._count(limit, caller)
            if count > limit.amount:
                raise _too_often(await self._allowance(name, limit, caller, count))
        return await self._allowance(*self._limits[-1], caller, count)

    async def _count(self, limit: RateLimitItem, caller: str) -> int:
        """How many operations of `caller` there were in this window, with this one."""
        key = limit.key_for(caller)
        count = await self._storage.incr(key, limit.get_expiry())
        if count > limit.amount and await self._storage.get_expiry(key) - time.time() > limit.get_expiry() + 1:
            await self._storage.clear(key)  # the clock was set back, and the window would last that much longer
            count = await self._storage.incr(key, limit.get_expiry())
        return count

    async def _left(self, name: str, limit: RateLimitItem, caller: str) -> Allowance:
        return await self._allowance(name, limit, caller, await self._storage.get(limit.key_for(caller)))

    async def _allowance(self, name: str, limit: RateLimitItem, caller: str, count: int) -> Allowance:
        reset = max(await self._storage.get_expiry(limit.key_for(caller)), time.time())
        return Allowance(
            name, limit.amount, max(limit.amount - count, 0), datetime.fromtimestamp(math.ceil(reset), UTC)
        )


def rate_storage(redis: "Redis | None", prefix: str) -> Storage:
    """Where operations are counted: in `redis`, under keys that begin with `prefix`, or in the memory of this process."""
    if redis is None:
        return MemoryStorage()
    options: dict[str, object] = {"connection_pool": redis.connection_pool}
    return RedisStorage("redis://", implementation="redispy", key_prefix=f"{prefix}:rates", **options)  # type: ignore[arg-type]


def rate_key(viewer: Viewer | None, address: str | None) -> str | None:
    """Under which name somebody's operations are counted; None for who is not limited.

    Args:
        viewer: Who is signed in.
        address: Where the request comes from, for who is not; None: unknown.
    """
    if viewer is None:
        return f"address:{network_of(address) if address else 'unknown'}"
    return None if viewer.role is Role.WORKER else viewer.user_id


def rate_headers(allowance: Allowance | None) -> dict[str, str]:
    """X-RateLimit-Limit, -Remaining and -Reset (seconds since 1970); nothing where nothing is limited."""
    if allowance is None:
        return {}
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": str(int(allowance.reset_at.timestamp())),
    }


def _too_often(allowance: Allowance) -> Refusal:
    seconds = max(1, math.ceil(allowance.reset_at.timestamp() - time.time()))
    message = f"At most {allowance.limit} operations a {allowance.name}: try again in {seconds} s."
    return Refusal(ErrorCode.RATE_LIMITED, message, retry_after=seconds, headers=rate_headers(allowance))
