"""The queue from end to end: wake-ups flow within a process and through docket over Redis, and workers share the work."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import docket
import pytest
from docket import Docket
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from structlog.testing import capture_logs
from tortoise.exceptions import DBConnectionError

from background.docket_queue import DocketQueue
from background.executors.child import ChildExecutor
from background.executors.executor import Executor
from background.queue import LocalQueue, is_outage
from background.running import running_worker
from base.resilience import Backoff
from base.words import JobStatus
from jobs.outbox import Outbox
from models import Item, Job, Slice
from processors.contract import ExecutorName
from tests.background.worker_harness import MEMORY_BYTES, WorkerHarness, wait_for_status, wait_until
from tests.conftest import own_redis
from tests.databases import Template
from tests.job_harness import check_counters

NO_SWEEP_SECONDS = 3_600.0
"""Nothing but wake-ups has these workers look for work …"""
PATIENT_SECONDS = 30.0
"""… so that none may be given up because the machine is busy."""


AnyQueue = LocalQueue | DocketQueue


@pytest.fixture
def docket_place(template: Template, request: pytest.FixtureRequest) -> tuple[str, str] | None:
    """The two ways to run: in process beside SQLite, over Redis (address, name) beside PostgreSQL."""
    return (request.getfixturevalue("redis_url"), request.getfixturevalue("redis_prefix")) if template.url else None


@pytest.fixture
async def queues(docket_place: tuple[str, str] | None) -> AsyncIterator[tuple[AnyQueue, AnyQueue]]:
    """Two ends of one queue."""
    async with AsyncExitStack() as stack:
        if docket_place:
            yield await running_queue(stack, *docket_place), await running_queue(stack, *docket_place)
        else:
            queue = LocalQueue()
            yield queue, queue


@pytest.fixture
def queue(queues: tuple[AnyQueue, AnyQueue]) -> AnyQueue:
    return queues[0]


async def running_queue(stack: AsyncExitStack, url: str, name: str) -> DocketQueue:
    return DocketQueue(await stack.enter_async_context(Docket(name=name, url=url)), timeout_seconds=PATIENT_SECONDS)


async def run_worker(stack: AsyncExitStack, worker_harness: WorkerHarness, queue: AnyQueue, name: str) -> Outbox:
    harness = worker_harness.jobs
    outbox = Outbox(harness, queue.send_wake_up)
    executors: dict[ExecutorName, Executor] = {ExecutorName.CHILD: ChildExecutor(1, MEMORY_BYTES)}
    storage = worker_harness.storage
    worker = running_worker(name, executors, storage, outbox, harness.hub, queue, sweep_seconds=NO_SWEEP_SECONDS)
    await stack.enter_async_context(worker)
    harness.wake_worker = queue.send_wake_up  # type: ignore[method-assign]  # what tests write gives wake-ups, too
    return outbox


async def test_a_job_runs_from_its_creation_to_its_end_by_wake_ups_alone(
    worker_harness: WorkerHarness, queue: AnyQueue
) -> None:
    async with AsyncExitStack() as stack:
        await run_worker(stack, worker_harness, queue, "w:1")
        job = await worker_harness.add_job(sizes=[2, 2])
        await wait_for_status(job, JobStatus.COMPLETED, 60)
        assert (await check_counters(job.id)).completed_items == 4


async def test_two_workers_share_slices_and_a_stopped_one_hands_over(
    worker_harness: WorkerHarness, queues: tuple[AnyQueue, AnyQueue]
) -> None:
    async with AsyncExitStack() as stack, AsyncExitStack() as first_stack:
        first, second = queues
        await run_worker(stack, worker_harness, second, "second:2")
        await run_worker(first_stack, worker_harness, first, "first:1")
        job = await worker_harness.add_job(sizes=[1] * 50, acts=dict.fromkeys(range(50), "wait"))
        for index in await both_at_work():
            (worker_harness.jobs.folder / f"go-{index}").touch()
        await wait_until(lambda: _are_done(job, 2), 60)
        await both_at_work()
        await first_stack.aclose()
        assert await Slice.filter(status="RUNNING", worker="first:1").count() == 0
        worker_harness.jobs.wake_worker = second.send_wake_up  # type: ignore[method-assign]
        (worker_harness.jobs.folder / "go").touch()
        await wait_for_status(job, JobStatus.COMPLETED, 60)
        assert (await check_counters(job.id)).completed_items == 50
        assert len({item.result["pid"] for item in await Item.filter(job_id=job.id)}) == 2


async def both_at_work() -> list[int]:
    """The items at which two workers are, as soon as they are."""

    async def is_so() -> bool:
        return len({row.worker for row in await Slice.filter(status="RUNNING", phase="PROCESS")}) == 2

    await wait_until(is_so, 60)
    return [row.first_index for row in await Slice.filter(status="RUNNING")]


async def _are_done(job: Job, items: int) -> bool:
    return (await Job.get(id=job.id)).completed_items == items


async def test_lost_and_doubled_wake_ups_do_no_harm(worker_harness: WorkerHarness, queue: AnyQueue) -> None:
    job = await worker_harness.add_job(sizes=[1] * 6)  # its wake-up reaches no queue
    async with AsyncExitStack() as stack:
        await run_worker(stack, worker_harness, queue, "w:1")
        await asyncio.gather(*(queue.send_wake_up() for _ in range(20)))
        await wait_for_status(job, JobStatus.COMPLETED, 60)
        assert (await check_counters(job.id)).completed_items == 6
        await wait_until(lambda: _has_no_work(job))


async def _has_no_work(job: Job) -> bool:
    return await Slice.filter(job_id=job.id).exclude(status="DONE").count() == 0


async def test_a_wake_up_that_the_queue_does_not_take_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Docket(name="waybill-test", url="memory://lost") as docket:
        queue = DocketQueue(docket)

        def refuse(*_: object, **__: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr(docket, "add", refuse)
        with capture_logs() as logs:
            await queue.send_wake_up()
        assert [line["log_level"] for line in logs] == ["warning"]


async def test_a_queue_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Docket(name="waybill-test", url="memory://hung") as docket:
        queue = DocketQueue(docket)

        async def hang() -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(docket, "add", lambda *_, **__: hang)
        with capture_logs() as logs:
            async with asyncio.timeout(5):
                await queue.send_wake_up()
        assert [line["log_level"] for line in logs] == ["warning"]


async def test_a_queue_that_failed_is_taken_up_again_and_one_that_is_left_stays_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
        queue = DocketQueue(opened, Backoff(0.01, 0.01, 0))
        with capture_logs() as logs:
            running = asyncio.create_task(queue.run(work, 1))
            await queue.send_wake_up()
            await asyncio.wait_for(worked.wait(), 30)
        assert [line["event"] for line in logs] == ["the queue failed; it is taken up again"] * 2
        running.cancel()
        await asyncio.wait_for(asyncio.wait([running]), 30)
        assert running.cancelled()


async def test_a_wake_up_that_cannot_be_used_does_not_keep_the_next_from_being_used(queue: AnyQueue) -> None:
    calls: list[int] = []
    has_failed, has_worked = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            has_failed.set()
            raise DBConnectionError("refused")
        has_worked.set()

    with capture_logs() as logs:
        running = asyncio.create_task(queue.run(work, 1))
        await queue.send_wake_up()
        await asyncio.wait_for(has_failed.wait(), 30)
        await queue.send_wake_up()
        await asyncio.wait_for(has_worked.wait(), 30)
    assert [line["event"] for line in logs] == ["a wake-up could not be used; the next sweep gives another"]
    running.cancel()
    await asyncio.wait([running])


async def test_a_queue_that_is_left_lets_what_it_began_end(queue: AnyQueue) -> None:
    has_begun, may_end, has_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        has_begun.set()
        await may_end.wait()
        has_ended.set()

    running = asyncio.create_task(queue.run(work, 1))
    await queue.send_wake_up()
    await asyncio.wait_for(has_begun.wait(), 30)
    running.cancel()
    may_end.set()
    await asyncio.wait_for(asyncio.wait([running]), 30)
    assert (has_ended.is_set(), running.cancelled()) == (True, True)


async def test_at_most_so_many_use_wake_ups_at_a_time(queue: AnyQueue) -> None:
    at_work, most = 0, 0
    uses, all_used = 0, asyncio.Event()

    async def work() -> None:
        nonlocal at_work, most, uses
        at_work += 1
        most = max(most, at_work)
        await queue.send_wake_up()
        await asyncio.sleep(0.01)
        at_work -= 1
        uses += 1
        if uses == 10:
            all_used.set()

    running = asyncio.create_task(queue.run(work, 2))
    await queue.send_wake_up()
    await asyncio.wait_for(all_used.wait(), 30)
    running.cancel()
    await asyncio.wait([running])
    assert most == 2


async def test_a_thousand_wake_ups_while_all_are_busy_leave_one_and_it_is_used(queue: AnyQueue) -> None:
    """A wake-up is as good as what is seen after it: whoever looks later than it was given has used it."""
    given, seen = 0, -1
    may_end = asyncio.Event()
    at_work = asyncio.Semaphore(0)

    async def work() -> None:
        nonlocal seen
        seen = given
        at_work.release()
        await may_end.wait()

    running = asyncio.create_task(queue.run(work, 2))
    for _ in range(2):  # the second is given while the first is being used
        await queue.send_wake_up()
        await asyncio.wait_for(at_work.acquire(), 30)
    before = await count_names(queue)
    for _ in range(1_000):
        given += 1
        await queue.send_wake_up()
    assert await count_names(queue) <= before
    assert (await count_waiting(queue), seen) == (1, 0)
    may_end.set()
    await asyncio.wait_for(at_work.acquire(), 30)
    assert seen == given
    await wait_until(lambda: has_no_waiting(queue))
    assert await count_names(queue) <= before
    running.cancel()
    await asyncio.wait([running])


async def test_a_wake_up_given_while_one_ends_is_used(queue: AnyQueue) -> None:
    """Each of 200 is given at another moment of the run before, its very end included; the sweep is not asked."""
    given = seen = 0
    looked = asyncio.Event()

    async def work() -> None:
        nonlocal seen
        seen = given
        looked.set()
        await asyncio.sleep(0)

    running = asyncio.create_task(queue.run(work, 2))
    for number in range(200):
        given += 1
        looked.clear()
        await queue.send_wake_up()
        async with asyncio.timeout(10):
            while seen < given:
                await looked.wait()
                looked.clear()
        await asyncio.sleep(number % 8 / 4_000)
    running.cancel()
    await asyncio.wait([running])


async def count_names(queue: AnyQueue) -> int:
    """Names of the queue in Redis."""
    if isinstance(queue, LocalQueue):
        return 0
    async with queue._docket.redis() as redis:
        return len(await redis.keys(f"{queue._docket.name}:*"))


async def count_waiting(queue: AnyQueue) -> int:
    """Wake-ups that nobody uses yet: those in the stream without those that somebody was given and has not ended."""
    if isinstance(queue, LocalQueue):
        return int(queue.is_waiting)
    async with queue._docket.redis() as redis:
        total = await redis.xlen(queue._docket.stream_key)
        taken = await redis.xpending(queue._docket.stream_key, queue._docket.worker_group_name)
        return int(total) - int(taken["pending"])


async def has_no_waiting(queue: AnyQueue) -> bool:
    return await count_waiting(queue) == 0


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


async def test_a_redis_that_is_full_cannot_be_given_wake_ups(tmp_path: Path) -> None:
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
