"""Sweeping: permissions for slices that wait, slices of lost workers, and uploads whose time is over."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tortoise.connection import get_connection

from background import sweepers
from background.strays import Strays
from background.sweepers import sweep_jobs, sweep_jobs_forever, sweep_uploads, sweep_uploads_forever
from base.words import UploadStatus
from jobs.retention import Retention
from jobs.rows import fetch
from models import Slice, Upload
from models.fields import now
from tests.workshop import Workshop

WEEK = Retention(*[timedelta(days=7)] * 3)


async def test_a_slice_that_waits_gets_a_permission(shop: Workshop) -> None:
    await sweep_jobs(shop.outbox)
    assert shop.permits == 0
    await shop.add_job()
    shop.permits = 0
    await sweep_jobs(shop.outbox)
    assert shop.permits == 1
    await shop.claim()
    await sweep_jobs(shop.outbox)
    assert shop.permits == 1


async def test_slices_of_lost_workers_wait_again(shop: Workshop) -> None:
    await shop.add_job()
    await shop.claim("lost")
    await fetch(get_connection("default"), "UPDATE slices SET lease_expires_at = lease_expires_at - 21")
    with capture_logs() as logs:
        await sweep_jobs(shop.outbox)
    assert [(line["event"], line["slices"]) for line in logs] == [("took back slices of lost workers", 1)]
    assert (await Slice.get()).status == "WAITING"


async def test_a_sweep_that_fails_does_not_end_the_sweeping(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    async def fail_once(_outbox: object) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionResetError

    monkeypatch.setattr(sweepers, "SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(sweepers, "sweep_jobs", fail_once)
    with capture_logs() as logs:
        task = asyncio.create_task(sweep_jobs_forever(shop.outbox))
        await asyncio.sleep(0.2)
        task.cancel()
    assert len(calls) > 2
    assert [line["event"] for line in logs] == ["a sweep failed; the next one tries again"]


async def test_uploads_are_looked_after_at_once_and_at_intervals(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = shop.receiver()
    overdue = await shop.add_upload(status=UploadStatus.UPLOADING)
    await Upload.filter(id=overdue.id).update(expires_at=now())
    used, unused = await shop.add_upload(), await shop.add_upload()
    await shop.add_job(used)
    await Upload.filter(id__in=[used.id, unused.id]).update(updated_at=now() - timedelta(days=8))
    monkeypatch.setattr(sweepers, "UPLOADS_SECONDS", 0.02)
    task = asyncio.create_task(sweep_uploads_forever(receiver, WEEK))
    await asyncio.sleep(0.3)
    task.cancel()
    statuses = [(await Upload.get(id=upload.id)).status for upload in (overdue, used, unused)]
    assert statuses == [UploadStatus.EXPIRED, UploadStatus.COMPLETED, UploadStatus.EXPIRED]
    assert [upload.id for upload in await Upload.filter(is_stored=True)] == [used.id]


async def test_a_step_that_fails_keeps_no_other_from_being_done(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_receiver: object) -> int:
        raise ConnectionResetError

    upload = await shop.add_upload(status=UploadStatus.UPLOADING)
    await Upload.filter(id=upload.id).update(expires_at=now())
    monkeypatch.setattr(sweepers, "sweep_unfinished", fail)
    with capture_logs() as logs:
        await sweep_uploads(shop.receiver(), WEEK, Strays(shop.receiver().storage))
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "a sweep failed; the next one tries again"
    ]
    assert (await Upload.get(id=upload.id)).status is UploadStatus.EXPIRED
