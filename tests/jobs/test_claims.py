"""Claims: who gets which slice, that nobody else does, and what becomes of what a lost worker held."""

import asyncio
from collections import Counter

import pytest
from tortoise.connection import get_connection

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SlicePhase
from jobs.claims import (
    Claim,
    ClaimLost,
    claim_slice,
    has_waiting_slices,
    recover_slices,
    release_slice,
    renew_leases,
    sweep_leases,
)
from jobs.lifecycle import cancel_job
from jobs.records import (
    add_items,
    record_failure,
    record_finish,
    record_items,
    record_lines,
    record_plan,
    record_progress,
)
from jobs.rows import fetch
from jobs.slices import NewSlice
from models import Item, Job, JobEvent, LogEntry, Slice
from models.database import database_now
from processors.contract import LogLevel
from tests.databases import read_tables
from tests.workshop import Workshop, check_counters, completed


async def expire_leases() -> None:
    """Let 21 s of the database's clock pass."""
    await fetch(get_connection("default"), "UPDATE slices SET lease_expires_at = lease_expires_at - 21")


async def test_the_slices_of_a_job_go_in_their_order(shop: Workshop) -> None:
    await shop.plan(*[1] * 12)
    assert [(await shop.claim()).number for _ in range(12)] == list(range(12))


async def test_a_slice_of_a_kind_that_a_worker_does_not_know_is_left_and_holds_up_nobody(shop: Workshop) -> None:
    strange = await shop.add_job(priority=9)
    await Job.filter(id=strange.id).update(kind="strange")
    known = await shop.add_job()
    assert (await shop.claim()).job.id == known.id
    assert await shop.try_claim() is None
    assert await claim_slice("w", {}, shop.outbox) is None
    assert (await Job.get(id=strange.id)).status is JobStatus.PENDING
    assert await has_waiting_slices()


async def test_twenty_claimers_at_once_get_two_hundred_slices_each_exactly_once(shop: Workshop) -> None:
    jobs = [await shop.add_job() for _ in range(4)]
    for plan in [await shop.claim() for _ in jobs]:
        await shop.plan_claim(plan, *[1] * 50)
    taken: list[Claim] = []

    async def take(worker: str) -> None:
        while (claim := await shop.try_claim(worker)) is not None:
            taken.append(claim)

    await asyncio.gather(*(take(f"w{number}") for number in range(20)))
    assert Counter((claim.job.id, claim.number) for claim in taken) == Counter(
        {(job.id, number): 1 for job in jobs for number in range(50)}
    )
    assert {claim.fence for claim in taken} == {1}
    assert not await has_waiting_slices()


async def test_a_claimer_that_comes_too_late_for_one_job_takes_of_the_next(shop: Workshop) -> None:
    for _ in range(5):
        jobs = [await shop.add_job(priority=9), await shop.add_job(), await shop.add_job()]
        taken = await asyncio.gather(*(shop.claim(f"w{number}") for number in range(3)))
        assert {claim.job.id for claim in taken} == {job.id for job in jobs}


async def test_the_lease_is_twenty_seconds_of_the_databases_clock(shop: Workshop) -> None:
    await shop.add_job()
    claim = await shop.claim()
    clock = database_now(get_connection("default"))
    left = await fetch(get_connection("default"), f"SELECT lease_expires_at - {clock} AS seconds FROM slices")
    assert 19 < float(left[0]["seconds"]) <= 20.01
    await expire_leases()
    assert await renew_leases([claim]) == []
    assert await sweep_leases(shop.outbox) == 0


async def test_a_lost_worker_loses_the_slice_and_its_job_waits_and_goes_on(shop: Workshop) -> None:
    job = await shop.plan(2)
    first = await shop.claim("lost")
    await shop.record(first, completed(0), is_done=False)
    assert await sweep_leases(shop.outbox) == 0
    await expire_leases()
    permits = shop.permits
    assert await sweep_leases(shop.outbox) == 1
    assert shop.permits == permits + 1
    waiting = await Job.get(id=job.id)
    assert (waiting.status, waiting.attempt, waiting.completed_items) == (JobStatus.PENDING, 1, 1)
    second = await shop.claim("other")
    assert (second.slice_id, second.number, second.crash_count) == (first.slice_id, 0, 1)
    assert second.fence > first.fence
    await shop.record(second, completed(1))
    await shop.finish()
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.completed_slices) == (JobStatus.COMPLETED, 2, 1)


