"""Rate limits, counted in memory or in Redis for all servers.

GraphQL operations a minute and a second, anonymous sessions an hour.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from auth.quotas import is_of_address, quota_of
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.redis import Redis
from base.resilience import REDIS_TIMEOUT_SECONDS, CircuitBreaker
from base.words import Role

_SWEEP_SECONDS = 10.0
HOUR, MINUTE, SECOND = "hour", "minute", "second"
_EACH = {HOUR: "an hour", MINUTE: "a minute", SECOND: "a second"}
_SECONDS = {HOUR: 3_600, MINUTE: 60, SECOND: 1}


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one limit: operations, or what is counted, until they are all there again."""

    name: str
    limit: int
    remaining: int
    reset_seconds: int
    """When that is, in seconds since 1970."""

    @property
    def reset_at(self) -> datetime:
        return datetime.fromtimestamp(self.reset_seconds, UTC)


@dataclass(frozen=True, slots=True)
class _Limit:
    """At most `amount` in one window, whose name says how long it is."""

    name: str
    amount: int

    @property
    def seconds(self) -> int:
        return _SECONDS[self.name]

    def key_for(self, caller: str) -> str:
        return f"LIMITER/{caller}/{self.amount}/1/{self.name}"


Limits = list[_Limit]


class RateStorage(Protocol):
    """Counts in windows, one for each key; moments are seconds since 1970."""

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` in the window of `key`, which lasts `expiry` seconds from its first count; all counted there."""

    async def get(self, key: str) -> int:
        """All counted in the window of `key`."""

    async def get_expiry(self, key: str) -> float:
        """When the window of `key` ends; now where there is none."""

    async def clear(self, key: str) -> None:
        """Forget the window of `key`."""


class Rates:
    """Counts `what` in windows that begin with a caller's first one. What cannot be counted is allowed.

    Accounts have the limits that begin with `user_`, where they are told; addresses have the others.
    What is not counted within `timeout_seconds` cannot be counted.
    """

    def __init__(
        self,
        storage: RateStorage,
        *,
        per_hour: int = 0,
        per_minute: int = 0,
        per_second: int = 0,
        user_per_minute: int | None = None,
        user_per_second: int | None = None,
        what: str = "operations",
        timeout_seconds: float = REDIS_TIMEOUT_SECONDS,
    ) -> None:
        self._storage = storage
        self._what = what
        self._of_addresses = _limits(per_hour, per_minute, per_second)
        self._of_users = _limits(
            per_hour,
            per_minute if user_per_minute is None else user_per_minute,
            per_second if user_per_second is None else user_per_second,
        )
        self._breaker = CircuitBreaker(
            "rate limits are not enforced: redis does not count", timeout_seconds=timeout_seconds
        )

    async def take(self, caller: str | None) -> Allowance | None:
        """Count one operation of `caller`; what is left of the longest limit, None where nothing was counted.

        Raises:
            Refusal: RATE_LIMITED with the seconds to wait.
        """
        if not caller or not (limits := self._limits_of(caller)):
            return None
        if isinstance(self._storage, WindowCounts):
            return await self._take(caller, limits)
        return await self._breaker.call(lambda: self._take(caller, limits), None)

    async def left(self, caller: str | None) -> Sequence[Allowance]:
        """What is left of each limit; nothing where `caller` is not limited."""

        async def read() -> Sequence[Allowance]:
            limits = reversed(self._limits_of(caller or ""))
            return [await self._left(limit, caller or "") for limit in limits]

        return await self._breaker.call(read, []) if caller else []

    def _limits_of(self, caller: str) -> Limits:
        return self._of_addresses if is_of_address(caller) else self._of_users

    async def _take(self, caller: str, limits: Limits) -> Allowance:
        count = 0
        for limit in limits:
            count = await self._count(limit, caller)
            if count > limit.amount:
                raise _too_often(self._what, await self._allowance(limit, caller, count))
        return await self._allowance(limits[-1], caller, count)

    async def _count(self, limit: _Limit, caller: str) -> int:
        """How many operations of `caller` there were in this window, with this one."""
        key = limit.key_for(caller)
        count = await self._storage.incr(key, limit.seconds)
        if count > limit.amount and await self._storage.get_expiry(key) - time.time() > limit.seconds + 1:
            await self._storage.clear(key)  # the clock was set back, and the window would last that much longer
            count = await self._storage.incr(key, limit.seconds)
        return count

    async def _left(self, limit: _Limit, caller: str) -> Allowance:
        return await self._allowance(limit, caller, await self._storage.get(limit.key_for(caller)))

    async def _allowance(self, limit: _Limit, caller: str, count: int) -> Allowance:
        reset = max(await self._storage.get_expiry(limit.key_for(caller)), time.time())
        return Allowance(limit.name, limit.amount, max(limit.amount - count, 0), math.ceil(reset))


class WindowCounts:
    """Counts in the memory of this process; those whose window has ended are let go of from time to time."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._ends: dict[str, float] = {}
        self._sweep_at = 0.0

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """As `RateStorage.incr`."""
        moment = time.time()
        if self._ends.get(key, 0) <= moment:
            self._sweep(moment)
            self._counts[key], self._ends[key] = 0, moment + expiry
        self._counts[key] += amount
        return self._counts[key]

    async def get(self, key: str) -> int:
        """As `RateStorage.get`."""
        return self._counts[key] if self._ends.get(key, 0) > time.time() else 0

    async def get_expiry(self, key: str) -> float:
        """As `RateStorage.get_expiry`."""
        return self._ends.get(key, time.time())

    async def clear(self, key: str) -> None:
        """As `RateStorage.clear`."""
        self._counts.pop(key, None)
        self._ends.pop(key, None)

    def _sweep(self, moment: float) -> None:
        if moment < self._sweep_at:
            return
        self._sweep_at = moment + _SWEEP_SECONDS
        for key in [key for key, end in self._ends.items() if end <= moment]:
            del self._counts[key], self._ends[key]


def _limits(per_hour: int, per_minute: int, per_second: int) -> Limits:
    """The shorter first: who is too fast for a second does not use up their minute."""
    amounts = {SECOND: per_second, MINUTE: per_minute, HOUR: per_hour}
    return [_Limit(name, amount) for name, amount in amounts.items() if amount]


def rate_storage(redis: Redis | None, prefix: str) -> RateStorage:
    """Where operations are counted: in `redis`, under keys that begin with `prefix`, or in the memory of this process."""
    if redis is None:
        return WindowCounts()
    from limits.aio.storage import RedisStorage  # noqa: PLC0415  it loads more than all of this room

    options: dict[str, object] = {"connection_pool": redis.connection_pool}
    return RedisStorage("redis://", implementation="redispy", key_prefix=f"{prefix}:rates", **options)  # type: ignore[arg-type]


def rate_key(viewer: Viewer | None, address: str | None) -> str | None:
    """Under which name somebody's operations are counted; None for who is not limited.

    Args:
        viewer: Who is signed in.
        address: Where the request comes from, for who is not; None: unknown.
    """
    return None if viewer is not None and viewer.role is Role.WORKER else quota_of(viewer, address)


def rate_headers(allowance: Allowance | None) -> dict[str, str]:
    """X-RateLimit-Limit, -Remaining and -Reset (seconds since 1970); nothing where nothing is limited."""
    if allowance is None:
        return {}
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": str(allowance.reset_seconds),
    }


def _too_often(what: str, allowance: Allowance) -> Refusal:
    seconds = max(1, math.ceil(allowance.reset_seconds - time.time()))
    message = f"At most {allowance.limit} {what} {_EACH[allowance.name]}: try again in {seconds} s."
    return Refusal(ErrorCode.RATE_LIMITED, message, retry_after=seconds, headers=rate_headers(allowance))
