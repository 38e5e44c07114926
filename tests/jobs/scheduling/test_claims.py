"""Claims: who gets which slice, that nobody else does, and what becomes of what a lost worker held."""

import asyncio
from collections import Counter

import pytest
from tortoise.connection import get_connection

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SlicePhase
from jobs.lifecycle import cancel_job
from jobs.recording.items import add_items, record_items
from jobs.recording.logs import record_lines
from jobs.recording.outcomes import NOTHING, record_failure, record_finish, record_plan
from jobs.recording.progress import record_progress
from jobs.scheduling.claims import Claim, ClaimLost, claim_slices, has_waiting_slices
from jobs.scheduling.leases import recover_slices, release_run, renew_leases, sweep_leases
from jobs.scheduling.slices import NewSlice
from models import Item, Job, JobEvent, LogEntry, Slice
from models.database import worker_transaction
from models.sql import database_now, fetch_rows
from models.sqlite import ImmediateTransaction, LaxTransaction
from processors.contract import LogLevel
from tests.databases import read_tables
from tests.job_harness import JobHarness, check_counters, completed, expire_leases


async def test_the_slices_of_a_job_go_in_their_order(harness: JobHarness) -> None:
    await harness.plan(*[1] * 12)
    assert [(await harness.claim()).first.number for _ in range(12)] == list(range(12))


async def test_a_slice_of_a_kind_that_a_worker_does_not_know_is_left_and_holds_up_nobody(harness: JobHarness) -> None:
    strange = await harness.add_job(priority=9)
    await Job.filter(id=strange.id).update(kind="strange")
    known = await harness.add_job()
    assert (await harness.claim()).job.id == known.id
    assert await harness.try_claim() is None
    assert await claim_slices("w", {}, harness.outbox) is None
    assert (await Job.get(id=strange.id)).status is JobStatus.PENDING
    assert await has_waiting_slices()


async def test_twenty_claimers_at_once_get_two_hundred_slices_each_exactly_once(harness: JobHarness) -> None:
    jobs = [await harness.add_job() for _ in range(4)]
    for plan in [await harness.claim() for _ in jobs]:
        await harness.plan_claim(plan, *[1] * 50)
    taken: list[Claim] = []

    async def take(worker: str) -> None:
        while (claim := await harness.try_claim(worker)) is not None:
            taken.append(claim)

    await asyncio.gather(*(take(f"w{number}") for number in range(20)))
    assert Counter((claim.job.id, claim.first.number) for claim in taken) == Counter(
        {(job.id, number): 1 for job in jobs for number in range(50)}
    )
    assert {claim.fence for claim in taken} == {1}
    assert not await has_waiting_slices()


async def test_a_claimer_that_comes_too_late_for_one_job_takes_of_the_next(harness: JobHarness) -> None:
    for _ in range(5):
        jobs = [await harness.add_job(priority=9), await harness.add_job(), await harness.add_job()]
        taken = await asyncio.gather(*(harness.claim(f"w{number}") for number in range(3)))
        assert {claim.job.id for claim in taken} == {job.id for job in jobs}


async def test_the_lease_is_twenty_seconds_of_the_databases_clock(harness: JobHarness) -> None:
    await harness.add_job()
    claim = await harness.claim()
    clock = database_now(get_connection("default"))
    left = await fetch_rows(get_connection("default"), f"SELECT lease_expires_at - {clock} AS seconds FROM slices")
    assert 19 < float(left[0]["seconds"]) <= 20.01
    await expire_leases()
    assert await renew_leases([claim]) == []
    assert await sweep_leases(harness.outbox) == 0


async def test_a_lost_worker_loses_the_slice_and_its_job_waits_and_goes_on(harness: JobHarness) -> None:
    job = await harness.plan(2)
    first = await harness.claim("lost")
    await harness.record(first, completed(0), is_done=False)
    assert await sweep_leases(harness.outbox) == 0
    await expire_leases()
    wake_ups = harness.wake_ups
    assert await sweep_leases(harness.outbox) == 1
    assert harness.wake_ups == wake_ups + 1
    waiting = await Job.get(id=job.id)
    assert (waiting.status, waiting.attempt, waiting.completed_items) == (JobStatus.PENDING, 1, 1)
    second = await harness.claim("other")
    assert (second.first.id, second.first.number, second.crash_count) == (first.first.id, 0, 1)
    assert second.fence > first.fence
    await harness.record(second, completed(1))
    await harness.finish()
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.completed_slices) == (JobStatus.COMPLETED, 2, 1)


