"""The queue from end to end: permissions flow through docket, in memory and over Redis, and workers share the work."""

import asyncio
import uuid
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import docket
import pytest
from docket import Docket
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from structlog.testing import capture_logs
from tortoise.exceptions import DBConnectionError

from background import queue as queue_module
from background.queue import DocketQueue, is_outage
from background.running import running_worker
from base.words import JobStatus
from jobs.outbox import Outbox
from models import Item, Job, Slice
from tests.background.floor_for_tests import MEMORY_BYTES, Floor, wait_for_status, wait_until
from tests.conftest import own_redis
from tests.databases import Template
from tests.workshop import check_counters


@pytest.fixture
def queue_url(template: Template, request: pytest.FixtureRequest) -> str:
    """The two ways to run: in memory beside SQLite, over Redis beside PostgreSQL."""
    return str(request.getfixturevalue("redis_url")) if template.url else f"memory://{uuid.uuid4().hex}"


@pytest.fixture
def docket_name(template: Template, request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("redis_prefix")) if template.url else "waybill-test"


async def running_queue(stack: AsyncExitStack, url: str, name: str) -> DocketQueue:
    return DocketQueue(await stack.enter_async_context(Docket(name=name, url=url)))


async def run_worker(stack: AsyncExitStack, floor: Floor, queue: DocketQueue, name: str, **parts: Any) -> Outbox:
    shop = floor.shop
    outbox = Outbox(shop, queue.permit_work)
    worker = running_worker(name, 1, MEMORY_BYTES, floor.storage, outbox, shop.hub, queue)
    await stack.enter_async_context(worker)
    shop.permit_work = queue.permit_work  # type: ignore[method-assign]  # what tests write gives permissions, too
    return outbox


async def test_a_job_runs_from_its_creation_to_its_end_by_permissions_alone(
    floor: Floor, queue_url: str, docket_name: str
) -> None:
    async with AsyncExitStack() as stack:
        queue = await running_queue(stack, queue_url, docket_name)
        await run_worker(stack, floor, queue, "w:1")
        job = await floor.add_job(sizes=[2, 2])
        await wait_for_status(job, JobStatus.COMPLETED, 4.5)  # before the sweep
        assert (await check_counters(job.id)).completed_items == 4
        await asyncio.sleep(0.2)


async def test_two_workers_share_slices_and_a_stopped_one_hands_over(
    floor: Floor, queue_url: str, docket_name: str
) -> None:
    async with AsyncExitStack() as stack, AsyncExitStack() as first_stack:
        first = await running_queue(first_stack, queue_url, docket_name)
        second = await running_queue(stack, queue_url, docket_name)
        await run_worker(stack, floor, second, "second:2")
        await run_worker(first_stack, floor, first, "first:1")
        job = await floor.add_job(sizes=[1] * 50, seconds=0.03)

        async def both_work() -> bool:
            return len({item.result["pid"] for item in await Item.filter(status="COMPLETED")}) == 2

        await wait_until(both_work)
        await first_stack.aclose()
        assert await Slice.filter(status="RUNNING", worker="first:1").count() == 0
        floor.shop.permit_work = second.permit_work  # type: ignore[method-assign]
        await wait_for_status(job, JobStatus.COMPLETED)
        assert (await check_counters(job.id)).completed_items == 50
        await asyncio.sleep(0.2)


async def test_lost_and_doubled_permissions_do_no_harm(floor: Floor, queue_url: str, docket_name: str) -> None:
    job = await floor.add_job(sizes=[1] * 6)  # its permission reaches no queue
    async with AsyncExitStack() as stack:
        queue = await running_queue(stack, queue_url, docket_name)
        await run_worker(stack, floor, queue, "w:1")
        await asyncio.gather(*(queue.permit_work() for _ in range(20)))
        await wait_for_status(job, JobStatus.COMPLETED, 4.5)
        assert (await check_counters(job.id)).completed_items == 6
        await wait_until(lambda: _has_no_work(job))


async def _has_no_work(job: Job) -> bool:
    return await Slice.filter(job_id=job.id).exclude(status="DONE").count() == 0


async def test_a_permission_that_the_queue_does_not_take_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Docket(name="waybill-test", url="memory://lost") as docket:
        queue = DocketQueue(docket)

        def refuse(*_: object, **__: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr(docket, "add", refuse)
        with capture_logs() as logs:
            await queue.permit_work()
        assert [line["log_level"] for line in logs] == ["warning"]


async def test_a_queue_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Docket(name="waybill-test", url="memory://hung") as docket:
        queue = DocketQueue(docket)

        async def hang() -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(docket, "add", lambda *_, **__: hang)
        with capture_logs() as logs:
            async with asyncio.timeout(2):
                await queue.permit_work()
        assert [line["log_level"] for line in logs] == ["warning"]


async def test_a_queue_that_failed_is_taken_up_again_and_one_that_is_left_stays_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_module, "_PAUSE", timedelta(seconds=0.01))
    run_forever, failures = docket.Worker.run_forever, [RuntimeError("a bug of the library"), RuntimeError("once more")]

    async def fail_first(worker: docket.Worker) -> None:
        if failures:
            raise failures.pop()
        await run_forever(worker)

    monkeypatch.setattr(docket.Worker, "run_forever", fail_first)
    worked = asyncio.Event()

    async def work() -> None:
        worked.set()

    async with Docket(name="waybill-test", url=f"memory://{uuid.uuid4().hex}") as opened:
        queue = DocketQueue(opened)
        with capture_logs() as logs:
            running = asyncio.create_task(queue.run(work, 1))
            await queue.permit_work()
            await asyncio.wait_for(worked.wait(), 5)
        assert [line["event"] for line in logs] == ["the queue failed; it is taken up again"] * 2
        running.cancel()
        await asyncio.wait_for(asyncio.wait([running]), 5)
        assert running.cancelled()


async def test_a_permission_that_cannot_be_used_does_not_keep_the_next_from_being_used() -> None:
    calls: list[int] = []
    has_worked = asyncio.Event()

    async def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise DBConnectionError("refused")
        has_worked.set()

    async with Docket(name="waybill-test", url=f"memory://{uuid.uuid4().hex}") as opened:
        queue = DocketQueue(opened)
        with capture_logs() as logs:
            running = asyncio.create_task(queue.run(work, 1))
            await queue.permit_work()
            await queue.permit_work()
            await asyncio.wait_for(has_worked.wait(), 5)
        assert [line["event"] for line in logs] == ["a permission could not be used; the next sweep gives another"]
        running.cancel()
        await asyncio.wait([running])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), True),
        (ReadOnlyError("You can't write against a read only replica."), True),
        (ResponseError("UNBLOCKED the stream key no longer exists"), True),
        (ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"), False),
        (ValueError("a mistake of ours"), False),
    ],
)
def test_a_redis_that_answers_and_takes_nothing_is_away(error: Exception, expected: bool) -> None:
    assert is_outage(error) is expected


async def test_a_redis_that_is_full_cannot_be_given_permissions(tmp_path: Path) -> None:
    with own_redis(tmp_path) as server:
        async with Redis.from_url(server.url) as redis, AsyncExitStack() as stack:
            queue = await running_queue(stack, server.url, "waybill-test:work")
            assert await queue.is_alive()

            await redis.config_set("maxmemory", 1)
            with pytest.raises(OutOfMemoryError):
                await queue.is_alive()

            await redis.config_set("maxmemory", 0)
            assert await queue.is_alive()
            assert 0 < await redis.ttl("waybill-test:work:alive") <= 60
