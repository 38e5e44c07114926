"""Runs: several slices of a job that one worker takes at once."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from background.recorders import SliceRecorder
from background.run_lengths import JOBS_REMEMBERED, RunLengths
from background.slice_run import LATE_SECONDS, SliceRun
from base.errors import ErrorCode, Refusal
from base.words import ItemStatus, JobStatus
from jobs.lifecycle import pause_job, resume_job
from jobs.recording.outcomes import record_failure
from models import Item, Job, Slice
from processors.contract import ItemResult
from processors.registry import find_kind
from tests.background.calls import number_told
from tests.background.worker_harness import WorkerHarness, wait_until
from tests.job_harness import JobHarness, check_counters


async def statuses(job: Job) -> list[str]:
    return [str(row.status) for row in await Slice.filter(job_id=job.id, phase="PROCESS").order_by("number")]


@pytest.mark.parametrize(
    ("length", "seconds", "then"), [(1, 0.4, 2), (2, 0.5, 4), (4, 0.1, 4), (4, 0.6, 4), (4, 1.1, 2), (1, 9.0, 1)]
)
async def test_a_run_is_followed_by_one_that_takes_about_its_time(
    harness: JobHarness, length: int, seconds: float, then: int
) -> None:
    job = await harness.plan(*[1] * 4)
    lengths = RunLengths(most=4, seconds=1.0)
    assert lengths.length_for(job.id) == 1
    lengths.learn(await harness.claim_run(length), seconds)
    assert (lengths.length_for(job.id), lengths.length_for("another")) == (then, 1)


async def test_what_is_no_run_of_items_tells_nothing_of_their_pace(harness: JobHarness) -> None:
    job = await harness.add_job()
    lengths = RunLengths()
    lengths.learn(await harness.claim(), 0.0)
    assert lengths.length_for(job.id) == 1


async def test_the_lengths_of_the_latest_jobs_alone_are_remembered(harness: JobHarness) -> None:
    await harness.plan(1)
    claim = await harness.claim()
    lengths = RunLengths()
    for number in range(JOBS_REMEMBERED + 1):
        lengths.learn(replace(claim, job=Job(id=f"job-{number}")), 0.0)
    assert [lengths.length_for(f"job-{number}") for number in (0, 1, JOBS_REMEMBERED)] == [1, 2, 2]


async def test_a_late_run_gives_back_what_it_has_not_begun(harness: JobHarness) -> None:
    job = await harness.plan(1, 1, 1)
    claim = await harness.claim_run(3)
    left = [0, 1, 2]
    run = SliceRun(claim, left, harness.outbox, late_seconds=0)
    assert run.begin_seconds <= 0
    wake_ups = harness.wake_ups
    await run.release_late()
    assert [one.number for one in claim.slices] == [0]
    assert (left, [(one.number, indices) for one, indices in run.parts()]) == ([0], [(0, [0])])
    assert await statuses(job) == ["RUNNING", "WAITING", "WAITING"]
    assert harness.wake_ups == wake_ups + 1
    assert (await Job.get(id=job.id)).status is JobStatus.PROCESSING
    assert {row.crash_count for row in await Slice.all()} == {0}


async def test_a_run_in_time_keeps_all_it_has(harness: JobHarness) -> None:
    job = await harness.plan(2, 1, 2)
    claim = await harness.claim_run(3)
    left = [0, 1, 2, 3, 4]
    run = SliceRun(claim, left, harness.outbox)
    assert 0 < run.begin_seconds < LATE_SECONDS
    del left[0]
    await run.release_late()
    assert [(one.number, indices) for one, indices in run.parts()] == [(0, [1]), (1, [2]), (2, [3, 4])]
    del left[:2]
    await run.release_late()
    assert [(one.number, indices) for one, indices in run.parts()] == [(2, [3, 4])]
    left.clear()
    await run.release_late()
    assert (run.parts(), len(claim.slices), await statuses(job)) == ([], 3, ["RUNNING"] * 3)


async def test_a_late_run_keeps_what_is_done_and_what_is_in_work(harness: JobHarness) -> None:
    job = await harness.plan(1, 2, 1)
    claim = await harness.claim_run(3)
    left = [2, 3]
    await SliceRun(claim, left, harness.outbox, late_seconds=0).release_late()
    assert (left, [one.number for one in claim.slices]) == ([2], [0, 1])
    assert await statuses(job) == ["RUNNING", "RUNNING", "WAITING"]


async def test_a_result_of_a_slice_that_was_given_back_is_not_wanted(harness: JobHarness) -> None:
    await harness.plan(1, 1)
    claim = await harness.claim_run(2)
    left = [0, 1]
    results = SliceRecorder(claim, find_kind("scripted"), harness.outbox, left)
    await SliceRun(claim, left, harness.outbox, late_seconds=0).release_late()
    mine, given_back = (ItemResult(index, ItemStatus.COMPLETED, b"{}") for index in range(2))
    assert results.wanted([mine, given_back]) == [mine]


async def test_what_is_left_of_a_late_run_still_fails_its_job(harness: JobHarness) -> None:
    job = await harness.plan(1, 1)
    claim = await harness.claim_run(2)
    await SliceRun(claim, [0, 1], harness.outbox, late_seconds=0).release_late()
    refusal = Refusal(ErrorCode.CORRUPT_FILE, "The file is damaged.")
    await record_failure(claim, refusal, harness.outbox, is_retryable=False)
    assert (await check_counters(job.id)).status is JobStatus.FAILED


async def test_while_an_item_is_slow_others_do_the_rest_of_its_run(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(sizes=[1, 1, 1], acts={1: "wait"})
    slow = asyncio.create_task((await worker_harness.worker("slow:1", count=1)).work())
    await number_told(worker_harness.jobs.folder)
    assert await statuses(job) == ["DONE", "RUNNING", "RUNNING"]

    async def is_given_back() -> bool:
        return await statuses(job) == ["DONE", "RUNNING", "WAITING"]

    await wait_until(is_given_back)
    await (await worker_harness.worker("next:2", count=1)).work()
    assert await statuses(job) == ["DONE", "RUNNING", "DONE"]
    (worker_harness.jobs.folder / "go").touch()
    await slow
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.completed_slices) == (JobStatus.COMPLETED, 3, 3)
    assert [item[0] for item in await worker_harness.report(job)] == [0, 1, 2]


async def test_a_pause_in_the_middle_of_a_run_keeps_what_is_done_and_does_the_rest_once(
    worker_harness: WorkerHarness,
) -> None:
    job = await worker_harness.add_job(sizes=[1, 1, 1], acts={2: "wait"})
    task = asyncio.create_task((await worker_harness.worker(count=1)).work())
    await number_told(worker_harness.jobs.folder)

    async def is_recorded() -> bool:
        return (await Job.get(id=job.id)).completed_items == 2

    await wait_until(is_recorded)
    await pause_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)
    await task
    assert await statuses(job) == ["DONE", "WAITING", "WAITING"]
    assert (await check_counters(job.id)).status is JobStatus.PAUSED
    (worker_harness.jobs.folder / "go").touch()
    await resume_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)
    await (await worker_harness.worker("next:2", count=1)).work()
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.completed_slices) == (JobStatus.COMPLETED, 3, 3)
    assert [item[0] for item in await worker_harness.report(job)] == [0, 1, 2]


@pytest.mark.parametrize("act", ["abort", "fail"])
async def test_an_item_that_goes_wrong_in_a_run_fails_alone(worker_harness: WorkerHarness, act: str) -> None:
    with capture_logs():
        job = await worker_harness.run(await worker_harness.add_job(sizes=[2] * 8, acts={9: act}))
    assert (job.status, (await check_counters(job.id)).completed_slices) == (JobStatus.COMPLETED, 8)
    assert [row.index for row in await Item.filter(job_id=job.id, status="FAILED")] == [9]
    assert [item[0] for item in await worker_harness.report(job)] == list(range(16))
    assert {row.crash_count for row in await Slice.filter(job_id=job.id)} == {0}
