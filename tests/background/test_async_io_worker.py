"""Work of executor `async_io` keeps the promises of docs/jobs.md, on both databases."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from background.worker import Worker
from base.words import JobStatus
from jobs.lifecycle import cancel_job, pause_job, resume_job, start_job
from jobs.scheduling import leases
from models import File, Item, Job, LogEntry, Slice
from processors import registry
from tests.background.answering import Answering, answering
from tests.background.scripted.coroutines import STEPS
from tests.background.scripted.kind import ASYNC_KIND, KIND
from tests.background.worker_harness import WorkerHarness, wait_for_status, wait_until
from tests.job_harness import JobHarness, check_counters, item_statuses


@pytest.fixture(autouse=True)
def kind(harness: JobHarness) -> None:
    STEPS.clear()
    harness.kind = ASYNC_KIND


@pytest.fixture
async def server() -> AsyncIterator[Answering]:
    async with answering() as state:
        yield state


async def working(worker: Worker) -> "asyncio.Task[None]":
    return asyncio.create_task(worker.work())


async def test_a_job_is_done_by_coroutines_of_the_worker(worker_harness: WorkerHarness, server: Answering) -> None:
    job = await worker_harness.run(await worker_harness.add_job(url=server.url, sizes=[3, 2], acts={1: "talk"}))
    assert (job.status, job.percentage, job.completed_items) == (JobStatus.COMPLETED, 100.0, 5)
    assert (await check_counters(job.id)).completed_slices == 2
    assert (await Item.get(job_id=job.id, index=4)).result == {"index": 4, "pid": os.getpid(), "text": "number 4"}
    assert [row[:2] for row in await worker_harness.report(job)] == [[index, "COMPLETED"] for index in range(5)]
    assert await LogEntry.filter(job_id=job.id).count() == 1000
    assert sorted(server.answered) == ["0", "2", "3", "4"]
    assert not list((worker_harness.jobs.folder / "work").iterdir())


async def test_one_bad_item_fails_alone(worker_harness: WorkerHarness, server: Answering) -> None:
    job = await worker_harness.run(await worker_harness.add_job(url=server.url, sizes=[4], acts={1: "fail"}))
    assert job.status is JobStatus.COMPLETED
    assert await item_statuses(job.id) == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]
    failed = await Item.get(job_id=job.id, index=1)
    assert failed.error_message == "Processing failed because of an error in the program. It was logged."


async def test_one_hanging_item_ends_alone(worker_harness: WorkerHarness, server: Answering) -> None:
    job = await worker_harness.add_job(url=server.url, sizes=[3], acts={1: "read_forever"})
    await (await worker_harness.worker(silence_seconds=2)).work()
    assert (await Job.get(id=job.id)).status is JobStatus.COMPLETED
    assert await item_statuses(job.id) == ["COMPLETED", "FAILED", "COMPLETED"]
    assert (await Item.get(job_id=job.id, index=1)).error_code == "TIMED_OUT"


@pytest.mark.parametrize("act", ["clean_up_slowly", "ignore_cancelling"])
async def test_cancel_stops_the_work_and_nothing_is_written_afterwards(
    worker_harness: WorkerHarness, server: Answering, act: str
) -> None:
    job = await worker_harness.add_job(url=server.url, sizes=[4], acts={2: act})
    task = await working(await worker_harness.worker())
    await wait_until(lambda: server.kept or STEPS)
    jobs = worker_harness.jobs
    await cancel_job(jobs.viewer, job.id, jobs.outbox)
    await wait_for_status(job, JobStatus.CANCELLED)
    steps = list(STEPS)
    await task
    assert steps == STEPS
    assert steps[-1] == ("cleaned up" if act == "clean_up_slowly" else "step")
    assert await Slice.filter(status__in=["WAITING", "RUNNING"]).count() == 0
    assert not server.kept


async def test_pause_keeps_what_is_done_and_resume_goes_on(worker_harness: WorkerHarness, server: Answering) -> None:
    job = await worker_harness.add_job(url=server.url, sizes=[4], acts={2: "clean_up_slowly"})
    task = await working(await worker_harness.worker())
    await wait_until(lambda: server.kept)
    await wait_until(lambda: _is_completed(job, 2))
    jobs = worker_harness.jobs
    await pause_job(jobs.viewer, job.id, jobs.outbox)
    await task
    assert (await Job.get(id=job.id)).status is JobStatus.PAUSED
    assert STEPS == ["cleaned up"]
    await Job.filter(id=job.id).update(options={"url": server.url})
    await resume_job(jobs.viewer, job.id, jobs.outbox)
    done = await worker_harness.run(job)
    assert (done.status, done.completed_items, done.attempt) == (JobStatus.COMPLETED, 4, 1)
    assert server.answered == ["0", "1", "2", "3"]


async def test_a_question_waits_for_the_owner(worker_harness: WorkerHarness, server: Answering) -> None:
    job = await worker_harness.run(await worker_harness.add_job(url=server.url, sizes=[2], acts={1: "ask"}))
    assert (job.status, job.awaiting) == (JobStatus.AWAITING_INPUT, "password")
    jobs = worker_harness.jobs
    await start_job(jobs.viewer, job.id, registry.find_kind, jobs.outbox)
    assert (await worker_harness.run(job)).status is JobStatus.COMPLETED


async def test_a_lost_lease_stops_the_work(worker_harness: WorkerHarness, server: Answering) -> None:
    job = await worker_harness.add_job(url=server.url, sizes=[2], acts={1: "read_forever"})
    worker = await worker_harness.worker()
    task, renewing = await working(worker), asyncio.create_task(worker.renew(every_seconds=0.1))
    await wait_until(lambda: server.kept)
    (row,) = await Slice.filter(status="RUNNING")
    await Slice.filter(id=row.id).update(fence=row.fence + 1, worker="another")
    await asyncio.wait_for(server.lost.wait(), 10)
    renewing.cancel()
    await Slice.filter(id=row.id).update(status="DONE")
    await task
    assert (await Job.get(id=job.id)).status is JobStatus.PROCESSING


async def test_a_long_wait_holds_its_lease(worker_harness: WorkerHarness, server: Answering) -> None:
    await worker_harness.add_job(url=server.url, sizes=[2], acts={1: "read_forever"})
    worker = await worker_harness.worker()
    task, renewing = await working(worker), asyncio.create_task(worker.renew(every_seconds=0.1))
    await wait_until(lambda: server.kept)
    await Slice.filter(status="RUNNING").update(lease_expires_at=1)
    await wait_until(_has_lease)
    assert await leases.sweep_leases(worker_harness.jobs.outbox) == 0
    assert server.kept == {"1"}
    renewing.cancel()
    await worker.stop()
    await task


async def test_stopping_gives_the_slice_back_and_another_worker_goes_on(
    worker_harness: WorkerHarness, server: Answering
) -> None:
    job = await worker_harness.add_job(url=server.url, sizes=[2, 2], acts={1: "read_forever"})
    first = await worker_harness.worker("first:1")
    task = await working(first)
    await wait_until(lambda: server.kept)
    await first.stop()
    await task
    assert not server.kept
    assert (await Job.get(id=job.id)).status is JobStatus.PENDING
    await Job.filter(id=job.id).update(options={"url": server.url, "sizes": [2, 2]})
    await (await worker_harness.worker("second:2")).work()
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.attempt) == (JobStatus.COMPLETED, 4, 1)
    assert {row.crash_count for row in await Slice.all()} == {0}


async def test_neither_executor_waits_for_the_other(
    worker_harness: WorkerHarness, server: Answering, tmp_path: Path
) -> None:
    jobs = worker_harness.jobs
    worker = await worker_harness.worker(count=1)
    jobs.kind = KIND
    children = [await worker_harness.add_job(acts={0: "burn"}, folder=tmp_path) for _ in range(3)]
    tasks = [await working(worker) for _ in range(worker.concurrency - 1)]
    await wait_until((tmp_path / "pid").exists)
    jobs.kind = ASYNC_KIND
    job = await worker_harness.add_job(url=server.url)
    tasks.append(await working(worker))
    await wait_for_status(job, JobStatus.COMPLETED)
    assert (await Job.get(id=children[0].id)).status is JobStatus.PROCESSING
    await worker.stop()
    await asyncio.gather(*tasks)


async def test_files_of_a_coroutine_are_taken_over(worker_harness: WorkerHarness, server: Answering) -> None:
    job = await worker_harness.run(await worker_harness.add_job(url=server.url, sizes=[1]))
    files = {file.name: file for file in await File.filter(job_id=job.id)}
    assert set(files) == {"report.json", "spool.txt"}
    content = worker_harness.storage.path_of(files["report.json"].storage_key).read_bytes()
    assert orjson.loads(content) == [[0, "COMPLETED", {"index": 0, "pid": os.getpid(), "text": "number 0"}]]


async def _is_completed(job: Job, items: int) -> bool:
    return (await Job.get(id=job.id)).completed_items == items


async def _has_lease() -> bool:
    return await Slice.filter(status="RUNNING", lease_expires_at__gt=1).exists()
