"""Inputs are kept as long as a job needs them, and some time after."""

from datetime import timedelta
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, UploadStatus
from jobs.lifecycle import retry_job
from jobs.retention import Use, check_unused, sweep_inputs, uses_of_uploads
from models import Job, Upload, UploadPart
from models.fields import now
from tests.workshop import Workshop
from uploads.lifecycle import expire_unfinished, reject_upload
from uploads.queries import overdue_upload_ids

WEEK = timedelta(days=7)


async def old_upload(shop: Workshop, **columns: Any) -> Upload:
    """An upload that was finished eight days ago."""
    upload = await shop.add_upload(**columns)
    await Upload.filter(id=upload.id).update(updated_at=now() - timedelta(days=8))
    return await Upload.get(id=upload.id)


async def status_of(upload: Upload) -> UploadStatus:
    return (await Upload.get(id=upload.id)).status


async def test_an_input_that_no_job_uses_goes_after_its_time_with_its_bytes(shop: Workshop) -> None:
    receiver = shop.receiver()
    old, young = await old_upload(shop), await shop.add_upload()
    assert await sweep_inputs(receiver, WEEK) == 1
    assert [await status_of(upload) for upload in (old, young)] == [UploadStatus.EXPIRED, UploadStatus.COMPLETED]
    assert (shop.folder / "uploads" / old.id[-2:] / old.id).exists() is False
    assert [event.row["status"] for event in shop.events if event.row["id"] == old.id] == ["EXPIRED"]
    assert await sweep_inputs(receiver, WEEK) == 0


@pytest.mark.parametrize(
    "status",
    [JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.AWAITING_INPUT, JobStatus.PAUSED, JobStatus.CANCELLING],
)
async def test_an_input_of_an_active_job_is_not_touched_however_old(shop: Workshop, status: JobStatus) -> None:
    upload = await old_upload(shop)
    job = await shop.add_job(upload)
    await Job.filter(id=job.id).update(status=status)
    assert await sweep_inputs(shop.receiver(), WEEK) == 0
    assert await status_of(upload) is UploadStatus.COMPLETED


async def test_the_time_counts_from_the_end_of_the_last_job(shop: Workshop) -> None:
    upload = await old_upload(shop)
    for days in (20, 6):
        job = await shop.add_job(upload)
        ended = now() - timedelta(days=days)
        await Job.filter(id=job.id).update(status=JobStatus.FAILED, finished_at=ended)
    assert await sweep_inputs(shop.receiver(), WEEK) == 0
    assert await sweep_inputs(shop.receiver(), timedelta(days=5)) == 1


async def test_when_an_input_goes_can_be_read_before(shop: Workshop) -> None:
    free, ended, active = [await old_upload(shop) for _ in range(3)]
    job = await shop.add_job(ended, active)
    moment = now() - timedelta(days=1)
    await Job.filter(id=job.id).update(status=JobStatus.COMPLETED, finished_at=moment)
    await shop.add_job(active)
    uses = await uses_of_uploads([free.id, ended.id, active.id])
    assert [use.is_active for use in uses] == [False, False, True]
    assert uses[0] == Use()
    assert uses[0].end_of(free.updated_at, WEEK) == free.updated_at + WEEK
    end = uses[1].end_of(ended.updated_at, WEEK)
    assert end is not None
    assert abs((end - moment - WEEK).total_seconds()) < 0.001
    assert uses[2].end_of(active.updated_at, WEEK) is None


async def test_the_parts_of_a_concatenation_go_with_it_and_not_before(shop: Workshop) -> None:
    part = await old_upload(shop, is_partial=True, concat="partial")
    final = await shop.add_upload(concat="final;x", is_stored=False)
    await UploadPart.create(final_id=final.id, part_id=part.id, position=0)
    assert await sweep_inputs(shop.receiver(), WEEK) == 0
    await Upload.filter(id=final.id).update(updated_at=now() - timedelta(days=8))
    assert await sweep_inputs(shop.receiver(), WEEK) == 1
    assert [await status_of(upload) for upload in (part, final)] == [UploadStatus.DELETED, UploadStatus.EXPIRED]
    assert (shop.folder / "uploads" / part.id[-2:] / part.id).exists() is False


async def test_a_job_that_begins_meanwhile_keeps_its_input(shop: Workshop) -> None:
    upload = await old_upload(shop)
    await shop.add_job(upload)
    with pytest.raises(Refusal) as refused:
        async with in_transaction() as db:
            await check_unused(db, upload)
    assert refused.value.code is ErrorCode.INVALID_STATE


async def test_a_retry_after_the_input_is_gone_is_refused(shop: Workshop) -> None:
    upload = await old_upload(shop)
    job = await shop.add_job(upload)
    await Job.filter(id=job.id).update(status=JobStatus.FAILED, finished_at=now() - timedelta(days=8))
    assert await sweep_inputs(shop.receiver(), WEEK) == 1
    with pytest.raises(Refusal) as refused:
        await retry_job(shop.viewer, job.id, shop.outbox, only_failed_items=False)
    assert refused.value.code is ErrorCode.CANNOT_RETRY


async def test_an_upload_that_expires_fails_the_job_that_waits_for_it(shop: Workshop) -> None:
    upload = await shop.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0, expires_at=now())
    job = await shop.add_job(upload)
    assert await overdue_upload_ids(now(), 10) == [upload.id]
    assert await expire_unfinished(shop.receiver(), upload.id)
    job = await Job.get(id=job.id)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "UPLOAD_EXPIRED")
    assert "not finished in time" in (job.error_message or "")
    assert shop.statuses_told(job.id)[-1] == "FAILED"


async def test_an_upload_that_is_rejected_fails_the_job_that_waits_for_it_with_its_reason(shop: Workshop) -> None:
    upload = await shop.add_upload(status=UploadStatus.FINALISING)
    job = await shop.add_job(upload)
    await reject_upload(shop.receiver(), upload, Refusal(ErrorCode.CORRUPT_FILE, "Bytes of this file were lost."))
    job = await Job.get(id=job.id)
    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "CORRUPT_FILE", False)
    assert "Bytes of this file were lost." in (job.error_message or "")


async def test_a_part_is_no_input(shop: Workshop) -> None:
    part = await shop.add_upload(is_partial=True, concat="partial")
    with pytest.raises(Refusal) as refused:
        await shop.add_job(part)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "input.uploadIds")
