"""Hooks of uploads: the last byte starts waiting jobs once. An upload that ends otherwise fails them."""

import asyncio
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SlicePhase, UploadStatus
from jobs import transitions
from jobs.lifecycle import retry_job, start_job
from jobs.upload_hooks import on_upload_completed, on_upload_progress, on_upload_removed
from models import Job, Slice, Upload
from tests.databases import read_tables
from tests.job_harness import JobHarness, history
from uploads.rows import change_upload, upload_of
from uploads.wiring import Growth


async def start(harness: JobHarness, job_id: str, **given: Any) -> Job:
    return await start_job(harness.viewer, job_id, lambda _kind: harness.kind, harness.outbox, **given)


async def retry(harness: JobHarness, job_id: str, *, only_failed_items: bool = False) -> Job:
    job, _ = await retry_job(harness.viewer, job_id, harness.outbox, only_failed_items=only_failed_items)
    return job


@pytest.mark.parametrize("place", ["add_event", "add_slices", "enqueue_job"])
async def test_a_crash_at_the_last_byte_leaves_none_of_it(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    upload = await harness.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
    await harness.add_job(upload)
    before, told = await read_tables(), len(harness.events)
    real = getattr(transitions, place)

    async def crash(*given: Any, **named: Any) -> Any:
        await real(*given, **named)
        raise LookupError

    monkeypatch.setattr(transitions, place, crash)
    with pytest.raises(LookupError):
        await harness.complete(upload)
    assert await read_tables() == before
    assert (len(harness.events), harness.wake_ups) == (told, 0)
    monkeypatch.undo()
    await harness.complete(upload)
    assert (await harness.claim()).phase is SlicePhase.PLAN
    assert (await Slice.all().count(), harness.wake_ups) == (1, 1)


async def test_events_and_wake_ups_of_the_last_byte_leave_after_the_commit(harness: JobHarness) -> None:
    upload = await harness.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
    await harness.add_job(upload)
    told = len(harness.events)
    async with in_transaction() as db:
        done = {"status": UploadStatus.COMPLETED, "offset_bytes": upload.size_bytes}
        row = await change_upload(db, upload.id, [UploadStatus.UPLOADING], **done)
        assert row is not None
        growth = Growth(upload_of(row), upload_of(row).offset_bytes)
        after_commit = await on_upload_completed(db, growth, harness.outbox)
        assert (len(harness.events), harness.wake_ups) == (told, 0)
    await after_commit()
    assert [event.row["status"] for event in harness.events[told:]] == ["UPLOADED", "PENDING"]
    assert harness.wake_ups == 1


async def test_last_uploads_that_end_at_once_start_the_job_exactly_once(harness: JobHarness) -> None:
    for _ in range(10):
        uploads = [await harness.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0) for _ in range(3)]
        job = await harness.add_job(*uploads)
        other = await harness.add_job(*reversed(uploads))
        await asyncio.gather(*(harness.complete(upload) for upload in uploads))
        for id_ in (job.id, other.id):
            assert [status for status, _ in await history(id_)] == ["UPLOADING", "UPLOADED", "PENDING"]
            assert await Slice.filter(job_id=id_).count() == 1


async def test_a_job_made_while_its_upload_ends_is_started(harness: JobHarness) -> None:
    for _ in range(10):
        upload = await harness.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
        job, _ = await asyncio.gather(harness.add_job(upload), harness.complete(upload))
        assert (await Job.get(id=job.id)).status is JobStatus.PENDING
        assert await Slice.filter(job_id=job.id).count() == 1


async def test_a_job_started_while_its_upload_ends_is_started(harness: JobHarness) -> None:
    for _ in range(10):
        more = await harness.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
        job = await harness.add_job(auto_start=False)
        await asyncio.gather(start(harness, job.id, add_upload_ids=[more.id]), harness.complete(more))
        assert (await Job.get(id=job.id)).status is JobStatus.PENDING


async def test_bytes_of_uploads_that_arrive_at_once_are_all_counted(harness: JobHarness) -> None:
    uploads = [await harness.add_upload(b"x" * 100, status=UploadStatus.UPLOADING, offset_bytes=0) for _ in range(3)]
    job = await harness.add_job(*uploads)

    async def move(upload: Upload) -> None:
        for offset in (20, 40, 60):
            async with in_transaction() as db:
                row = await change_upload(db, upload.id, [UploadStatus.UPLOADING], offset_bytes=offset)
                assert row is not None
                after_commit = await on_upload_progress(db, Growth(upload_of(row), 20), harness.outbox)
            await after_commit()

    told = len(harness.events)
    await asyncio.gather(*(move(upload) for upload in uploads))
    by_version = sorted((event.row for event in harness.events[told:]), key=lambda row: row["version"])
    counted = [row["processed_bytes"] for row in by_version]
    assert counted == list(range(20, 200, 20))
    assert (await Job.get(id=job.id)).percentage == 0


async def test_an_upload_that_is_gone_fails_the_jobs_that_wait_for_it(harness: JobHarness) -> None:
    upload = await harness.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
    waiting = await harness.add_job(upload)
    done = await harness.put_into(JobStatus.COMPLETED)
    async with in_transaction() as db:
        row = await change_upload(db, upload.id, [UploadStatus.UPLOADING], status=UploadStatus.DELETED)
        assert row is not None
        after_commit = await on_upload_removed(db, upload_of(row), harness.outbox)
    await after_commit()
    job = await Job.get(id=waiting.id)
    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "UPLOAD_NOT_FOUND", False)
    assert (await Job.get(id=done.id)).status is JobStatus.COMPLETED
    with pytest.raises(Refusal) as caught:
        await retry(harness, waiting.id)
    assert caught.value.code is ErrorCode.CANNOT_RETRY
