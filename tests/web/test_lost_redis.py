"""Redis is killed and started again under 200 subscribers; all of them end with the right state."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from base.words import JobStatus, Role
from jobs.queries import find_job
from models import Job
from tests.conftest import own_redis
from tests.redis_server import RedisServer
from tests.web.streams_for_tests import MULTIPART, SSE, Stream, opened
from tests.web_app import Served, Wire, opened_app, served, until

WATCH = "subscription ($id: ID!) { jobUpdated(id: $id, maxPerSecond: 20) { id status version } }"
SOCKETS, ON_EACH = 20, 4
STREAMS_OF_EACH_FORM = 60


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    with own_redis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def live(tmp_path: Path, empty_database: Path, redis: RedisServer) -> AsyncIterator[Served]:
    """One process that hears of changes through Redis."""
    settings: dict[str, Any] = {"redis_url": redis.url, "sockets_per_user": 0}
    async with opened_app(tmp_path, empty_database, **settings) as app, served(app) as live:
        yield live


async def last_of_wire(wire: Wire) -> dict[str, str]:
    """By operation, the status told last before its end."""
    last: dict[str, str] = {}
    running = {str(number) for number in range(ON_EACH)}
    versions: dict[str, int] = {}
    while running:
        message = await wire.receive(30)
        if message["type"] == "complete":
            running.discard(message["id"])
            continue
        job = message["payload"]["data"]["jobUpdated"]
        assert job["version"] > versions.get(message["id"], 0)
        versions[message["id"]], last[message["id"]] = job["version"], job["status"]
    return last


async def last_of_stream(stream: Stream) -> str:
    """The status told last before the end."""
    status, version = "", 0
    while status != JobStatus.COMPLETED:
        job = (await stream.data())["jobUpdated"]
        assert job["version"] > version
        status, version = job["status"], job["version"]
    assert await stream.end()
    return status


async def test_redis_is_killed_under_200_subscribers_and_each_ends_with_the_right_state(
    live: Served, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = live.app
    owner = await app.person()
    admins = [await app.person(Role.ADMIN) for _ in range(10)]
    # There is no processor here that would work on it.
    job_id = "batch-1754556928-12a41dbec0f3"
    await Job.create(id=job_id, type="BATCH", kind="leads", owner_id=owner.id, status=JobStatus.PROCESSING)
    reads = 0

    async def counted(*arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        return await find_job(*arguments)

    async with AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(await live.wire_of(admins[number % 10])) for number in range(SOCKETS)]
        for wire in wires:
            for number in range(ON_EACH):
                await wire.subscribe(WATCH, str(number), id=job_id)
        streams = [
            await stack.enter_async_context(opened(live, accept, WATCH, admins[number % 10], id=job_id))
            for accept in (SSE, MULTIPART)
            for number in range(STREAMS_OF_EACH_FORM)
        ]
        await until(lambda: app.listeners == 200, 30)
        for stream in streams:
            assert (await stream.data())["jobUpdated"]["status"] == "PROCESSING"
        ends = asyncio.gather(*map(last_of_wire, wires), *map(last_of_stream, streams))
        monkeypatch.setattr("resolvers.watches.find_job", counted)

        redis.kill()
        await Job.filter(id=job_id).update(status=JobStatus.COMPLETED, version=7)  # by a process that Redis lost
        redis.start()
        async with asyncio.timeout(60):
            told = await ends

    assert all(last == dict.fromkeys(map(str, range(ON_EACH)), "COMPLETED") for last in told[:SOCKETS])
    assert told[SOCKETS:] == ["COMPLETED"] * (2 * STREAMS_OF_EACH_FORM)
    assert reads == 1  # the group, once for them all
    await until(lambda: app.listeners == 0)
