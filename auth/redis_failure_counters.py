"""Failure counters in Redis: several processes slow down whoever guesses passwords."""

from collections.abc import Sequence

from auth.login_throttle import MEMORY_SECONDS
from base.redis import Redis

_LIFE_MS = int(MEMORY_SECONDS * 1_000)


class RedisFailureCounters:
    """One counter per key, whose remaining life tells when the last failure was: by one clock for all processes."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = f"{prefix}:sign-in"

    async def counts(self, keys: Sequence[str]) -> list[tuple[int, float]]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.get(self._named(key))
                pipe.pttl(self._named(key))
            answers = await pipe.execute()
        return [_count(answers[place], answers[place + 1]) for place in range(0, len(answers), 2)]

    async def add(self, keys: Sequence[str]) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.incr(self._named(key))
                pipe.pexpire(self._named(key), _LIFE_MS)
            await pipe.execute()

    async def clear(self, keys: Sequence[str]) -> None:
        await self._redis.delete(*map(self._named, keys))

    def _named(self, key: str) -> str:
        return f"{self._prefix}:{key}"


def _count(value: bytes | None, life_ms: int) -> tuple[int, float]:
    if value is None or life_ms < 0:
        return 0, 0.0
    return int(value), max(0, _LIFE_MS - life_ms) / 1_000
