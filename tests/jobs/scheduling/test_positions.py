"""Places in the queue are those in which workers begin jobs."""

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from base.words import JobStatus
from jobs.lifecycle import cancel_job, pause_job, resume_job
from jobs.scheduling.positions import queue_positions
from models import Job, JobEvent, User
from models.fields import now
from tests.job_harness import JobHarness, completed, viewer_of

ANNA, BEN, CLEO, *GUESTS = (f"user-1754556928-00000000000{digit}" for digit in "abcdef")


@pytest.fixture
async def guests(harness: JobHarness) -> list[str]:
    """Three who came in without an account at one address, and share its turn."""
    for id_ in GUESTS:
        await User.create(id=id_, is_anonymous=True, quota_key="address:192.0.2.1")
    return GUESTS


@dataclass
class Queue:
    """Jobs of several owners, and workers that never end what they began."""

    harness: JobHarness

    async def add(self, owner_id: str, priority: int = 0, queued_at: float | None = None) -> str:
        job = await self.harness.add_job(viewer=viewer_of(owner_id), priority=priority)
        if queued_at is not None:
            await Job.filter(id=job.id).update(queued_at=queued_at)
        return job.id

    async def places(self, *job_ids: str) -> list[int | None]:
        """All asked together, after each was asked alone: what else is asked changes no place."""
        alone = [place for job_id in job_ids for place in await queue_positions([job_id])]
        assert await queue_positions(job_ids) == alone
        return alone

    async def begun(self, count: int) -> list[str]:
        """The jobs that workers begin, one after the other."""
        return [(await self.harness.claim(f"w{number}")).job.id for number in range(count)]

    async def begun_jobs(self) -> list[str]:
        """The jobs that eight workers begin, who take all slices there are; in their order."""
        waiting = {job.id for job in await Job.filter(status=JobStatus.PENDING)}
        newest = await JobEvent.all().order_by("-id").first()

        async def take(worker: str) -> None:
            while await self.harness.try_claim(worker) is not None:
                pass

        await asyncio.gather(*(take(f"w{number}") for number in range(8)))
        begun = await JobEvent.filter(id__gt=newest.id if newest else 0, status=JobStatus.PROCESSING).order_by("id")
        return list(dict.fromkeys(event.job_id for event in begun if event.job_id in waiting))


async def test_the_next_job_is_the_first_by_priority_and_age(harness: JobHarness) -> None:
    queue = Queue(harness)
    jobs = [await queue.add(ANNA, priority) for priority in (0, 5, 0)]
    assert await queue.places(*jobs) == [2, 1, 3]
    assert await queue.begun(1) == [jobs[1]]
    assert await queue.places(*jobs) == [1, None, 2]


async def test_owners_take_turns_however_many_jobs_one_has(harness: JobHarness) -> None:
    queue = Queue(harness)
    many = [await queue.add(ANNA) for _ in range(5)]
    late = await queue.add(BEN)
    assert await queue.places(*many, late) == [1, 3, 4, 5, 6, 2]
    assert await queue.begun(3) == [many[0], late, many[1]]
    last = await queue.add(CLEO)
    assert await queue.places(*many, late, last) == [None, None, 2, 3, 4, None, 1]


async def test_all_guests_of_an_address_share_one_turn(harness: JobHarness, guests: list[str]) -> None:
    queue = Queue(harness)
    many = [await queue.add(guest) for guest in (*guests, *guests)]
    late = [await queue.add(owner) for owner in (ANNA, BEN, ANNA)]
    assert await queue.places(*many, *late) == [1, 4, 6, 7, 8, 9, 2, 3, 5]
    assert await queue.begun(5) == [many[0], late[0], late[1], many[1], late[2]]
    assert await queue.places(*many) == [None, None, 1, 2, 3, 4]
    assert await queue.places(many[4], many[2]) == [3, 1]


async def test_what_was_begun_of_higher_priority_counts_for_its_owners_turn(harness: JobHarness) -> None:
    queue = Queue(harness)
    first, urgent, other = await queue.add(ANNA), await queue.add(ANNA, 1), await queue.add(BEN)
    assert await queue.places(first, urgent, other) == [3, 1, 2]
    assert await queue.begun(3) == [urgent, other, first]


async def test_a_job_that_does_not_wait_has_no_place(harness: JobHarness) -> None:
    queue = Queue(harness)
    gone, deleted, waiting = [await queue.add(ANNA) for _ in range(3)]
    await cancel_job(viewer_of(ANNA), gone, harness.outbox)
    await Job.filter(id=deleted).update(deleted_at=now())
    assert await queue.places(gone, deleted, waiting, "batch-1754556928-ffffffffffff") == [None, None, 1, None]
    assert await queue.places() == []


