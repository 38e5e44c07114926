"""Pausing stops the work and keeps its place; resuming goes on from there."""

import pytest

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SliceStatus
from jobs.lifecycle import cancel_job, pause_job, resume_job
from jobs.recording.logs import record_lines
from jobs.recording.progress import record_progress
from jobs.scheduling.claims import ClaimLost, check_claim
from jobs.scheduling.leases import release_run
from models import Job, JobEvent, Slice
from processors.contract import LogLevel
from tests.databases import read_tables
from tests.job_harness import JobHarness, check_counters, completed, item_statuses


async def test_a_paused_job_takes_no_more_results_and_goes_on_with_what_is_left(harness: JobHarness) -> None:
    job = await harness.plan(2, 1)
    claim = await harness.claim()
    await harness.record(claim, completed(0), is_done=False)
    paused = await pause_job(harness.viewer, job.id, harness.outbox)
    assert (paused.status, paused.status_message) == (JobStatus.PAUSED, "Paused by its owner.")
    assert [event.kind for event in harness.events[-2:]] == ["job", "stop"]

    before = await read_tables()
    for late in (
        harness.record(claim, completed(1)),
        record_progress(claim, 0.5, harness.kind, harness.outbox),
        record_lines(claim, [(LogLevel.INFO, "late")], harness.outbox),
        check_claim(claim),
    ):
        with pytest.raises(ClaimLost):
            await late
    await release_run(claim, harness.outbox)
    assert await read_tables() == before
    assert await harness.try_claim() is None
    assert await Slice.filter(job_id=job.id, status=SliceStatus.RUNNING).count() == 0

    resumed = await resume_job(harness.viewer, job.id, harness.outbox)
    assert (resumed.status, resumed.percentage) == (JobStatus.PENDING, paused.percentage)
    again = await harness.claim()
    assert again.first.number == claim.first.number
    assert await item_statuses(job.id) == ["COMPLETED", "PENDING", "PENDING"]
    await harness.record(again, completed(1))
    await harness.do_slice()
    await harness.finish()
    done = await check_counters(job.id)
    assert (done.status, done.attempt, done.completed_items) == (JobStatus.COMPLETED, 1, 3)
    told = [str(event.status) for event in await JobEvent.filter(job_id=job.id).order_by("id")]
    assert told[-4:] == ["PENDING", "PROCESSING", "PROCESSING", "COMPLETED"]
    assert "PAUSED" in told


async def test_a_waiting_job_keeps_its_place_in_the_queue_over_a_pause(harness: JobHarness) -> None:
    first, second = await harness.add_job(), await harness.add_job()
    await pause_job(harness.viewer, first.id, harness.outbox)
    await resume_job(harness.viewer, first.id, harness.outbox)
    assert (await harness.claim()).job.id == first.id
    assert (await harness.claim()).job.id == second.id


async def test_a_pause_does_not_count_as_work(harness: JobHarness) -> None:
    job = await harness.plan(1)
    await harness.claim()
    await Job.filter(id=job.id).update(working_since=(await Job.get(id=job.id)).created_at, worked_seconds=7)
    await pause_job(harness.viewer, job.id, harness.outbox)
    paused = await Job.get(id=job.id)
    assert paused.working_since is None
    assert 7 <= paused.worked_seconds < 8
    await resume_job(harness.viewer, job.id, harness.outbox)
    await harness.claim()
    working = await Job.get(id=job.id)
    assert working.working_since is not None
    assert working.worked_seconds == paused.worked_seconds


async def test_a_paused_job_can_be_cancelled(harness: JobHarness) -> None:
    job = await harness.put_into(JobStatus.PAUSED)
    assert (await cancel_job(harness.viewer, job.id, harness.outbox)).status is JobStatus.CANCELLED
    assert set(await item_statuses(job.id)) == {"CANCELLED"}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (JobStatus.UPLOADING, ErrorCode.CANNOT_PAUSE),
        (JobStatus.AWAITING_INPUT, ErrorCode.CANNOT_PAUSE),
        (JobStatus.CANCELLING, ErrorCode.CANNOT_PAUSE),
        (JobStatus.COMPLETED, ErrorCode.CANNOT_PAUSE),
        (JobStatus.FAILED, ErrorCode.CANNOT_PAUSE),
    ],
)
async def test_what_cannot_be_paused_is_refused_and_stays_as_it_is(
    harness: JobHarness, status: JobStatus, code: ErrorCode
) -> None:
    job = await harness.put_into(status)
    before = await read_tables()
    with pytest.raises(Refusal) as refused:
        await pause_job(harness.viewer, job.id, harness.outbox)
    assert refused.value.code is code
    assert await read_tables() == before


async def test_only_a_paused_job_can_be_resumed(harness: JobHarness) -> None:
    job = await harness.add_job()
    with pytest.raises(Refusal) as refused:
        await resume_job(harness.viewer, job.id, harness.outbox)
    assert refused.value.code is ErrorCode.CANNOT_RESUME