@pytest.mark.parametrize("is_taken_again", [False, True])
async def test_who_lost_the_lease_cannot_write_anything(shop: Workshop, is_taken_again: bool) -> None:
    await shop.plan(1)
    lost = await shop.claim("lost")
    await expire_leases()
    await sweep_leases(shop.outbox)
    if is_taken_again:
        await shop.claim("other")
    before, told = await read_tables(), len(shop.events)
    writes = [
        add_items(lost, 0, ["a"]),
        record_plan(lost, [NewSlice(SlicePhase.PROCESS, 0, 0, 1)], [], shop.processor, shop.outbox),
        record_items(lost, [completed(0)], [], shop.processor, shop.outbox, is_done=False),
        record_items(lost, [completed(0)], [], shop.processor, shop.outbox, is_done=True),
        record_progress(lost, 0.5, shop.processor, shop.outbox),
        record_lines(lost, [(LogLevel.INFO, "late")], shop.outbox),
        record_finish(lost, [], shop.outbox),
    ]
    for write in writes:
        with pytest.raises(ClaimLost):
            await write
    await record_failure(lost, _refusal(), shop.outbox, is_retryable=True)
    await release_slice(lost, shop.outbox)
    assert await renew_leases([lost]) == [lost]
    assert await read_tables() == before
    assert len(shop.events) == told


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED])
async def test_who_works_for_a_job_that_ended_cannot_write_anything(shop: Workshop, status: JobStatus) -> None:
    job = await shop.plan(1, 1)
    mine, others = await shop.claim(), await shop.claim()
    if status is JobStatus.FAILED:
        await shop.fail(others)
    else:
        await cancel_job(shop.viewer, job.id, shop.outbox)
        await release_slice(mine, shop.outbox)
        await release_slice(others, shop.outbox)
    assert (await Job.get(id=job.id)).status is status
    before = await read_tables()
    with pytest.raises(ClaimLost):
        await shop.record(mine, completed(0))
    await record_failure(mine, _refusal(), shop.outbox, is_retryable=True)
    await release_slice(mine, shop.outbox)
    assert await read_tables() == before


async def test_a_failure_while_the_job_is_being_cancelled_cancels_it(shop: Workshop) -> None:
    job = await shop.plan(1)
    claim = await shop.claim()
    await cancel_job(shop.viewer, job.id, shop.outbox)
    await shop.fail(claim)
    ended = await Job.get(id=job.id)
    assert (ended.status, ended.error_code) == (JobStatus.CANCELLED, None)
    assert await LogEntry.all().count() == 0


async def test_a_slice_that_takes_its_worker_down_three_times_fails_the_job(shop: Workshop) -> None:
    job = await shop.plan(1, 1)
    for loss in range(1, 4):
        assert (await shop.claim()).number == 0
        await expire_leases()
        assert await sweep_leases(shop.outbox) == 1
        assert (await Slice.get(job_id=job.id, phase="PROCESS", number=0)).crash_count == loss
    ended = await Job.get(id=job.id)
    assert (ended.status, ended.error_code, ended.error_is_retryable) == (JobStatus.FAILED, "WORKER_LOST", True)
    assert await shop.try_claim() is None
    assert {str(item.status) for item in await Item.all()} == {"CANCELLED"}


async def test_a_worker_that_gives_back_is_not_counted_as_lost(shop: Workshop) -> None:
    job = await shop.plan(1)
    for _ in range(5):
        await release_slice(await shop.claim(), shop.outbox)
    assert (await Slice.get(job_id=job.id, phase="PROCESS")).crash_count == 0
    assert (await Job.get(id=job.id)).status is JobStatus.PENDING


async def test_a_slice_that_is_given_back_while_others_run_is_offered_at_once(shop: Workshop) -> None:
    job = await shop.plan(1, 1)
    mine = await shop.claim()
    await shop.claim()
    permits = shop.permits
    await release_slice(mine, shop.outbox)
    assert shop.permits == permits + 1
    assert (await Job.get(id=job.id)).status is JobStatus.PROCESSING