@pytest.mark.parametrize("is_taken_again", [False, True])
async def test_who_lost_the_lease_cannot_write_anything(harness: JobHarness, is_taken_again: bool) -> None:
    await harness.plan(1)
    lost = await harness.claim("lost")
    await expire_leases()
    await sweep_leases(harness.outbox)
    if is_taken_again:
        await harness.claim("other")
    before, told = await read_tables(), len(harness.events)
    writes = [
        add_items(lost, 0, ["a"]),
        record_plan(lost, [NewSlice(SlicePhase.PROCESS, 0, 0, 1)], NOTHING, harness.kind, harness.outbox),
        record_items(lost, [completed(0)], [], harness.kind, harness.outbox, is_done=False),
        record_items(lost, [completed(0)], [], harness.kind, harness.outbox, is_done=True),
        record_progress(lost, 0.5, harness.kind, harness.outbox),
        record_lines(lost, [(LogLevel.INFO, "late")], harness.outbox),
        record_finish(lost, [], harness.outbox),
    ]
    for write in writes:
        with pytest.raises(ClaimLost):
            await write
    await record_failure(lost, _refusal(), harness.outbox, is_retryable=True)
    await release_run(lost, harness.outbox)
    assert await renew_leases([lost]) == [lost]
    assert await read_tables() == before
    assert len(harness.events) == told


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED])
async def test_who_works_for_a_job_that_ended_cannot_write_anything(harness: JobHarness, status: JobStatus) -> None:
    job = await harness.plan(1, 1)
    mine, others = await harness.claim(), await harness.claim()
    if status is JobStatus.FAILED:
        await harness.fail(others)
    else:
        await cancel_job(harness.viewer, job.id, harness.outbox)
        await release_run(mine, harness.outbox)
        await release_run(others, harness.outbox)
    assert (await Job.get(id=job.id)).status is status
    before = await read_tables()
    with pytest.raises(ClaimLost):
        await harness.record(mine, completed(0))
    await record_failure(mine, _refusal(), harness.outbox, is_retryable=True)
    await release_run(mine, harness.outbox)
    assert await read_tables() == before


async def test_a_failure_while_the_job_is_being_cancelled_cancels_it(harness: JobHarness) -> None:
    job = await harness.plan(1)
    claim = await harness.claim()
    await cancel_job(harness.viewer, job.id, harness.outbox)
    await harness.fail(claim)
    ended = await Job.get(id=job.id)
    assert (ended.status, ended.error_code) == (JobStatus.CANCELLED, None)
    assert await LogEntry.all().count() == 0


async def test_a_slice_that_takes_its_worker_down_three_times_fails_the_job(harness: JobHarness) -> None:
    job = await harness.plan(1, 1)
    for loss in range(1, 4):
        assert (await harness.claim()).first.number == 0
        await expire_leases()
        assert await sweep_leases(harness.outbox) == 1
        assert (await Slice.get(job_id=job.id, phase="PROCESS", number=0)).crash_count == loss
    ended = await Job.get(id=job.id)
    assert (ended.status, ended.error_code, ended.error_is_retryable) == (JobStatus.FAILED, "WORKER_LOST", True)
    assert await harness.try_claim() is None
    assert {str(item.status) for item in await Item.all()} == {"CANCELLED"}


async def test_a_slice_that_gets_on_may_lose_any_number_of_workers(harness: JobHarness) -> None:
    job = await harness.plan(6)
    for done in range(5):
        claim = await harness.claim()
        assert claim.crash_count == min(done, 1)
        await harness.record(claim, completed(done), is_done=False)
        await expire_leases()
        await sweep_leases(harness.outbox)
    assert (await Slice.get(job_id=job.id, phase="PROCESS")).crash_count == 1
    for _ in range(2):
        await harness.record(await harness.claim(), is_done=False)  # alive, and no further
        await expire_leases()
        await sweep_leases(harness.outbox)
    assert (await Job.get(id=job.id)).error_code == "WORKER_LOST"


async def test_a_worker_that_gives_back_is_not_counted_as_lost(harness: JobHarness) -> None:
    job = await harness.plan(1)
    for _ in range(5):
        await release_run(await harness.claim(), harness.outbox)
    assert (await Slice.get(job_id=job.id, phase="PROCESS")).crash_count == 0
    assert (await Job.get(id=job.id)).status is JobStatus.PENDING


