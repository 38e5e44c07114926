"""Workers with real children: cancelling, stopping, dying and going on, and two of them at once."""

import asyncio
import time
from typing import Any

import pytest
from structlog.testing import capture_logs
from tortoise.exceptions import DBConnectionError

from background import phases, poller, recorders, slice_runner
from background.worker import Worker, worker_name, worker_prefix
from base.words import JobStatus, SlicePhase
from jobs.lifecycle import cancel_job, retry_job
from jobs.recording.items import record_items
from jobs.recording.outcomes import record_plan
from jobs.scheduling.claims import Claim, claim_slices
from jobs.scheduling.leases import recover_slices, sweep_leases
from models import File, Item, Job, JobEvent, Slice
from tests.background.calls import number_told
from tests.background.worker_harness import WorkerHarness, on_sqlite, wait_for_status, wait_until
from tests.databases import read_tables
from tests.job_harness import check_counters, completed, expire_leases, item_statuses
from tests.processes import alive


async def cancel(worker_harness: WorkerHarness, job: Job) -> Job:
    return await cancel_job(worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox)


async def abandon(worker: Worker, task: asyncio.Task[None]) -> None:
    """Have a worker vanish as one does that is killed: its children die and it says nothing to the database."""

    async def say_nothing(*_: object, **__: object) -> None:
        return

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(poller, "release_run", say_nothing)
        patch.setattr(slice_runner, "release_run", say_nothing)
        await worker.stop()
        await task


async def test_cancelling_a_busy_loop_takes_less_than_twenty_seconds_and_nothing_is_written_afterwards(
    worker_harness: WorkerHarness,
) -> None:
    job = await worker_harness.add_job(sizes=[2, 3, 2], acts={4: "burn"})
    worker = await worker_harness.worker(count=1)
    task = asyncio.create_task(worker.work())
    pid = await number_told(worker_harness.jobs.folder)
    assert (await cancel(worker_harness, job)).status is JobStatus.CANCELLING
    await wait_for_status(job, JobStatus.CANCELLED, 20)
    assert not alive([pid])
    after, told = await read_tables(), len(worker_harness.jobs.events)
    await asyncio.sleep(1)
    await task
    assert await read_tables() == after
    assert len(worker_harness.jobs.events) == told
    statuses = await item_statuses(job.id)
    assert statuses[:2] == ["COMPLETED", "COMPLETED"]
    assert set(statuses[2:]) <= {"COMPLETED", "CANCELLED"}
    assert statuses[4:] == ["CANCELLED"] * 3
    assert (await Item.get(job_id=job.id, index=0)).result["index"] == 0
    states = {str(row.status) for row in await Slice.filter(job_id=job.id)}
    assert states == {"DONE", "DROPPED"}
    assert not list((worker_harness.jobs.folder / "work").iterdir())


@pytest.mark.parametrize("script", [{"plan": "burn"}, {"finish": "burn"}])
@on_sqlite
async def test_cancelling_stops_a_plan_and_a_finish_too(worker_harness: WorkerHarness, script: dict[str, Any]) -> None:
    job = await worker_harness.add_job(**script)
    task = asyncio.create_task((await worker_harness.worker()).work())
    pid = await number_told(worker_harness.jobs.folder)
    await cancel(worker_harness, job)
    await wait_for_status(job, JobStatus.CANCELLED, 2)
    await task
    assert not alive([pid])
    assert await Slice.filter(status__in=["WAITING", "RUNNING"]).count() == 0


