"""Jobs on a full disk: parked, told, resumed."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tortoise.connection import get_connection

from base.words import JobStatus, WaitReason
from jobs.contents import inputs_of_job
from jobs.lifecycle import cancel_job, pause_job, resume_job
from jobs.scheduling.leases import sweep_leases
from jobs.scheduling.parking import LONGEST_SECONDS, pause_after
from models import Job, JobEvent, LogEntry, Slice
from models.sql import fetch_rows
from storage.keys import upload_key
from storage.local.storage import LocalStorage
from tests.background.worker_harness import WorkerHarness, on_sqlite, wait_until
from tests.job_harness import check_counters
from tests.small_disk import mounted

WAITS = "a slice waits for room on the disk"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", 8 * 2**20) as disk:
        yield disk


async def make_due() -> None:
    """The pause is over."""
    await fetch_rows(
        get_connection("default"), "UPDATE jobs SET wait_until = wait_until - 100 WHERE wait_until IS NOT NULL"
    )


async def check_waits(job: Job, times: int) -> None:
    """It waits for room, told as such, for so many times in a row, and nobody is to blame."""
    job = await Job.get(id=job.id)
    assert (job.status, job.wait_reason, job.wait_count) == (JobStatus.PENDING, WaitReason.DISK_FULL, times)
    assert job.wait_until is not None
    assert (job.attempt, job.error_code) == (1, None)
    assert "disk is full" in job.status_message
    assert {one.crash_count for one in await Slice.filter(job_id=job.id)} == {0}
    assert await LogEntry.filter(job_id=job.id, level="WARNING", message__contains="disk is full").count() == 1


@pytest.mark.parametrize(
    "script", [{"plan": "run_out"}, {"acts": {2: "run_out"}}, {"finish": "run_out"}], ids=["plan", "process", "finish"]
)
async def test_a_child_that_finds_no_room_parks_the_job_until_there_is_some(
    worker_harness: WorkerHarness, script: dict[str, Any]
) -> None:
    await check_goes_on(worker_harness, script)


@on_sqlite
@pytest.mark.parametrize("act", ["run_out_inside", "run_out_of_quota", "run_out_in_sqlite", "run_out_and_die"])
async def test_however_a_child_tells_that_there_is_no_room_the_job_is_parked(
    worker_harness: WorkerHarness, act: str
) -> None:
    await check_goes_on(worker_harness, {"acts": {1: act}})


async def check_goes_on(worker_harness: WorkerHarness, script: dict[str, Any]) -> None:
    job = await worker_harness.add_job(sizes=[2, 2], **script)
    worker = await worker_harness.worker(count=1, rest_seconds=0)
    for times in range(1, 5):  # more often than a slice may lose its worker
        await worker.work()
        await check_waits(job, times)
        assert await worker_harness.jobs.try_claim() is None
        await make_due()
    (worker_harness.jobs.folder / "room").touch()
    await worker.work()
    job = await check_counters(job.id)
    assert (job.status, job.completed_items, job.attempt) == (JobStatus.COMPLETED, 4, 1)
    assert [job.wait_reason, job.wait_until] == [None, None]


async def test_what_was_done_before_the_disk_was_full_is_kept_and_other_slices_are_done(
    worker_harness: WorkerHarness,
) -> None:
    job = await worker_harness.add_job(sizes=[3, 2], acts={1: "run_out"})
    worker = await worker_harness.worker(count=1, rest_seconds=0)
    await worker.work()
    assert (await Job.get(id=job.id)).completed_items == 1
    await make_due()
    (worker_harness.jobs.folder / "room").touch()
    await worker.work()
    assert (await check_counters(job.id)).status is JobStatus.COMPLETED


@on_sqlite
@pytest.mark.parametrize(
    "script",
    [{"plan": "run_out_for_real"}, {"acts": {1: "run_out_for_real"}}, {"finish": "run_out_for_real"}],
    ids=["plan", "process", "finish"],
)
async def test_a_disk_that_is_really_full_parks_the_job(
    worker_harness: WorkerHarness, small_disk: Path, script: dict[str, Any]
) -> None:
    job = await worker_harness.add_job(**script)
    worker = await worker_harness.worker(count=1, rest_seconds=0)
    worker._files._storage = LocalStorage(small_disk)
    worker._files._reserved_bytes = 0
    (upload,) = await inputs_of_job(job.id)
    stored = worker._files._storage.path_of(upload_key(upload.id))
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"a b")
    for times in range(1, 5):
        await worker.work()
        await check_waits(job, times)
        assert list((small_disk / "work").iterdir()) == []
        await make_due()
    (worker_harness.jobs.folder / "room").touch()
    await worker.work()
    assert (await check_counters(job.id)).status is JobStatus.COMPLETED


@on_sqlite
async def test_work_leaves_room_for_the_database(worker_harness: WorkerHarness) -> None:
    """Before a call begins, and while it goes on."""
    first, second = await worker_harness.add_job(), await worker_harness.add_job(sizes=[1], acts={0: "burn_once"})
    worker = await worker_harness.worker(count=1, rest_seconds=0)
    worker._files._reserved_bytes = 2**60
    await worker.work()
    await check_waits(first, 1)
    await check_waits(second, 1)
    worker._files._reserved_bytes = 0
    await make_due()
    working = asyncio.create_task(worker.work())
    await wait_until((worker_harness.jobs.folder / "pid").exists)
    worker._files._reserved_bytes = 2**60
    await working
    assert (await Job.get(id=first.id)).status is JobStatus.COMPLETED
    assert (await Job.get(id=second.id)).wait_reason is WaitReason.DISK_FULL
    worker._files._reserved_bytes = 0
    await make_due()
    await worker.work()
    assert (await check_counters(second.id)).status is JobStatus.COMPLETED


class FullStorage(LocalStorage):
    """One in which `method` finds no room for as long as `is_full`."""

    is_full = True

    def __init__(self, root: Path, method: str, code: int) -> None:
        super().__init__(root)
        real = getattr(self, method)

        async def write(*arguments: Any) -> Any:
            if self.is_full:
                raise OSError(code, os.strerror(code))
            return await real(*arguments)

        setattr(self, method, write)


@on_sqlite
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("method", ["make_folder", "adopt"])
async def test_a_worker_that_finds_no_room_parks_the_job_until_there_is_some(
    worker_harness: WorkerHarness, method: str, code: int
) -> None:
    storage = FullStorage(worker_harness.jobs.folder, method, code)
    job = await worker_harness.add_job()
    worker = await worker_harness.worker(count=1, rest_seconds=0)
    worker._files._storage = storage
    for times in range(1, 5):
        await worker.work()
        await check_waits(job, times)
        await make_due()
    storage.is_full = False
    await worker.work()
    assert (await check_counters(job.id)).status is JobStatus.COMPLETED


@asynccontextmanager
async def full_database(table: str) -> AsyncIterator[None]:
    """No row of `table` finds room: SQLite may have no more pages, PostgreSQL says what it says of a full disk (53100)."""
    db = get_connection("default")
    if db.capabilities.dialect == "sqlite":
        await db.execute_script("PRAGMA max_page_count = 1")  # of those that there are none is taken away
        yield
        await db.execute_script("PRAGMA max_page_count = 1073741823")
        return
    await db.execute_script(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$; "
        f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    yield
    await db.execute_script(f"DROP TRIGGER full_disk ON {table}; DROP FUNCTION refuse()")


async def test_a_database_without_room_for_results_parks_the_job_until_it_has_some(
    worker_harness: WorkerHarness,
) -> None:
    job = await worker_harness.add_job(sizes=[2_000])
    worker = await worker_harness.worker(count=1, rest_seconds=0)
    with capture_logs() as logs:
        async with full_database("items"):
            working = asyncio.create_task(worker.work())
            await wait_until(lambda: WAITS in [line["event"] for line in logs], 20)
        await working  # it may have had no room for the note either
    for _ in range(3):
        await make_due()
        await worker.work()
    job = await check_counters(job.id)
    assert (job.status, job.attempt, job.completed_items) == (JobStatus.COMPLETED, 1, 2_000)
    assert {one.crash_count for one in await Slice.filter(job_id=job.id)} == {0}


async def test_a_job_that_waits_can_be_cancelled_paused_and_resumed(worker_harness: WorkerHarness) -> None:
    harness = worker_harness.jobs
    worker = await worker_harness.worker(count=1, rest_seconds=0)
    first, second = [await worker_harness.add_job(plan="run_out") for _ in range(2)]
    await worker.work()
    assert (await cancel_job(harness.viewer, first.id, harness.outbox)).status is JobStatus.CANCELLED
    paused = await pause_job(harness.viewer, second.id, harness.outbox)
    assert paused.status is JobStatus.PAUSED
    assert [paused.wait_reason, paused.wait_until] == [None, None]
    (harness.folder / "room").touch()
    resumed = await resume_job(harness.viewer, second.id, harness.outbox)
    assert (resumed.status, resumed.wait_count) == (JobStatus.PENDING, 0)
    await worker.work()
    assert (await Job.get(id=second.id)).status is JobStatus.COMPLETED


async def test_a_slice_that_waits_is_no_lost_one(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(plan="run_out")
    await (await worker_harness.worker(count=1, rest_seconds=0)).work()
    assert await sweep_leases(worker_harness.jobs.outbox) == 0
    await check_waits(job, 1)
    assert [event.status for event in await JobEvent.filter(job_id=job.id).order_by("id")][-2:] == [
        "PROCESSING",
        "PENDING",
    ]


def test_pauses_grow_to_a_bound_and_differ() -> None:
    for count, longest in ((1, 5), (2, 10), (3, 20), (4, 40), (5, LONGEST_SECONDS), (10_000, LONGEST_SECONDS)):
        pauses = {pause_after(count) for _ in range(50)}
        assert longest / 2 <= min(pauses) < max(pauses) <= longest