async def test_places_are_the_order_in_which_jobs_are_begun(harness: JobHarness, guests: list[str]) -> None:
    """Whatever waits and runs: two jobs queued at the same moment, three priorities and guests are among them."""
    dice, queue = random.Random(7), Queue(harness)
    jobs = [
        await queue.add(
            dice.choice((ANNA, ANNA, ANNA, BEN, *guests)), dice.choice((0, 0, 1, -3)), 1000.0 + dice.randrange(8)
        )
        for _ in range(24)
    ]
    await queue.begun(3)
    for some in (jobs, dice.sample(jobs, 5)):
        places = dict(zip(some, await queue.places(*some), strict=True))
        assert [place for place in places.values() if place] == [
            dict(zip(jobs, await queue.places(*jobs), strict=True))[job_id] for job_id in some if places[job_id]
        ]
    promised = dict(zip(await queue.places(*jobs), jobs, strict=True))
    promised.pop(None)
    assert sorted(place for place in promised if place) == list(range(1, 22))
    assert await queue.begun(21) == [promised[place] for place in range(1, 22)]


async def test_slices_of_what_runs_already_go_before_their_owners_younger_jobs(harness: JobHarness) -> None:
    queue = Queue(harness)
    harness.viewer = viewer_of(ANNA)
    await harness.plan(*[1] * 5)
    await harness.claim()
    young = await queue.add(ANNA)
    others = [await queue.add(BEN) for _ in range(4)]
    assert await queue.places(young, *others) == [5, 1, 2, 3, 4]
    assert await queue.begun_jobs() == [*others, young]


async def test_slices_of_what_runs_of_one_guest_go_before_the_younger_jobs_of_all_guests(
    harness: JobHarness, guests: list[str]
) -> None:
    queue = Queue(harness)
    harness.viewer = viewer_of(guests[0])
    await harness.plan(*[1] * 5)
    await harness.claim()
    young = [await queue.add(guest) for guest in guests[1:]]
    others = [await queue.add(BEN) for _ in range(4)]
    assert await queue.places(*young, *others) == [5, 6, 1, 2, 3, 4]
    assert await queue.begun_jobs() == [*others, *young]


@pytest.mark.parametrize("seed", range(4))
async def test_eight_workers_begin_jobs_in_the_order_of_their_places(
    harness: JobHarness, guests: list[str], seed: int
) -> None:
    """Also beside jobs that were begun before and were paused, lost their worker, or go on now, each with many slices."""
    dice, queue = random.Random(seed), Queue(harness)
    begun = [await harness.add_job(viewer=viewer_of(dice.choice((ANNA, BEN, *guests)))) for _ in range(8)]
    for plan in [await harness.claim() for _ in begun]:
        await harness.plan_claim(plan, *[1] * dice.randint(1, 6))
    for claim in [await harness.claim() for _ in range(14)]:
        if dice.random() < 0.4:
            await harness.record(claim, completed(claim.first.first_index))
    for job in dice.sample(begun, 5):
        await pause_job(viewer_of(job.owner_id), job.id, harness.outbox)
        await resume_job(viewer_of(job.owner_id), job.id, harness.outbox)
    for _ in range(16):
        await queue.add(dice.choice((ANNA, ANNA, BEN, *guests)), 0, 1000.0 + dice.randrange(8))
    for job in await Job.filter(status__in=[JobStatus.PENDING, JobStatus.PROCESSING]):
        moment = datetime.fromtimestamp(1000.0 + dice.randrange(8), UTC)
        await Job.filter(id=job.id).update(priority=dice.choice((0, 0, 1)), queued_at=moment)
    waiting = [job.id for job in await Job.filter(status=JobStatus.PENDING)]
    promised = dict(zip(await queue.places(*waiting), waiting, strict=True))
    assert sorted(place for place in promised if place) == list(range(1, len(waiting) + 1))
    assert await queue.begun_jobs() == [promised[place] for place in range(1, len(waiting) + 1)]


async def test_other_peoples_programs_take_from_a_queue_of_its_own_by_priority_and_age(harness: JobHarness) -> None:
    queue = Queue(harness)
    ours = [await queue.add(ANNA) for _ in range(2)]
    theirs = [await queue.add(owner, priority) for owner, priority in ((ANNA, 0), (ANNA, 0), (BEN, 0), (CLEO, 1))]
    await Job.filter(id__in=theirs).update(queue="gpu")
    (alone,) = [await queue.add(BEN)]
    await Job.filter(id=alone).update(queue="other")
    assert await queue.places(*ours, *theirs, alone) == [1, 2, 2, 3, 4, 1, 1]