async def test_a_slice_that_is_given_back_while_others_run_is_offered_at_once(harness: JobHarness) -> None:
    job = await harness.plan(1, 1)
    mine = await harness.claim()
    await harness.claim()
    wake_ups = harness.wake_ups
    await release_run(mine, harness.outbox)
    assert harness.wake_ups == wake_ups + 1
    assert (await Job.get(id=job.id)).status is JobStatus.PROCESSING


async def test_a_server_takes_back_its_own_slices_alone_at_start(harness: JobHarness) -> None:
    await harness.plan(1, 1, 1)
    for worker in ("a_b:1", "axb:2", "a_bc:3"):
        await harness.claim(worker)
    assert await recover_slices("a_b:", harness.outbox) == 1
    assert sorted(str(row.worker) for row in await Slice.filter(status="RUNNING")) == ["a_bc:3#4", "axb:2#3"]
    assert {row.crash_count for row in await Slice.all()} == {0}


async def test_the_sweep_ends_the_cancelling_of_a_lost_worker(harness: JobHarness) -> None:
    job = await harness.plan(1)
    await harness.claim()
    await cancel_job(harness.viewer, job.id, harness.outbox)
    await sweep_leases(harness.outbox)
    assert (await Job.get(id=job.id)).status is JobStatus.CANCELLING
    await expire_leases()
    await sweep_leases(harness.outbox)
    assert (await Job.get(id=job.id)).status is JobStatus.CANCELLED


async def test_cancelling_while_the_sweep_takes_the_lease_ends_cancelled(harness: JobHarness) -> None:
    for _ in range(8):
        job = await harness.plan(1, 1)
        claim = await harness.claim()
        await harness.claim()
        await expire_leases()
        await asyncio.gather(
            cancel_job(harness.viewer, job.id, harness.outbox),
            sweep_leases(harness.outbox),
            sweep_leases(harness.outbox),
            release_run(claim, harness.outbox),
        )
        await sweep_leases(harness.outbox)
        assert (await Job.get(id=job.id)).status is JobStatus.CANCELLED
        assert await JobEvent.filter(job_id=job.id, status="CANCELLED").count() == 1
        assert await harness.try_claim() is None


async def test_cancelling_while_workers_claim_leaves_nothing_running(harness: JobHarness) -> None:
    for _ in range(8):
        job = await harness.plan(*[1] * 6)
        ends = await asyncio.gather(
            *(harness.try_claim() for _ in range(4)), cancel_job(harness.viewer, job.id, harness.outbox)
        )
        for claim in ends[:-1]:
            if isinstance(claim, Claim):
                assert await renew_leases([claim]) == [claim]
                await release_run(claim, harness.outbox)
        assert (await Job.get(id=job.id)).status is JobStatus.CANCELLED
        assert await Slice.filter(job_id=job.id, status="RUNNING").count() == 0


@pytest.mark.parametrize("turn", [1, 2, 3])
async def test_writers_of_one_job_never_wait_for_each_other(harness: JobHarness, turn: int) -> None:
    """Eight workers, renewals and sweeps, all at once: no deadlock and no lost count."""
    job = await harness.plan(*[2] * 24 * turn)
    held: list[Claim] = []

    async def work() -> None:
        while (claim := await harness.try_claim()) is not None and claim.phase is SlicePhase.PROCESS:
            held.append(claim)
            first = claim.first.first_index
            await harness.record(claim, completed(first), is_done=False)
            await record_lines(claim, [(LogLevel.INFO, f"{first}")], harness.outbox)
            await harness.record(claim, completed(first + 1))

    async def disturb() -> None:
        for _ in range(15):
            await renew_leases(list(held))
            await sweep_leases(harness.outbox)

    assert await asyncio.gather(*(work() for _ in range(8)), disturb(), disturb()) == [None] * 10
    assert (await check_counters(job.id)).completed_items == 48 * turn


