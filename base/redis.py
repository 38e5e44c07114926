"""Redis as rooms see it: its client is loaded where one is opened."""

from typing import TYPE_CHECKING, Any

from base.loaded_errors import Errors, errors_of

if TYPE_CHECKING:
    from redis.asyncio import Redis as Redis  # noqa: PLC0414  handed on
else:
    Redis = Any


def redis_failures() -> Errors:
    """What asking a Redis raises when it is away or hangs: a timeout is an OSError."""
    return (*errors_of("redis.exceptions", "RedisError"), OSError)
