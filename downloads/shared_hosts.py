"""Politeness towards hosts over all processes, in Redis: transfers at once, and which hosts asked to wait.

Where Redis does not answer, each process is polite by itself.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio

from base.redis import Redis
from base.resilience import CircuitBreaker

LEASE_SECONDS = 15.0
RENEW_SECONDS = 4.0
POLL_SECONDS = 0.25
"""How often a transfer that waits for another process asks whether it may begin."""
STRIKES_SECONDS = 3_600.0
"""So long is it remembered that a host asked to wait and has not answered since."""
_NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
_ENTER = (
    _NOW + "local wait = redis.call('PTTL', KEYS[2]) local probe = redis.call('EXISTS', KEYS[3]) "
    "if wait > 0 then return {0, wait, probe} end "
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now) "
    "local most = probe == 1 and 1 or tonumber(ARGV[3]) "
    "if redis.call('ZCARD', KEYS[1]) >= most then return {0, 0, probe} end "
    "redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) redis.call('PEXPIRE', KEYS[1], ARGV[2]) return {1, 0, probe}"
)
_RENEW = (
    _NOW + "if redis.call('ZADD', KEYS[1], 'XX', 'CH', now + ARGV[2], ARGV[1]) then "
    "redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 1"
)
_COOL_DOWN = (
    "local wait = redis.call('PTTL', KEYS[2]) local strikes = 1 "
    "if wait > 0 then strikes = tonumber(redis.call('GET', KEYS[3]) or 1) else strikes = redis.call('INCR', KEYS[3]) end "
    "redis.call('PEXPIRE', KEYS[3], ARGV[4]) "
    "local asked = tonumber(ARGV[1]) "
    "if asked == 0 then asked = math.min(ARGV[2] * 2 ^ math.min(strikes - 1, 10), tonumber(ARGV[3])) end "
    "if asked <= wait then return wait end "
    "redis.call('SET', KEYS[2], 1, 'PX', math.floor(asked)) return math.floor(asked)"
)


class RedisHosts:
    """Slots and cool-downs of hosts, by their names.

    Args:
        redis: Shared by all processes.
        prefix: Of the keys of this installation.
        per_host: Transfers at once.
        lease_seconds: After so long without renewal a transfer counts no more: its process is dead.
        renew_seconds: How often a transfer renews its slot; well below `lease_seconds`.
    """

    def __init__(
        self,
        redis: Redis,
        prefix: str,
        per_host: int,
        lease_seconds: float = LEASE_SECONDS,
        renew_seconds: float = RENEW_SECONDS,
    ) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:host"
        self.per_host = per_host
        self.lease_ms = int(lease_seconds * 1_000)
        self.renew_seconds = renew_seconds
        self._breaker = CircuitBreaker("downloads are polite by process: Redis does not answer")

    @asynccontextmanager
    async def slot(self, name: str) -> AsyncIterator["HostEntry"]:
        """One transfer from the host `name`, while the block lasts; `HostEntry.enter` is to be called until it may begin."""
        entry = HostEntry(self, name)
        try:
            yield entry
        finally:
            with anyio.CancelScope(shield=True):
                await entry.leave()

    async def cool_down(self, name: str, seconds: float | None, first_seconds: float, most_seconds: float) -> float:
        """As `HostLimiter.cool_down`; 0 where Redis does not answer."""
        values = [int((each or 0) * 1_000) for each in (seconds, first_seconds, most_seconds, STRIKES_SECONDS)]
        return float(await self.run(_COOL_DOWN, name, *values, fallback=0)) / 1_000

    async def answered(self, name: str) -> None:
        """The host answered as it should."""

        async def forget() -> int:
            return int(await self._redis.delete(*self._keys(name)[1:]))

        await self._breaker.call(forget, 0)

    async def run(self, script: str, name: str, *values: Any, fallback: Any) -> Any:
        """What `script` answers for the host `name`."""

        async def evaluate() -> Any:
            return await cast("Any", self._redis.eval(script, 3, *self._keys(name), *values))

        return await self._breaker.call(evaluate, fallback)

    async def free(self, name: str, token: str) -> None:
        """The transfer `token` has ended."""

        async def remove() -> int:
            return int(await self._redis.zrem(self._keys(name)[0], token))

        await self._breaker.call(remove, 0)

    def _keys(self, name: str) -> tuple[str, str, str]:
        return tuple(f"{self._prefix}:{part}:{name}" for part in ("slots", "wait", "strikes"))  # type: ignore[return-value]


class HostEntry:
    """The way of one transfer to its slot.

    Attributes:
        is_probe: The host asked to wait, and is asked by this transfer alone.
    """

    def __init__(self, hosts: RedisHosts, name: str) -> None:
        self.is_probe = False
        self._hosts = hosts
        self._name = name
        self._token = secrets.token_hex(8)
        self._renewing: asyncio.Task[None] | None = None

    async def enter(self) -> float | None:
        """Begin, if it may: None; else for how many seconds the host asked to be left alone, 0: others are at it."""
        values = (self._token, self._hosts.lease_ms, self._hosts.per_host)
        may_begin, wait, is_probe = await self._hosts.run(_ENTER, self._name, *values, fallback=(1, 0, 0))
        self.is_probe = bool(is_probe)
        if not may_begin:
            return float(wait) / 1_000
        self._renewing = asyncio.create_task(self._renew())
        return None

    async def leave(self) -> None:
        """Let another one begin."""
        if self._renewing is not None:
            self._renewing.cancel()
            await self._hosts.free(self._name, self._token)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._hosts.renew_seconds)
            await self._hosts.run(_RENEW, self._name, self._token, self._hosts.lease_ms, fallback=0)
