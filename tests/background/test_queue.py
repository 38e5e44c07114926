"""The queue from end to end: permissions flow through docket, in memory and over Redis, and workers share the work."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from docket import Docket
from redis.asyncio import Redis
from structlog.testing import capture_logs

from background.queue import DocketQueue
from background.running import running_worker
from base.words import JobStatus
from jobs.outbox import Outbox
from models import Item, Job, Slice
from tests.background.floor_for_tests import MEMORY_BYTES, Floor, wait_for_status, wait_until
from tests.conftest import service_or_skip
from tests.databases import Template
from tests.workshop import check_counters


@pytest.fixture
def queue_url(template: Template) -> str:
    """The two ways to run: in memory beside SQLite, over Redis beside PostgreSQL."""
    return service_or_skip("redis", "TEST_REDIS_URL") if template.url else f"memory://{uuid.uuid4().hex}"


@pytest.fixture
async def docket_name(queue_url: str) -> AsyncIterator[str]:
    """A name of its own, whose keys are removed afterwards."""
    name = f"waybill-test-{uuid.uuid4().hex[:12]}"
    yield name
    if not queue_url.startswith("memory"):
        async with Redis.from_url(queue_url) as redis:
            async for key in redis.scan_iter(f"*{name}*"):
                await redis.delete(key)


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
