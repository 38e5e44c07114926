"""Numbers of jobs and the age of the queue, on both databases."""

import pytest
from tortoise.connection import get_connection

from base.words import JobStatus
from jobs.monitoring import count_jobs_by_kind, queue_age_seconds
from models import Job
from models.sql import database_now, sql
from tests.job_harness import JobHarness


async def queue_since(job: Job, seconds: float) -> None:
    """Let `job` have been queued so long ago, by the clock of the database."""
    db = get_connection("default")
    statement = f"UPDATE jobs SET queued_at = {database_now(db)} - $1 WHERE id = $2"
    await db.execute_query(sql(db, statement), [seconds, job.id])


async def test_jobs_are_counted_by_kind_and_status_but_not_deleted_ones(harness: JobHarness) -> None:
    assert await count_jobs_by_kind() == {}
    kind = (await harness.add_job()).kind
    await harness.add_job()
    await harness.put_into(JobStatus.FAILED)
    gone = await harness.put_into(JobStatus.CANCELLED)
    await Job.filter(id=gone.id).update(deleted_at=gone.created_at)

    counts = await count_jobs_by_kind()
    assert counts[kind, "FAILED"] == 1
    assert (kind, "CANCELLED") not in counts
    assert sum(counts.values()) == 3


async def test_the_age_is_that_of_the_job_whose_work_waits_longest(harness: JobHarness) -> None:
    assert await queue_age_seconds() == 0
    first, second = await harness.add_job(), await harness.add_job()
    await queue_since(first, 100)
    await queue_since(second, 30)

    assert await queue_age_seconds() == pytest.approx(100, abs=5)


async def test_work_that_is_being_done_does_not_wait(harness: JobHarness) -> None:
    job = await harness.add_job()
    await queue_since(job, 100)
    await harness.claim()

    assert await queue_age_seconds() == 0


async def test_a_clock_that_was_set_back_makes_no_negative_age(harness: JobHarness) -> None:
    await queue_since(await harness.add_job(), -3_600)

    assert await queue_age_seconds() == 0
