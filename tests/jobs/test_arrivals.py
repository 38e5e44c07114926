"""What uploads cause: the last byte starts what waited for it, once; an end without it fails it."""

import asyncio
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, SlicePhase, UploadStatus
from jobs import moves
from jobs.arrivals import count_upload_bytes, fail_waiting_jobs, start_waiting_jobs
from jobs.lifecycle import retry_job, start_job
from models import Job, Slice, Upload
from tests.databases import read_tables
from tests.workshop import Workshop, history
from uploads.rows import change_upload, upload_of


async def start(shop: Workshop, job_id: str, **given: Any) -> Job:
    return await start_job(shop.viewer, job_id, lambda _kind: shop.processor, shop.outbox, **given)


async def retry(shop: Workshop, job_id: str, *, only_failed_items: bool = False) -> Job:
    job, _ = await retry_job(shop.viewer, job_id, shop.outbox, only_failed_items=only_failed_items)
    return job


@pytest.mark.parametrize("place", ["add_event", "add_slices", "enqueue_job"])
async def test_a_crash_at_the_last_byte_leaves_none_of_it(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    upload = await shop.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
    await shop.add_job(upload)
    before, told = await read_tables(), len(shop.events)
    real = getattr(moves, place)

    async def crash(*given: Any, **named: Any) -> Any:
        await real(*given, **named)
        raise LookupError

    monkeypatch.setattr(moves, place, crash)
    with pytest.raises(LookupError):
        await shop.complete(upload)
    assert await read_tables() == before
    assert (len(shop.events), shop.permits) == (told, 0)
    monkeypatch.undo()
    await shop.complete(upload)
    assert (await shop.claim()).phase is SlicePhase.PLAN
    assert (await Slice.all().count(), shop.permits) == (1, 1)


async def test_events_and_permits_of_the_last_byte_leave_after_the_commit(shop: Workshop) -> None:
    upload = await shop.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
    await shop.add_job(upload)
    told = len(shop.events)
    async with in_transaction() as db:
        row = await change_upload(db, upload.id, [UploadStatus.UPLOADING], status=UploadStatus.COMPLETED)
        assert row is not None
        after_commit = await start_waiting_jobs(db, upload_of(row), shop.outbox)
        assert (len(shop.events), shop.permits) == (told, 0)
    await after_commit()
    assert [event.row["status"] for event in shop.events[told:]] == ["UPLOADED", "PENDING"]
    assert shop.permits == 1


async def test_last_uploads_that_end_at_once_start_the_job_exactly_once(shop: Workshop) -> None:
    for _ in range(10):
        uploads = [await shop.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0) for _ in range(3)]
        job = await shop.add_job(*uploads)
        other = await shop.add_job(*reversed(uploads))
        await asyncio.gather(*(shop.complete(upload) for upload in uploads))
        for id_ in (job.id, other.id):
            assert [status for status, _ in await history(id_)] == ["UPLOADING", "UPLOADED", "PENDING"]
            assert await Slice.filter(job_id=id_).count() == 1


async def test_a_job_made_while_its_upload_ends_is_started(shop: Workshop) -> None:
    for _ in range(10):
        upload = await shop.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
        job, _ = await asyncio.gather(shop.add_job(upload), shop.complete(upload))
        assert (await Job.get(id=job.id)).status is JobStatus.PENDING
        assert await Slice.filter(job_id=job.id).count() == 1


async def test_a_job_started_while_its_upload_ends_is_started(shop: Workshop) -> None:
    for _ in range(10):
        more = await shop.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
        job = await shop.add_job(auto_start=False)
        await asyncio.gather(start(shop, job.id, add_upload_ids=[more.id]), shop.complete(more))
        assert (await Job.get(id=job.id)).status is JobStatus.PENDING


async def test_bytes_of_uploads_that_arrive_at_once_are_all_counted(shop: Workshop) -> None:
    uploads = [await shop.add_upload(b"x" * 100, status=UploadStatus.UPLOADING, offset_bytes=0) for _ in range(3)]
    job = await shop.add_job(*uploads)

    async def move(upload: Upload) -> None:
        for offset in (20, 40, 60):
            async with in_transaction() as db:
                row = await change_upload(db, upload.id, [UploadStatus.UPLOADING], offset_bytes=offset)
                assert row is not None
                after_commit = await count_upload_bytes(db, upload_of(row), shop.outbox)
            await after_commit()

    told = len(shop.events)
    await asyncio.gather(*(move(upload) for upload in uploads))
    by_version = sorted((event.row for event in shop.events[told:]), key=lambda row: row["version"])
    counted = [row["processed_bytes"] for row in by_version]
    assert counted == list(range(20, 200, 20))
    assert (await Job.get(id=job.id)).percentage == 0


async def test_an_upload_that_is_gone_fails_the_jobs_that_wait_for_it(shop: Workshop) -> None:
    upload = await shop.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
    waiting = await shop.add_job(upload)
    done = await shop.put_into(JobStatus.COMPLETED)
    async with in_transaction() as db:
        row = await change_upload(db, upload.id, [UploadStatus.UPLOADING], status=UploadStatus.DELETED)
        assert row is not None
        after_commit = await fail_waiting_jobs(db, upload_of(row), shop.outbox)
    await after_commit()
    job = await Job.get(id=waiting.id)
    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "UPLOAD_NOT_FOUND", False)
    assert (await Job.get(id=done.id)).status is JobStatus.COMPLETED
    with pytest.raises(Refusal) as caught:
        await retry(shop, waiting.id)
    assert caught.value.code is ErrorCode.CANNOT_RETRY
