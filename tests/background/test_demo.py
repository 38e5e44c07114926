"""The kind `demo` with real child processes: every life that it can be told to play."""

import asyncio
import time
from typing import Any

import orjson
import pytest

from base.errors import ErrorCode, Refusal
from base.words import JobStatus
from jobs.lifecycle import cancel_job, pause_job, resume_job, retry_job, start_job
from models import File, Item, Job, JobEvent, LogEntry
from processors import registry
from processors.demo.kind import KIND as DEMO
from tests.background.worker_harness import WorkerHarness, on_sqlite, wait_for_status, wait_until
from tests.databases import read_tables
from tests.job_harness import JobHarness, check_counters, item_statuses

pytestmark = on_sqlite


@pytest.fixture(autouse=True)
def _demo(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.kind = DEMO
    monkeypatch.setattr(registry, "references", lambda: {"demo": registry.BUILT_IN["demo"]})


async def played(worker_harness: WorkerHarness, **options: Any) -> Job:
    return await worker_harness.run(await worker_harness.jobs.add_job(options={"seconds": 0, **options}))


async def test_it_counts_and_hands_in_a_result(worker_harness: WorkerHarness) -> None:
    job = await played(worker_harness, items=3)
    assert (job.status, job.type, job.completed_items) == (JobStatus.COMPLETED, "TASK", 3)
    file = await File.get(job_id=job.id)
    assert orjson.loads(worker_harness.storage.path_of(file.storage_key).read_bytes()) == {"completed": 3, "failed": 0}
    assert (await Item.get(job_id=job.id, index=2)).result == {"square": 4}


async def test_it_takes_as_long_as_it_was_told(worker_harness: WorkerHarness) -> None:
    begin = time.monotonic()
    job = await played(worker_harness, items=4, seconds=1)
    assert job.status is JobStatus.COMPLETED
    assert time.monotonic() - begin >= 1


async def test_items_fail_alone_and_are_done_again_alone(worker_harness: WorkerHarness) -> None:
    job = await played(worker_harness, items=4, failItems=[1, 3])
    assert (job.status, job.failed_items) == (JobStatus.COMPLETED, 2)
    assert await item_statuses(job.id) == ["COMPLETED", "FAILED", "COMPLETED", "FAILED"]
    await Job.filter(id=job.id).update(options={"seconds": 0, "items": 4})
    await retry_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox, only_failed_items=True)
    again = await worker_harness.run(job)
    assert (again.status, again.failed_items, again.attempt) == (JobStatus.COMPLETED, 0, 2)
    assert [item.attempt for item in await Item.filter(job_id=job.id).order_by("index")] == [1, 2, 1, 2]


async def test_a_fatal_error_fails_the_task(worker_harness: WorkerHarness) -> None:
    job = await played(worker_harness, items=4, failAt=2)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "PROCESSING_FAILED")
    assert job.error_message == "Item 2 broke everything, as it was told to."


async def test_a_task_without_items_is_done(worker_harness: WorkerHarness) -> None:
    job = await played(worker_harness, items=0)
    assert (job.status, job.total_items, job.percentage) == (JobStatus.COMPLETED, 0, 100.0)


async def test_a_question_waits_for_its_owner_and_the_work_goes_on_from_there(worker_harness: WorkerHarness) -> None:
    job = await played(worker_harness, items=4, askAt=2)
    assert (job.status, job.awaiting) == (JobStatus.AWAITING_INPUT, "answer")
    assert job.status_message == "Item 2 is next: start the job to go on."
    assert (await LogEntry.filter(job_id=job.id).order_by("-id"))[0].message == job.status_message
    await start_job(worker_harness.jobs.viewer, job.id, registry.find_kind, worker_harness.jobs.outbox)
    assert (await Job.get(id=job.id)).answered == ["answer"]
    done = await worker_harness.run(job)
    assert (done.status, done.attempt, done.awaiting) == (JobStatus.COMPLETED, 1, None)
    assert (await check_counters(job.id)).completed_items == 4
    told = [str(event.status) for event in await JobEvent.filter(job_id=job.id).order_by("id")]
    assert told[told.index("AWAITING_INPUT") + 1] == "PENDING"


@pytest.mark.parametrize(("act", "status"), [("askAt", JobStatus.AWAITING_INPUT), ("failAt", JobStatus.FAILED)])
async def test_items_before_a_question_or_an_error_are_kept(
    worker_harness: WorkerHarness, act: str, status: JobStatus
) -> None:
    job = await played(worker_harness, items=4, **{act: 2})
    assert (job.status, (await check_counters(job.id)).completed_items) == (status, 2)
    assert (await item_statuses(job.id))[:2] == ["COMPLETED", "COMPLETED"]


async def test_items_and_lines_before_a_stall_are_there_within_seconds(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.jobs.add_job(options={"items": 3, "seconds": 0, "stallAt": 2})
    task = asyncio.create_task((await worker_harness.worker()).work())

    async def are_there() -> bool:
        has_line = await LogEntry.filter(job_id=job.id, message="Standing still at item 2.").exists()
        return has_line and (await check_counters(job.id)).completed_items == 2

    await wait_until(are_there)
    await cancel_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)
    await task
    assert (await check_counters(job.id)).completed_items == 2


async def test_a_stall_is_paused_and_resumed_without_a_trace_of_the_item_that_ran(
    worker_harness: WorkerHarness,
) -> None:
    job = await worker_harness.jobs.add_job(options={"items": 3, "seconds": 0, "stallAt": 2})
    worker = await worker_harness.worker()
    task = asyncio.create_task(worker.work())

    async def is_standing() -> bool:
        return (await Job.get(id=job.id)).stage == "play" and await LogEntry.filter(job_id=job.id).count() > 0

    await wait_until(is_standing)
    await pause_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)
    await asyncio.wait_for(task, 20)
    before = await read_tables()
    await asyncio.sleep(0.5)
    assert await read_tables() == before
    await Job.filter(id=job.id).update(options={"items": 3, "seconds": 0})
    await resume_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)
    await worker.work()
    assert (await check_counters(job.id)).status is JobStatus.COMPLETED


async def test_a_stall_is_cancelled_within_two_seconds(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.jobs.add_job(options={"items": 3, "seconds": 0, "stallAt": 0})
    worker = await worker_harness.worker()
    task = asyncio.create_task(worker.work())
    await wait_for_status(job, JobStatus.PROCESSING)
    await cancel_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)
    await wait_for_status(job, JobStatus.CANCELLED, 2)
    await task
    assert (await check_counters(job.id)).status is JobStatus.CANCELLED


@pytest.mark.parametrize(
    "options",
    [{"items": -1}, {"items": 100_001}, {"seconds": -1}, {"seconds": 86_401}, {"seconds": "NaN"}, {"other": 1}],
)
async def test_what_cannot_be_played_is_refused(harness: JobHarness, options: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        await harness.add_job(options=options)
    assert refused.value.code is ErrorCode.BAD_INPUT