@on_sqlite
async def test_a_stop_that_was_missed_is_found_when_the_lease_is_renewed(
    worker_harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await worker_harness.add_job(acts={1: "burn"})
    worker = await worker_harness.worker()
    task, renewing = asyncio.create_task(worker.work()), asyncio.create_task(worker.renew(every_seconds=0.1))
    await number_told(worker_harness.jobs.folder)
    monkeypatch.setattr(worker_harness.jobs.hub, "deliver", lambda _event: None)
    await cancel(worker_harness, job)
    await wait_for_status(job, JobStatus.CANCELLED, 2)
    await task
    renewing.cancel()
    assert await Slice.filter(status__in=["WAITING", "RUNNING"]).count() == 0


async def test_a_cancel_between_the_claim_and_the_work_stops_it(
    worker_harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await worker_harness.add_job(plan="burn")

    async def claim_and_be_cancelled(*given: Any) -> Any:
        claim = await claim_slices(*given)
        if claim is not None:
            await cancel(worker_harness, job)
        return claim

    monkeypatch.setattr(poller, "claim_slices", claim_and_be_cancelled)
    await asyncio.wait_for((await worker_harness.worker()).work(), 30)
    assert (await Job.get(id=job.id)).status is JobStatus.CANCELLED
    assert not (worker_harness.jobs.folder / "pid").exists()


async def test_stopping_gives_slices_back_at_once_and_another_worker_goes_on(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(sizes=[2, 2], acts={1: "burn_once"})
    first = await worker_harness.worker("first:1")
    tasks = [asyncio.create_task(first.work()) for _ in range(2)]
    await number_told(worker_harness.jobs.folder)
    begin = time.monotonic()
    await first.stop()
    assert time.monotonic() - begin < 5
    assert await Slice.filter(status="RUNNING").count() == 0
    assert (await Job.get(id=job.id)).status is JobStatus.PENDING
    await asyncio.gather(*tasks)
    await first.work()
    assert await Slice.filter(status="RUNNING").count() == 0
    await (await worker_harness.worker("second:2")).work()
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.attempt) == (JobStatus.COMPLETED, 4, 1)
    assert [item[0] for item in await worker_harness.report(job)] == [0, 1, 2, 3]
    assert {row.crash_count for row in await Slice.all()} == {0}


async def test_stopping_while_slices_are_being_claimed_leaves_none_running(
    worker_harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def process(_phases: object, claim: Claim, _on_computed: object) -> None:
        await asyncio.sleep(0.002)
        await worker_harness.jobs.record(claim, completed(claim.first.first_index))

    monkeypatch.setattr(phases.Phases, "process", process)
    job = await worker_harness.jobs.plan(*[1] * 300)
    for delay in (0.0, 0.001, 0.002, 0.003, 0.005, 0.008, 0.013, 0.021):
        worker = await worker_harness.worker(f"w:{delay}")
        tasks = [asyncio.create_task(worker.work()) for _ in range(4)]
        await asyncio.sleep(delay)
        await worker.stop()
        assert await Slice.filter(status="RUNNING").count() == 0
        await asyncio.gather(*tasks)
        await check_counters(job.id)
    assert (await Job.get(id=job.id)).status is JobStatus.PENDING


@pytest.mark.parametrize("way", ["recover", "sweep"])
async def test_after_a_kill_in_the_middle_the_totals_are_exact_and_nothing_is_twice(
    worker_harness: WorkerHarness, way: str
) -> None:
    job = await worker_harness.add_job(sizes=[3, 3, 3], acts={4: "burn_once", 7: "give_up"})
    killed = await worker_harness.worker("killed:1", count=1)
    task = asyncio.create_task(killed.work())
    await number_told(worker_harness.jobs.folder)
    await abandon(killed, task)
    assert await Slice.filter(status="RUNNING").count() == 2  # a run: the slice at hand, and the next
    if way == "recover":
        assert await recover_slices("killed:", worker_harness.jobs.outbox) == 2
    else:
        await expire_leases()
        assert await sweep_leases(worker_harness.jobs.outbox) == 2
    assert (await Job.get(id=job.id)).status is JobStatus.PENDING
    await (await worker_harness.worker("next:2")).work()
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.failed_items, done.completed_slices) == ("COMPLETED", 8, 1, 3)
    assert [item[0] for item in await worker_harness.report(job)] == list(range(9))
    assert (done.attempt, await Item.filter(job_id=job.id).count()) == (1, 9)
    assert [str(event.status) for event in await JobEvent.filter(job_id=job.id).order_by("id")].count("PENDING") == 2


async def test_after_a_kill_while_planning_everything_is_planned_once(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(sizes=[2, 2], plan="burn_once")
    killed = await worker_harness.worker("killed:1")
    task = asyncio.create_task(killed.work())
    await number_told(worker_harness.jobs.folder)
    await abandon(killed, task)
    await recover_slices("killed:", worker_harness.jobs.outbox)
    await (await worker_harness.worker("next:2")).work()
    done = await check_counters(job.id)
    assert (done.status, done.total_items, await Item.all().count()) == (JobStatus.COMPLETED, 4, 4)
    assert sorted(file.name for file in await File.all()) == ["report.json", "spool.txt"]


async def test_a_slice_over_which_three_workers_die_fails_its_job(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(sizes=[1, 1], acts={0: "burn"})
    for number in range(3):
        (worker_harness.jobs.folder / "pid").unlink(missing_ok=True)
        worker = await worker_harness.worker(f"w:{number}", count=1)
        task = asyncio.create_task(worker.work())
        await number_told(worker_harness.jobs.folder)
        await abandon(worker, task)
        await expire_leases()
        await sweep_leases(worker_harness.jobs.outbox)
    ended = await Job.get(id=job.id)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, "WORKER_LOST")
    await (await worker_harness.worker("last:9")).work()
    assert (await Job.get(id=job.id)).status is JobStatus.FAILED


async def test_an_error_of_the_server_is_tried_again_before_it_fails_the_job(
    worker_harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = record_plan, []

    async def fail_twice(*given: Any) -> None:
        calls.append(given)
        if len(calls) < 3:
            raise ConnectionResetError
        await real(*given)

    monkeypatch.setattr(phases, "record_plan", fail_twice)
    with capture_logs():
        job = await worker_harness.run(await worker_harness.add_job())
    assert (job.status, len(calls)) == (JobStatus.COMPLETED, 3)


async def test_an_error_of_the_server_that_stays_fails_the_job(
    worker_harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(phases, "record_plan", fail)
    with capture_logs():
        job = await worker_harness.run(await worker_harness.add_job())
    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "INTERNAL_ERROR", True)


async def test_two_workers_share_the_slices_of_a_job(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(sizes=[2] * 12, seconds=0.02)
    workers = [await worker_harness.worker(f"w:{number}") for number in range(2)]
    plan = asyncio.create_task(workers[0].work())
    await wait_for_status(job, JobStatus.PROCESSING)
    others = [asyncio.create_task(worker.work()) for worker in workers for _ in range(2)]

    async def is_done() -> bool:
        if all(task.done() for task in others):
            others[:] = [asyncio.create_task(worker.work()) for worker in workers for _ in range(2)]
        return (await Job.get(id=job.id)).status is JobStatus.COMPLETED

    await wait_until(is_done)
    await asyncio.gather(plan, *others)
    done = await check_counters(job.id)
    assert (done.completed_items, done.completed_slices) == (24, 12)
    pids = {item.result["pid"] for item in await Item.all()}
    assert len(pids) > 1


async def test_no_slice_is_taken_before_a_child_is_free_for_it(worker_harness: WorkerHarness) -> None:
    busy = await worker_harness.add_job(sizes=[1], acts={0: "burn"})
    worker = await worker_harness.worker(count=1)
    tasks = [asyncio.create_task(worker.work())]
    await number_told(worker_harness.jobs.folder)
    waiting = await worker_harness.add_job(sizes=[1])
    tasks.append(asyncio.create_task(worker.work()))
    await asyncio.sleep(0.2)
    assert [(row.job_id, row.phase) for row in await Slice.filter(status="RUNNING")] == [(busy.id, SlicePhase.PROCESS)]
    assert (await Job.get(id=waiting.id)).status is JobStatus.PENDING
    await cancel(worker_harness, busy)
    await asyncio.gather(*tasks)
    assert (await Job.get(id=waiting.id)).status is JobStatus.COMPLETED


async def test_while_a_slice_is_recorded_the_next_one_is_done(
    worker_harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_record, recording = asyncio.Event(), 0

    async def record_in_a_while(*given: Any, **named: Any) -> None:
        nonlocal recording
        recording += 1
        await may_record.wait()
        await record_items(*given, **named)

    monkeypatch.setattr(recorders, "record_items", record_in_a_while)
    job = await worker_harness.add_job(sizes=[1, 1])
    worker = await worker_harness.worker(count=1)
    tasks = [asyncio.create_task(worker.work())]
    await wait_until(lambda: recording == 1)
    tasks.append(asyncio.create_task(worker.work()))
    await wait_until(lambda: recording == 2)
    may_record.set()
    await asyncio.gather(*tasks)
    assert (await Job.get(id=job.id)).status is JobStatus.COMPLETED


async def test_a_slice_that_fails_the_job_stops_the_other_slices(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(sizes=[1, 1], acts={0: "burn", 1: "refuse"})
    worker = await worker_harness.worker()
    tasks = [asyncio.create_task(worker.work())]
    await wait_for_status(job, JobStatus.PROCESSING)
    pid = await number_told(worker_harness.jobs.folder)
    tasks.append(asyncio.create_task(worker.work()))
    await wait_for_status(job, JobStatus.FAILED)
    await asyncio.wait_for(asyncio.gather(*tasks), 20)
    assert not alive([pid])
    assert {str(row.status) for row in await Slice.filter(job_id=job.id)} == {"DONE", "DROPPED"}


async def test_retry_of_only_failed_items_replaces_what_they_made(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.run(await worker_harness.add_job(sizes=[3, 2], acts={1: "give_up_once"}))
    assert (job.status, job.failed_items) == (JobStatus.COMPLETED, 1)
    first = {item.index: item for item in await Item.filter(job_id=job.id)}
    again, freed = await retry_job(
        worker_harness.jobs.viewer, job.id, worker_harness.jobs.outbox, only_failed_items=True
    )
    assert (again.attempt, len(freed)) == (2, 2)
    done = await worker_harness.run(job)
    await check_counters(job.id)
    assert (done.status, done.failed_items, done.completed_items) == (JobStatus.COMPLETED, 0, 5)
    second = {item.index: item for item in await Item.filter(job_id=job.id)}
    assert {index: item.attempt for index, item in second.items()} == {0: 1, 1: 2, 2: 1, 3: 1, 4: 1}
    assert all(second[index].result == first[index].result for index in (0, 2, 3, 4))
    assert [status for _, status, _ in await worker_harness.report(job)] == ["COMPLETED"] * 5
    assert sorted(file.name for file in await File.all()) == ["report.json", "spool.txt"]


def test_names_of_workers_tell_installation_and_process() -> None:
    assert worker_name("/srv/a").startswith(worker_prefix("/srv/a"))
    assert worker_prefix("/srv/a") != worker_prefix("/srv/b")


@on_sqlite
async def test_a_database_that_was_away_is_not_the_slices_fault(
    worker_harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what was not recorded nor what could not be given back at once counts as the loss of a worker."""
    job = await worker_harness.add_job(sizes=[2])
    outages = dict.fromkeys(("record_items", "release_run"), 3)

    def away_at_first(module: Any, name: str) -> None:
        work = getattr(module, name)

        async def reach(*arguments: Any, **named: Any) -> Any:
            if outages[name]:
                outages[name] -= 1
                raise DBConnectionError("[Errno 111] Connection refused")
            return await work(*arguments, **named)

        monkeypatch.setattr(module, name, reach)

    away_at_first(recorders, "record_items")
    away_at_first(slice_runner, "release_run")
    with capture_logs() as logs:
        await (await worker_harness.worker()).work()
        await wait_for_status(job, JobStatus.COMPLETED)
    assert outages == {"record_items": 0, "release_run": 0}
    assert (await check_counters(job.id)).completed_items == 2
    assert {row.crash_count for row in await Slice.filter(job_id=job.id)} == {0}
    assert "took back slices of lost workers" not in [line["event"] for line in logs]


async def test_a_claim_whose_answer_was_lost_waits_for_no_lease(
    worker_harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def claim_without_an_answer(*given: Any) -> None:
        assert await claim_slices(*given) is not None
        msg = "connection was closed in the middle of operation"
        raise DBConnectionError(msg)

    await worker_harness.jobs.plan(1)
    kept = await worker_harness.jobs.claim()
    job = await worker_harness.add_job()
    with monkeypatch.context() as patch:
        patch.setattr(poller, "claim_slices", claim_without_an_answer)
        worker = await worker_harness.worker()
        with pytest.raises(DBConnectionError):
            await worker.work()
    assert [row.id for row in await Slice.filter(status="RUNNING")] == [kept.first.id]
    await worker.work()
    assert (await Job.get(id=job.id)).status is JobStatus.COMPLETED
    assert {row.crash_count for row in await Slice.all()} == {0}
