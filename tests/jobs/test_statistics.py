"""Counts of many jobs are those of their rows."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, Role
from jobs.queries import JobCriteria
from jobs.statistics import MAX_DAYS, Day, measure_jobs
from models import Job
from models.fields import now
from tests.job_harness import JobHarness, viewer_of

TODAY = now().replace(hour=0, minute=0, second=0, microsecond=0)
ADMIN = viewer_of("user-1754556928-0000000000aa", Role.ADMIN)
OTHER = viewer_of("user-1754556928-0000000000ff")

AddJob = Callable[..., Awaitable[str]]


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today stays today, also where midnight comes while tests run."""
    monkeypatch.setattr("jobs.statistics.now", lambda: TODAY + timedelta(hours=12))


@pytest.fixture
def add(harness: JobHarness) -> AddJob:
    async def add(**columns: Any) -> str:
        job = await harness.add_job(viewer=columns.pop("viewer", None), title=columns.pop("title", None))
        await Job.filter(id=job.id).update(**columns)
        return job.id

    return add


async def test_nothing_is_counted_as_nothing(harness: JobHarness) -> None:
    found = await measure_jobs(harness.viewer, JobCriteria())
    assert (found.total, found.by_status, found.days) == (0, {}, {})
    assert (found.average_run_seconds, found.success_rate) == (None, None)


async def test_statuses_days_items_and_seconds(harness: JobHarness, add: AddJob) -> None:
    late = TODAY - timedelta(microseconds=400)
    before = TODAY - timedelta(days=3)
    await add(created_at=TODAY)
    for status, ended, seconds in (
        (JobStatus.COMPLETED, late, 10), (JobStatus.COMPLETED, TODAY, 30), (JobStatus.FAILED, TODAY, 500),
        (JobStatus.CANCELLED, TODAY, 900),
    ):  # fmt: skip
        await add(
            status=status, created_at=before, started_at=ended - timedelta(seconds=seconds), finished_at=ended,
            completed_items=5, failed_items=2, skipped_items=1,
        )  # fmt: skip
    found = await measure_jobs(harness.viewer, JobCriteria())
    assert found.total == 5
    assert found.by_status == {
        JobStatus.PENDING: 1, JobStatus.COMPLETED: 2, JobStatus.FAILED: 1, JobStatus.CANCELLED: 1,
    }  # fmt: skip
    assert list(found.days.values()) == [Day(4), Day(), Day(0, 1, 0, 8), Day(1, 1, 1, 24)]
    assert list(found.days) == [(before + timedelta(days=n)).date() for n in range(4)]
    assert found.average_run_seconds == pytest.approx(20)
    assert found.success_rate == pytest.approx(2 / 3)


async def test_a_job_that_was_never_begun_has_no_seconds(harness: JobHarness, add: AddJob) -> None:
    await add(status=JobStatus.FAILED, finished_at=TODAY)
    await add(status=JobStatus.COMPLETED, finished_at=TODAY)
    found = await measure_jobs(harness.viewer, JobCriteria())
    assert (found.average_run_seconds, found.success_rate) == (None, 0.5)


async def test_days_are_the_newest_ninety(harness: JobHarness, add: AddJob) -> None:
    for days in (0, MAX_DAYS - 1, MAX_DAYS, 4_000):
        await add(created_at=TODAY - timedelta(days=days))
    await add(created_at=datetime(2100, 1, 1, tzinfo=UTC))
    found = await measure_jobs(harness.viewer, JobCriteria())
    assert (found.total, len(found.days)) == (5, 90)
    assert [day.created for day in found.days.values() if day.created] == [1, 1]


async def test_filters_and_rights_are_those_of_the_lists(harness: JobHarness, add: AddJob) -> None:
    await add(title="Straße 7")
    await add(viewer=OTHER)
    await add(deleted_at=TODAY)
    assert (await measure_jobs(harness.viewer, JobCriteria())).total == 1
    assert (await measure_jobs(ADMIN, JobCriteria())).total == 2
    assert (await measure_jobs(ADMIN, JobCriteria(owner_id=OTHER.user_id))).total == 1
    assert (await measure_jobs(harness.viewer, JobCriteria(search="STRASSE"))).total == 1
    assert (await measure_jobs(harness.viewer, JobCriteria(statuses=[JobStatus.FAILED]))).total == 0
    with pytest.raises(Refusal) as caught:
        await measure_jobs(OTHER, JobCriteria(owner_id=harness.viewer.user_id))
    assert caught.value.code is ErrorCode.FORBIDDEN