async def test_a_server_takes_back_its_own_slices_alone_at_start(shop: Workshop) -> None:
    await shop.plan(1, 1, 1)
    for worker in ("a_b:1", "axb:2", "a_bc:3"):
        await shop.claim(worker)
    assert await recover_slices("a_b:", shop.outbox) == 1
    assert sorted(str(row.worker) for row in await Slice.filter(status="RUNNING")) == ["a_bc:3", "axb:2"]
    assert {row.crash_count for row in await Slice.all()} == {0}


async def test_the_sweep_ends_the_cancelling_of_a_lost_worker(shop: Workshop) -> None:
    job = await shop.plan(1)
    await shop.claim()
    await cancel_job(shop.viewer, job.id, shop.outbox)
    await sweep_leases(shop.outbox)
    assert (await Job.get(id=job.id)).status is JobStatus.CANCELLING
    await expire_leases()
    await sweep_leases(shop.outbox)
    assert (await Job.get(id=job.id)).status is JobStatus.CANCELLED


async def test_cancelling_while_the_sweep_takes_the_lease_ends_cancelled(shop: Workshop) -> None:
    for _ in range(8):
        job = await shop.plan(1, 1)
        claim = await shop.claim()
        await shop.claim()
        await expire_leases()
        await asyncio.gather(
            cancel_job(shop.viewer, job.id, shop.outbox),
            sweep_leases(shop.outbox),
            sweep_leases(shop.outbox),
            release_slice(claim, shop.outbox),
        )
        await sweep_leases(shop.outbox)
        assert (await Job.get(id=job.id)).status is JobStatus.CANCELLED
        assert await JobEvent.filter(job_id=job.id, status="CANCELLED").count() == 1
        assert await shop.try_claim() is None


async def test_cancelling_while_workers_claim_leaves_nothing_running(shop: Workshop) -> None:
    for _ in range(8):
        job = await shop.plan(*[1] * 6)
        ends = await asyncio.gather(*(shop.try_claim() for _ in range(4)), cancel_job(shop.viewer, job.id, shop.outbox))
        for claim in ends[:-1]:
            if isinstance(claim, Claim):
                assert await renew_leases([claim]) == [claim]
                await release_slice(claim, shop.outbox)
        assert (await Job.get(id=job.id)).status is JobStatus.CANCELLED
        assert await Slice.filter(job_id=job.id, status="RUNNING").count() == 0


@pytest.mark.parametrize("turn", [1, 2, 3])
async def test_writers_of_one_job_never_wait_for_each_other(shop: Workshop, turn: int) -> None:
    """Eight workers, renewals and sweeps, all at once: no deadlock and no lost count."""
    job = await shop.plan(*[2] * 24 * turn)
    held: list[Claim] = []

    async def work() -> None:
        while (claim := await shop.try_claim()) is not None and claim.phase is SlicePhase.PROCESS:
            held.append(claim)
            first = claim.first_index
            await shop.record(claim, completed(first), is_done=False)
            await record_lines(claim, [(LogLevel.INFO, f"{first}")], shop.outbox)
            await shop.record(claim, completed(first + 1))

    async def disturb() -> None:
        for _ in range(15):
            await renew_leases(list(held))
            await sweep_leases(shop.outbox)

    assert await asyncio.gather(*(work() for _ in range(8)), disturb(), disturb()) == [None] * 10
    assert (await check_counters(job.id)).completed_items == 48 * turn


async def test_a_failing_slice_and_others_that_record_never_wait_for_each_other(shop: Workshop) -> None:
    for _ in range(6):
        job = await shop.plan(*[1] * 8)
        claims = [await shop.claim() for _ in range(8)]
        ends = await asyncio.gather(
            *(shop.record(claim, completed(claim.first_index)) for claim in claims[:4]),
            *(shop.fail(claim) for claim in claims[4:6]),
            *(release_slice(claim, shop.outbox) for claim in claims[6:]),
            *(renew_leases(claims[::-1]) for _ in range(4)),
            recover_slices("w", shop.outbox),
            return_exceptions=True,
        )
        assert {type(end) for end in ends} <= {type(None), int, list, ClaimLost}
        assert (await check_counters(job.id)).status in {JobStatus.FAILED, JobStatus.PENDING}
        await Job.filter(id=job.id).update(status=JobStatus.FAILED)


def _refusal() -> Refusal:
    return Refusal(ErrorCode.PROCESSING_FAILED, "No.")
