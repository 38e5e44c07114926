"""Sweeping: wake-ups for slices that wait, slices of lost workers, and uploads whose time is over."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs
from tortoise.connection import get_connection

from background import sweepers
from background.orphans import OrphanCollector
from background.sweepers import sweep_jobs, sweep_jobs_forever, sweep_uploads, sweep_uploads_forever
from base.words import UploadStatus
from jobs.retention import Retention
from models import JobCount, JobCountChange, Slice, Upload
from models.fields import now
from models.sql import fetch_rows
from tests.background.worker_harness import wait_until
from tests.job_harness import JobHarness

WEEK = Retention(*[timedelta(days=7)] * 3)


async def test_a_slice_that_waits_gets_a_wake_up(harness: JobHarness) -> None:
    await sweep_jobs(harness.outbox)
    assert harness.wake_ups == 0
    await harness.add_job()
    harness.wake_ups = 0
    await sweep_jobs(harness.outbox)
    assert harness.wake_ups == 1
    await harness.claim()
    await sweep_jobs(harness.outbox)
    assert harness.wake_ups == 1


async def test_slices_of_lost_workers_wait_again(harness: JobHarness) -> None:
    await harness.add_job()
    await harness.claim("lost")
    await fetch_rows(get_connection("default"), "UPDATE slices SET lease_expires_at = lease_expires_at - 21")
    with capture_logs() as logs:
        await sweep_jobs(harness.outbox)
    assert [(line["event"], line["slices"]) for line in logs] == [("took back slices of lost workers", 1)]
    assert (await Slice.get()).status == "WAITING"


async def test_a_sweep_folds_what_has_changed_into_the_counts(harness: JobHarness) -> None:
    await harness.add_job()
    await sweep_jobs(harness.outbox)
    assert await JobCountChange.all().count() == 0
    assert await JobCount.all().count() == 2  # of its owner, and of everybody


async def test_a_sweep_that_fails_does_not_end_the_sweeping(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, has_gone_on = [], asyncio.Event()

    async def fail_once(_outbox: object, **_: object) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionResetError
        has_gone_on.set()

    monkeypatch.setattr(sweepers, "sweep_jobs", fail_once)
    with capture_logs() as logs:
        task = asyncio.create_task(sweep_jobs_forever(harness.outbox, 0.01))
        await asyncio.wait_for(has_gone_on.wait(), 10)
        task.cancel()
    assert [line["event"] for line in logs] == ["a sweep failed; the next one tries again"]


async def test_a_sweep_comes_as_soon_as_a_lease_ends(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: asyncio.Queue[float] = asyncio.Queue()
    goes_on = asyncio.Semaphore(0)

    async def pause(seconds: float) -> None:
        pauses.put_nowait(seconds)
        await goes_on.acquire()

    async def pause_after_sweep() -> float:
        goes_on.release()
        return await asyncio.wait_for(pauses.get(), 10)

    async def shorten_lease(seconds: float) -> None:
        await fetch_rows(
            get_connection("default"), "UPDATE slices SET lease_expires_at = lease_expires_at - $1", seconds
        )

    monkeypatch.setattr(sweepers, "asyncio", SimpleNamespace(sleep=pause))
    task = asyncio.create_task(sweep_jobs_forever(harness.outbox, 5.0))
    assert [await pauses.get(), await pause_after_sweep()] == [5.0, 5.0]
    await harness.add_job()
    await harness.claim("lost")
    assert await pause_after_sweep() == 5.0  # a lease lasts 20 s
    await shorten_lease(18)
    assert 0 < await pause_after_sweep() < 2.2
    await shorten_lease(3)
    assert await pause_after_sweep() == 5.0
    assert (await Slice.get()).status == "WAITING"
    task.cancel()


async def test_uploads_are_looked_after_at_once_and_at_intervals(harness: JobHarness) -> None:
    upload_services = harness.upload_services()
    overdue = await harness.add_upload(status=UploadStatus.UPLOADING)
    await Upload.filter(id=overdue.id).update(expires_at=now())
    used, unused = await harness.add_upload(), await harness.add_upload()
    await harness.add_job(used)
    await Upload.filter(id__in=[used.id, unused.id]).update(updated_at=now() - timedelta(days=8))
    task = asyncio.create_task(sweep_uploads_forever(upload_services, WEEK, 0.02))
    await wait_until(lambda: _are_removed(overdue, unused))
    task.cancel()
    await asyncio.wait([task])
    statuses = [(await Upload.get(id=upload.id)).status for upload in (overdue, used, unused)]
    assert statuses == [UploadStatus.EXPIRED, UploadStatus.COMPLETED, UploadStatus.EXPIRED]
    assert [upload.id for upload in await Upload.filter(is_stored=True)] == [used.id]


async def _are_removed(*uploads: Upload) -> bool:
    return not await Upload.filter(id__in=[upload.id for upload in uploads], is_stored=True).exists()


async def test_a_step_that_fails_keeps_no_other_from_being_done(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_receiver: object) -> int:
        raise ConnectionResetError

    upload = await harness.add_upload(status=UploadStatus.UPLOADING)
    await Upload.filter(id=upload.id).update(expires_at=now())
    monkeypatch.setattr(sweepers, "sweep_unfinished", fail)
    with capture_logs() as logs:
        await sweep_uploads(harness.upload_services(), WEEK, OrphanCollector(harness.upload_services().storage))
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "a sweep failed; the next one tries again"
    ]
    assert (await Upload.get(id=upload.id)).status is UploadStatus.EXPIRED
