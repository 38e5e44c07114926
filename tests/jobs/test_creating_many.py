"""Many jobs in one transaction: as if made one after the other."""

import asyncio
from typing import Any

import pytest

from base.errors import Refusal
from base.words import JobStatus
from jobs.creation import NewJob
from jobs.lifecycle import cancel_job, create_job, create_jobs
from models import Job, JobEvent, Slice
from tests.job_harness import JobHarness, history
from tests.kinds import FETCHING
from tests.statements import counted_statements

OF_THE_MOMENT = {"id", "created_at", "updated_at", "queued_at"}


@pytest.fixture(autouse=True)
def kind(harness: JobHarness) -> None:
    harness.kind = FETCHING


def new(number: int, external_id: str | None = None, **values: Any) -> NewJob:
    url = f"https://example.org/{number}"
    return NewJob(FETCHING.name, {}, [], f"Number {number}", external_id, download_url=url, **values)


async def create(harness: JobHarness, *jobs: NewJob, max_unfinished: int = 0) -> list[Job | Refusal]:
    return await create_jobs(harness.viewer, FETCHING, jobs, harness.outbox, max_unfinished=max_unfinished)


async def rows_of(job_id: str) -> list[dict[str, Any]]:
    """The job and its slices, without what is of the moment."""
    (job,) = await Job.filter(id=job_id).values()
    slices = await Slice.filter(job_id=job_id).values()
    return [{name: row[name] for name in row if name not in OF_THE_MOMENT | {"job_id"}} for row in (job, *slices)]


async def test_many_are_what_one_is(harness: JobHarness) -> None:
    alone = await create_job(harness.viewer, FETCHING, new(1, priority=3), harness.outbox)
    one_event, wake_ups = harness.events.pop(), harness.wake_ups
    harness.events.clear()

    first, second = await create(harness, new(1, priority=3), new(2))

    assert not isinstance(first, Refusal)
    assert not isinstance(second, Refusal)
    assert await rows_of(first.id) == await rows_of(alone.id)
    assert await history(first.id) == await history(alone.id) == [("UPLOADED", None), ("PENDING", None)]
    assert [event.row["id"] for event in harness.events] == [first.id, second.id]
    assert harness.events[0].row.keys() == one_event.row.keys()
    assert harness.wake_ups == wake_ups + 1
    assert (first.version, first.status) == (alone.version, JobStatus.PENDING)
    assert not await JobEvent.filter(is_owed=True).exists()


async def test_they_wait_in_their_order(harness: JobHarness) -> None:
    jobs = await create(harness, *(new(number) for number in range(30)))

    claimed = [(await harness.claim()).job.title for _ in jobs]

    assert claimed == [f"Number {number}" for number in range(30)]


async def test_known_external_ids_are_answered_and_one_of_another_type_is_refused(harness: JobHarness) -> None:
    (known,) = await create(harness, new(1, "key/1"))
    assert not isinstance(known, Refusal)
    await Job.filter(id=(await create_job(harness.viewer, FETCHING, new(2, "key/2"), harness.outbox)).id).update(
        type="TASK"
    )

    made, again, refused, other = await create(harness, new(0, "key/0"), new(1, "key/1"), new(2, "key/2"), new(3))

    assert not isinstance(made, Refusal)
    assert not isinstance(again, Refusal)
    assert isinstance(refused, Refusal)
    assert not isinstance(other, Refusal)
    assert (again.id, refused.code) == (known.id, "DUPLICATE")
    assert (made.external_id, other.external_id, await Job.all().count()) == ("key/0", None, 4)


async def test_those_beyond_the_quota_are_refused_and_known_ones_are_not(harness: JobHarness) -> None:
    jobs = [new(number, f"key/{number}") for number in range(4)]
    made = await create(harness, *jobs[:2], max_unfinished=3)
    outcomes = await create(harness, *jobs, max_unfinished=3)

    assert [one.id if not isinstance(one, Refusal) else str(one.code) for one in outcomes[:2]] == [
        one.id for one in made if not isinstance(one, Refusal)
    ]
    assert [str(one.code) if isinstance(one, Refusal) else "made" for one in outcomes[2:]] == ["made", "QUOTA_EXCEEDED"]
    assert not isinstance(made[0], Refusal)
    await cancel_job(harness.viewer, made[0].id, harness.outbox)
    assert not isinstance((await create(harness, jobs[3], max_unfinished=3))[0], Refusal)


async def test_two_callers_with_the_same_ids_have_the_same_jobs(harness: JobHarness) -> None:
    jobs = [new(number, f"key/{number}") for number in range(20)]

    once, again = await asyncio.gather(create(harness, *jobs), create(harness, *jobs))

    assert [one.id for one in once if not isinstance(one, Refusal)] == [
        one.id for one in again if not isinstance(one, Refusal)
    ]
    assert await Job.all().count() == 20


async def test_a_thousand_cost_as_many_statements_as_two(harness: JobHarness) -> None:
    costs = []
    for count in (2, 1_000):
        with counted_statements(in_transactions=True) as inside, counted_statements() as outside:
            await create(harness, *(new(number, f"{count}/{number}") for number in range(count)), max_unfinished=5_000)
        costs.append((len(inside), len(outside)))
    assert costs[0] == costs[1]
    assert sum(costs[0]) <= 12, costs


async def test_nothing_asked_is_nothing_made(harness: JobHarness) -> None:
    assert await create(harness) == []
    assert harness.events == []