async def test_a_failing_slice_and_others_that_record_never_wait_for_each_other(harness: JobHarness) -> None:
    for _ in range(6):
        job = await harness.plan(*[1] * 8)
        claims = [await harness.claim() for _ in range(8)]
        ends = await asyncio.gather(
            *(harness.record(claim, completed(claim.first.first_index)) for claim in claims[:4]),
            *(harness.fail(claim) for claim in claims[4:6]),
            *(release_run(claim, harness.outbox) for claim in claims[6:]),
            *(renew_leases(claims[::-1]) for _ in range(4)),
            recover_slices("w", harness.outbox),
            return_exceptions=True,
        )
        assert {type(end) for end in ends} <= {type(None), int, list, ClaimLost}
        assert (await check_counters(job.id)).status in {JobStatus.FAILED, JobStatus.PENDING}
        await Job.filter(id=job.id).update(status=JobStatus.FAILED)


def _refusal() -> Refusal:
    return Refusal(ErrorCode.PROCESSING_FAILED, "No.")


async def test_a_worker_waits_for_the_disk_only_where_its_database_may_be_elsewhere(harness: JobHarness) -> None:
    database = get_connection("default")
    is_elsewhere = database.capabilities.support_for_update
    question = "SHOW synchronous_commit" if is_elsewhere else "PRAGMA synchronous"
    async with worker_transaction() as db:
        (row,) = await db.execute_query_dict(question)
    assert [str(value) for value in row.values()] == ["on" if is_elsewhere else "1"]


async def test_on_sqlite_a_slice_is_claimed_and_recorded_without_waiting_for_the_disk_and_its_job_ends_with_it(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    if get_connection("default").capabilities.support_for_update:
        return
    await harness.plan(2)
    begun = list[str]()
    for kind in (ImmediateTransaction, LaxTransaction):
        watch_begin(kind, begun, monkeypatch)
    claim = await harness.claim()
    await record_items(claim, [completed(0), completed(1)], [], harness.kind, harness.outbox, is_done=True)
    assert begun == ["LaxTransaction"] * 2
    await record_finish(await harness.claim(), [], harness.outbox)
    assert begun[-1] == "ImmediateTransaction"
    assert (await Job.get(id=claim.job.id)).status is JobStatus.COMPLETED


def watch_begin(kind: type[ImmediateTransaction], begun: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Note the name of `kind` whenever one begins."""
    begin = kind.begin

    async def noted(self: ImmediateTransaction) -> None:
        begun.append(kind.__name__)
        await begin(self)

    monkeypatch.setattr(kind, "begin", noted)


async def test_slices_that_nobody_has_held_go_together_as_many_as_are_wanted(harness: JobHarness) -> None:
    await harness.plan(1, 2, 3, 1)
    claim = await harness.claim_run(3)
    assert [(one.number, one.first_index, one.item_count, one.payload) for one in claim.slices] == [
        (0, 0, 1, {"number": 0}),
        (1, 1, 2, {"number": 1}),
        (2, 3, 3, {"number": 2}),
    ]
    assert [one.number for one in (await harness.claim_run(3)).slices] == [3]


async def test_a_slice_that_was_held_before_goes_alone(harness: JobHarness) -> None:
    await harness.plan(1, 1, 1, 1, 1)
    first = await harness.claim_run(2)
    await release_run(first, harness.outbox, is_crash=True)
    claims = [await harness.claim_run(2) for _ in range(4)]
    assert [[one.number for one in claim.slices] for claim in claims] == [[0], [1], [2, 3], [4]]
    assert [(claim.fence, claim.crash_count) for claim in claims] == [(3, 1), (3, 1), (1, 0), (1, 0)]


async def test_slices_of_one_claim_are_renewed_lost_and_given_back_together(harness: JobHarness) -> None:
    job = await harness.plan(1, 1, 1)
    claim = await harness.claim_run(3)
    await expire_leases()
    assert await renew_leases([claim]) == []
    assert await sweep_leases(harness.outbox) == 0
    await expire_leases()
    assert await sweep_leases(harness.outbox) == 3
    assert await renew_leases([claim]) == [claim]
    assert (await Job.get(id=job.id)).status is JobStatus.PENDING


async def test_who_has_lost_one_of_several_slices_records_nothing(harness: JobHarness) -> None:
    job = await harness.plan(1, 1)
    claim = await harness.claim_run(2)
    await Slice.filter(id=claim.slices[1].id).update(fence=2)
    for is_done in (False, True):
        with pytest.raises(ClaimLost):
            await harness.record(claim, completed(0), is_done=is_done)
    assert (await check_counters(job.id)).completed_items == 0
