"""Work that stands still has no time left that anybody could tell; work that moves has."""

from tortoise.connection import get_connection

from base.words import JobStatus
from jobs.recording.items import record_items
from jobs.recording.progress import seconds_left
from jobs.stalls import sweep_stalls
from models import Job
from models.fields import now
from models.sql import fetch_rows
from tests.job_harness import JobHarness, completed


async def left(job: Job) -> float | None:
    return seconds_left(await Job.get(id=job.id), now())


async def pass_seconds(seconds: float) -> None:
    """All that happened until now happened so much earlier."""
    columns = ("progressed_at", "working_since", "started_at")
    changes = ", ".join(f"{column} = {column} - {seconds}" for column in columns)
    await fetch_rows(get_connection("default"), f"UPDATE jobs SET {changes}")


async def test_what_stands_still_has_no_eta_until_it_moves_again(harness: JobHarness) -> None:
    job = await harness.plan(4)
    claim = await harness.claim()
    await harness.record(claim, completed(0), is_done=False)
    assert await left(job) is not None
    assert await sweep_stalls(harness.outbox) == 0

    await pass_seconds(11)
    told = len(harness.events)
    assert await sweep_stalls(harness.outbox) == 1
    assert [event.row["id"] for event in harness.events[told:]] == [job.id]
    assert await left(job) is None
    assert await sweep_stalls(harness.outbox) == 0

    await record_items(claim, [completed(1)], [], harness.kind, harness.outbox, is_done=False)
    assert await left(job) is not None


async def test_work_with_slow_items_does_not_stand_still_between_them(harness: JobHarness) -> None:
    job = await harness.plan(4)
    claim = await harness.claim()
    await fetch_rows(get_connection("default"), "UPDATE jobs SET working_since = working_since - 60")
    await harness.record(claim, completed(0), is_done=False)
    await pass_seconds(60)
    assert await sweep_stalls(harness.outbox) == 0
    assert await left(job) is not None
    await pass_seconds(60)
    assert await sweep_stalls(harness.outbox) == 1


async def test_jobs_that_wait_or_have_ended_are_left_alone(harness: JobHarness) -> None:
    await harness.put_into(JobStatus.COMPLETED)
    await harness.put_into(JobStatus.PAUSED)
    await pass_seconds(1_000)
    assert await sweep_stalls(harness.outbox) == 0
