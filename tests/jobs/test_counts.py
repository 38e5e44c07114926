"""Counts of jobs are those of a look at each of them.

Whatever happens to the jobs, and whenever it is folded.
"""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from auth.viewer import Viewer
from base.words import JobStatus, JobType, Role
from jobs.counts import fold_counts
from jobs.lifecycle import delete_job, retry_job
from jobs.monitoring import count_jobs_by_kind
from jobs.queries import JobCriteria
from jobs.statistics import measure_jobs
from models import Job, JobCount, JobCountChange
from models.fields import now
from models.ids import new_id
from tests.job_harness import JobHarness, viewer_of
from tests.statements import counted_statements

ADMIN = viewer_of("user-1754556928-0000000000aa", Role.ADMIN)
OWNERS = [viewer_of(f"user-1754556928-{number:012x}") for number in (1, 2, 3)]
TODAY = now().replace(hour=0, minute=0, second=0, microsecond=0)
ONE_BY_ONE = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
"""No midnight: what was created after it is looked at job by job."""
CRITERIA: list[dict[str, Any]] = [
    {}, {"types": [JobType.TASK]}, {"kinds": ["leads", "omr"]}, {"statuses": [JobStatus.FAILED]}, {"is_active": True},
    {"is_active": False}, {"created_before": TODAY - timedelta(days=1)}, {"owner_id": OWNERS[0].user_id},
]  # fmt: skip


class UndoneError(Exception):
    """Undoes a transaction."""


async def add_random(dice: random.Random) -> None:
    type_, kind = dice.choice([(JobType.BATCH, "leads"), (JobType.BATCH, "omr"), (JobType.TASK, "external")])
    moment = TODAY + timedelta(seconds=dice.uniform(-3 * 86_400, 86_400))
    await Job.create(
        id=new_id("batch"), type=type_, kind=kind, owner_id=dice.choice(OWNERS).user_id, status=JobStatus.PENDING,
        created_at=moment,
    )  # fmt: skip


def next_state(dice: random.Random, job: Job) -> dict[str, Any]:
    """Columns as some part of the code changes them together."""
    moment = job.created_at + timedelta(seconds=dice.uniform(0, 2 * 86_400))
    items = {
        "completed_items": dice.randrange(9),
        "failed_items": dice.randrange(9),
        "skipped_items": dice.randrange(9),
    }
    ended = dice.choice([JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED])
    return dice.choice(
        [
            {"status": JobStatus.PROCESSING, "started_at": moment}, items, {"title": "another"},
            {"status": ended, "finished_at": moment, **items}, {"deleted_at": moment},
            {"status": JobStatus.PENDING, "started_at": None, "finished_at": None}, {"priority": 3},
            {"owner_id": dice.choice(OWNERS).user_id},
        ]
    )  # fmt: skip


async def take_step(dice: random.Random) -> None:
    jobs = await Job.all().order_by("id")
    if not jobs or dice.random() < 0.3:
        await add_random(dice)
    elif dice.random() < 0.1:
        await dice.choice(jobs).delete()
    elif dice.random() < 0.1:
        await fold_counts()
    else:
        job = dice.choice(jobs)
        with suppress(UndoneError):
            async with in_transaction():
                await Job.filter(id=job.id).update(**next_state(dice, job))
                if dice.random() < 0.2:
                    raise UndoneError


