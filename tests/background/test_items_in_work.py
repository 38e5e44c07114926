"""PROCESSING is the status of items in work, and of those alone."""

import asyncio

from background.worker import Worker
from base.words import ItemStatus, JobStatus
from events.messages import Event
from jobs.contents import list_items
from jobs.lifecycle import cancel_job, pause_job, resume_job
from jobs.scheduling.leases import sweep_leases
from models import Item, Job
from tests.background.test_worker import abandon
from tests.background.worker_harness import WorkerHarness, on_sqlite, wait_for_status, wait_until
from tests.job_harness import expire_leases, item_statuses, page_of


async def in_work(job: Job) -> list[int]:
    return [item.index for item in await Item.filter(job_id=job.id, status="PROCESSING").order_by("index")]


async def wait_for_work(job: Job, *indices: int) -> None:
    async def are_in_work() -> bool:
        return await in_work(job) == list(indices)

    await wait_until(are_in_work)


async def begin_both(worker: Worker, job: Job) -> list[asyncio.Task[None]]:
    """Have a job's two slices done side by side, until both stand still."""
    first = asyncio.create_task(worker.work())
    await wait_for_work(job, 1)
    second = asyncio.create_task(worker.work())
    await wait_for_work(job, 1, 3)
    return [first, second]


async def test_the_item_in_work_is_processing_and_after_a_pause_it_is_not(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(sizes=[3, 2], acts={1: "burn", 3: "burn"})
    worker = await worker_harness.worker(count=2)
    tasks = await begin_both(worker, job)
    assert await item_statuses(job.id) == ["COMPLETED", "PROCESSING", "PENDING", "PROCESSING", "PENDING"]
    listed = {status: await page_of(list_items(status), job.id, first=10) for status in ItemStatus}
    assert [row["index"] for row in listed[ItemStatus.PROCESSING].rows] == [1, 3]
    assert [row["index"] for row in listed[ItemStatus.PENDING].rows] == [2, 4]

    await pause_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)
    assert await item_statuses(job.id) == ["COMPLETED"] + ["PENDING"] * 4
    await asyncio.wait(tasks)
    await resume_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)
    tasks = await begin_both(worker, job)
    await cancel_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)
    await wait_for_status(job, JobStatus.CANCELLED)
    assert await item_statuses(job.id) == ["COMPLETED"] + ["CANCELLED"] * 4
    await asyncio.wait(tasks)


async def test_an_item_whose_worker_is_lost_waits_again(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(acts={1: "burn"})
    worker = await worker_harness.worker(count=1)
    task = asyncio.create_task(worker.work())
    await wait_for_work(job, 1)
    await abandon(worker, task)
    assert await in_work(job) == [1]
    await expire_leases()
    await sweep_leases(worker_harness.jobs.outbox)
    assert await item_statuses(job.id) == ["COMPLETED"] + ["PENDING"] * 3


@on_sqlite
async def test_watchers_are_told_when_an_item_begins_and_slow_items_one_after_the_other(
    worker_harness: WorkerHarness,
) -> None:
    job = await worker_harness.add_job(sizes=[3], seconds=1.2)
    seen: list[list[int]] = []
    publish = worker_harness.jobs.publish

    async def note(*events: Event) -> None:
        await publish(*events)
        seen.append(await in_work(job))

    worker_harness.jobs.publish = note  # type: ignore[method-assign]
    await worker_harness.run(job)
    shown = [indices for place, indices in enumerate(seen) if indices and indices != seen[place - 1]]
    assert shown == [[0], [1], [2]]


@on_sqlite
async def test_items_that_take_a_moment_are_written_once_each(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(sizes=[2_000])
    before = len(worker_harness.jobs.events)
    await worker_harness.run(job)
    assert len(worker_harness.jobs.events) - before < 40
    assert set(await item_statuses(job.id)) == {"COMPLETED"}