async def check_all(*others: Viewer) -> None:
    """What the counts say is what a look at each job says, for each viewer and criterion that they know."""
    for viewer in (ADMIN, *OWNERS, *others):
        for criteria in CRITERIA:
            if viewer is ADMIN or criteria.get("owner_id") in {None, viewer.user_id}:
                counted = await measure_jobs(viewer, JobCriteria(**criteria))
                assert counted == await measure_jobs(viewer, JobCriteria(**criteria, created_after=ONE_BY_ONE))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_any_journey_the_counts_are_those_of_the_rows(harness: JobHarness, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(4):
        for _ in range(25):
            await take_step(dice)
        await check_all()
    await fold_counts()
    assert await JobCountChange.all().count() == 0
    await check_all()
    await Job.all().delete()
    await fold_counts()
    assert await JobCount.all().count() == 0


LIVES = (
    JobStatus.FAILED, JobStatus.COMPLETED, JobStatus.CANCELLING, JobStatus.PAUSED, JobStatus.PROCESSING,
    JobStatus.CANCELLED, JobStatus.AWAITING_INPUT, JobStatus.UPLOADING, JobStatus.PENDING,
)  # fmt: skip
"""In an order in which no job takes the work of another one."""


async def test_the_life_of_a_job_is_counted_from_its_creation_to_its_deletion(harness: JobHarness) -> None:
    jobs = {status: await harness.put_into(status) for status in LIVES}
    assert (await measure_jobs(harness.viewer, JobCriteria())).by_status == dict.fromkeys(LIVES, 1)
    await check_all(harness.viewer)
    await retry_job(harness.viewer, jobs[JobStatus.FAILED].id, harness.outbox, only_failed_items=False)
    await delete_job(ADMIN, jobs[JobStatus.COMPLETED].id, harness.outbox)
    by_status = (await measure_jobs(harness.viewer, JobCriteria())).by_status
    assert (by_status[JobStatus.PENDING], by_status.get(JobStatus.FAILED)) == (2, None)
    assert JobStatus.COMPLETED not in by_status
    await check_all(harness.viewer)


async def test_more_changes_than_are_folded_at_once(harness: JobHarness) -> None:
    job = await harness.add_job()
    for _ in range(11):
        for status in (JobStatus.PAUSED, JobStatus.PENDING):
            await Job.filter(id=job.id).update(status=status)
    added = await JobCountChange.all()
    await JobCountChange.bulk_create([copied(one) for _ in range(50) for one in added])
    counts = await count_jobs_by_kind()
    await fold_counts()
    assert await JobCountChange.all().count() == 0
    assert await count_jobs_by_kind() == counts


def copied(change: JobCountChange) -> JobCountChange:
    names = (
        "owner_id",
        "created_on",
        "ended_on",
        "type",
        "kind",
        "status",
        "jobs",
        "items",
        "runs",
        "run_microseconds",
    )
    return JobCountChange(**{name: getattr(change, name) for name in names})


async def test_what_the_counts_know_is_told_without_a_look_at_a_job(harness: JobHarness) -> None:
    await harness.add_job()
    wanted = JobCriteria(kinds=[harness.kind.name], is_active=True, created_after=TODAY - timedelta(days=7))
    with counted_statements() as statements:
        found = await measure_jobs(harness.viewer, wanted)
        await count_jobs_by_kind()
    assert found.total == 1
    assert len(statements) == 2
    assert [one for one in statements if " jobs " in one.replace("\n", " ")] == []


@pytest.mark.parametrize("template", ["postgres"], indirect=True)  # on SQLite there is one writer
async def test_writers_wait_neither_for_each_other_nor_for_who_folds(harness: JobHarness) -> None:
    first, second = await harness.add_job(), await harness.add_job()
    has_changed, may_commit = asyncio.Event(), asyncio.Event()

    async def change_slowly() -> None:
        async with in_transaction() as db:
            await Job.filter(id=first.id).using_db(db).update(status=JobStatus.PAUSED)
            has_changed.set()
            await may_commit.wait()

    writer = asyncio.create_task(change_slowly())
    async with asyncio.timeout(30):
        await has_changed.wait()
        await Job.filter(id=second.id).update(status=JobStatus.CANCELLED)
        await asyncio.gather(fold_counts(), fold_counts())
        assert (await measure_jobs(harness.viewer, JobCriteria())).by_status == {
            JobStatus.PENDING: 1, JobStatus.CANCELLED: 1,
        }  # fmt: skip
        may_commit.set()
        await writer
    await check_all()
    await fold_counts()
    assert (await measure_jobs(harness.viewer, JobCriteria())).by_status == {
        JobStatus.PAUSED: 1, JobStatus.CANCELLED: 1,
    }  # fmt: skip


@pytest.mark.parametrize("template", ["postgres"], indirect=True)
async def test_many_writers_and_folders_at_once_lose_nothing(harness: JobHarness) -> None:
    async def walk(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(15):
            job = await harness.add_job(viewer=dice.choice(OWNERS))
            await Job.filter(id=job.id).update(**next_state(dice, job))
            await fold_counts()

    async with asyncio.timeout(60):
        await asyncio.gather(*map(walk, range(4)))
    await check_all()
    await fold_counts()
    await check_all()
