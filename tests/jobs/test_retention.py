"""Retention of inputs, results and jobs."""

from datetime import timedelta
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.words import FileRole, JobStatus, UploadStatus
from jobs.lifecycle import retry_job
from jobs.queries import find_job
from jobs.retention import (
    Retention,
    Use,
    check_unused,
    ends_of_jobs,
    sweep_ended_jobs,
    sweep_gone_uploads,
    sweep_inputs,
    sweep_results,
    uses_of_uploads,
)
from models import File, Job, JobUpload, Upload, UploadPart
from models.fields import now
from models.ids import new_id
from storage.keys import file_key
from storage.local.storage import LocalStorage
from tests.databases import read_tables
from tests.job_harness import JobHarness
from uploads.lifecycle import expire_unfinished, reject_upload
from uploads.queries import overdue_upload_ids
from webhooks.lifecycle import remove_deliveries

WEEK = timedelta(days=7)


async def old_upload(harness: JobHarness, **columns: Any) -> Upload:
    """An upload that was finished eight days ago."""
    upload = await harness.add_upload(**columns)
    await Upload.filter(id=upload.id).update(updated_at=now() - timedelta(days=8))
    return await Upload.get(id=upload.id)


async def status_of(upload: Upload) -> UploadStatus:
    return (await Upload.get(id=upload.id)).status


async def test_an_input_that_no_job_uses_goes_after_its_time_with_its_bytes(harness: JobHarness) -> None:
    upload_services = harness.upload_services()
    old, young = await old_upload(harness), await harness.add_upload()
    assert await sweep_inputs(upload_services, WEEK) == 1
    assert [await status_of(upload) for upload in (old, young)] == [UploadStatus.EXPIRED, UploadStatus.COMPLETED]
    assert (harness.folder / "uploads" / old.id[-2:] / old.id).exists() is False
    assert [event.row["status"] for event in harness.events if event.row["id"] == old.id] == ["EXPIRED"]
    assert await sweep_inputs(upload_services, WEEK) == 0


@pytest.mark.parametrize(
    "status",
    [JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.AWAITING_INPUT, JobStatus.PAUSED, JobStatus.CANCELLING],
)
async def test_an_input_of_an_active_job_is_not_touched_however_old(harness: JobHarness, status: JobStatus) -> None:
    upload = await old_upload(harness)
    job = await harness.add_job(upload)
    await Job.filter(id=job.id).update(status=status)
    assert await sweep_inputs(harness.upload_services(), WEEK) == 0
    assert await status_of(upload) is UploadStatus.COMPLETED


async def test_the_time_counts_from_the_end_of_the_last_job(harness: JobHarness) -> None:
    upload = await old_upload(harness)
    for days in (20, 6):
        job = await harness.add_job(upload)
        ended = now() - timedelta(days=days)
        await Job.filter(id=job.id).update(status=JobStatus.FAILED, finished_at=ended)
    assert await sweep_inputs(harness.upload_services(), WEEK) == 0
    assert await sweep_inputs(harness.upload_services(), timedelta(days=5)) == 1


async def test_when_an_input_goes_can_be_read_before(harness: JobHarness) -> None:
    free, ended, active = [await old_upload(harness) for _ in range(3)]
    job = await harness.add_job(ended, active)
    moment = now() - timedelta(days=1)
    await Job.filter(id=job.id).update(status=JobStatus.COMPLETED, finished_at=moment)
    await harness.add_job(active)
    uses = await uses_of_uploads([free.id, ended.id, active.id])
    assert [use.is_active for use in uses] == [False, False, True]
    assert uses[0] == Use()
    assert uses[0].end_of(free.updated_at, WEEK) == free.updated_at + WEEK
    end = uses[1].end_of(ended.updated_at, WEEK)
    assert end is not None
    assert abs((end - moment - WEEK).total_seconds()) < 0.001
    assert uses[2].end_of(active.updated_at, WEEK) is None


async def test_the_parts_of_a_concatenation_go_with_it_and_not_before(harness: JobHarness) -> None:
    part = await old_upload(harness, is_partial=True, concat="partial")
    final = await harness.add_upload(concat="final;x", is_stored=False)
    await UploadPart.create(final_id=final.id, part_id=part.id, position=0)
    assert await sweep_inputs(harness.upload_services(), WEEK) == 0
    await Upload.filter(id=final.id).update(updated_at=now() - timedelta(days=8))
    assert await sweep_inputs(harness.upload_services(), WEEK) == 1
    assert [await status_of(upload) for upload in (part, final)] == [UploadStatus.DELETED, UploadStatus.EXPIRED]
    assert (harness.folder / "uploads" / part.id[-2:] / part.id).exists() is False


async def test_a_job_that_begins_meanwhile_keeps_its_input(harness: JobHarness) -> None:
    upload = await old_upload(harness)
    await harness.add_job(upload)
    with pytest.raises(Refusal) as refused:
        async with in_transaction() as db:
            await check_unused(db, upload)
    assert refused.value.code is ErrorCode.INVALID_STATE


async def test_a_retry_after_the_input_is_gone_is_refused(harness: JobHarness) -> None:
    upload = await old_upload(harness)
    job = await harness.add_job(upload)
    await Job.filter(id=job.id).update(
        status=JobStatus.FAILED, error_is_retryable=True, finished_at=now() - timedelta(days=8)
    )
    assert await sweep_inputs(harness.upload_services(), WEEK) == 1
    with pytest.raises(Refusal) as refused:
        await retry_job(harness.viewer, job.id, harness.outbox, only_failed_items=False)
    assert refused.value.code is ErrorCode.CANNOT_RETRY


async def test_an_upload_that_expires_fails_the_job_that_waits_for_it(harness: JobHarness) -> None:
    upload = await harness.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0, expires_at=now())
    job = await harness.add_job(upload)
    assert await overdue_upload_ids(now(), 10) == [upload.id]
    assert await expire_unfinished(harness.upload_services(), upload.id)
    job = await Job.get(id=job.id)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "UPLOAD_EXPIRED")
    assert "not finished in time" in (job.error_message or "")
    assert harness.statuses_told(job.id)[-1] == "FAILED"


async def test_an_upload_that_is_rejected_fails_the_job_that_waits_for_it_with_its_reason(harness: JobHarness) -> None:
    upload = await harness.add_upload(status=UploadStatus.FINALISING)
    job = await harness.add_job(upload)
    await reject_upload(
        harness.upload_services(), upload, Refusal(ErrorCode.CORRUPT_FILE, "Bytes of this file were lost.")
    )
    job = await Job.get(id=job.id)
    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "CORRUPT_FILE", False)
    assert "Bytes of this file were lost." in (job.error_message or "")


async def test_a_part_is_no_input(harness: JobHarness) -> None:
    part = await harness.add_upload(is_partial=True, concat="partial")
    with pytest.raises(Refusal) as refused:
        await harness.add_job(part)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "input.uploadIds")


MONTH = timedelta(days=30)


async def ended_job(harness: JobHarness, days: float, status: JobStatus = JobStatus.COMPLETED) -> Job:
    """A job that ended so many days ago, however it did, with its rows and one file of each role."""
    job = await harness.put_into(JobStatus.COMPLETED)
    moment = now() - timedelta(days=days)
    await Job.filter(id=job.id).update(status=status, finished_at=moment)
    for role in FileRole:
        id_ = new_id("file")
        path = harness.folder / file_key(id_)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        await File.create(
            id=id_, job_id=job.id, owner_id=job.owner_id, role=role, name=f"{role}.csv", content_type="text/csv", size_bytes=1,
            sha256="0" * 64, storage_key=file_key(id_), created_at=moment,
        )  # fmt: skip
    return await Job.get(id=job.id)


async def stored_roles(harness: JobHarness, job: Job) -> set[FileRole]:
    """The roles of the files whose bytes are on the disk, which the rows say, too."""
    files = await File.filter(job_id=job.id)
    on_disk = {file.role for file in files if (harness.folder / file.storage_key).exists()}
    assert on_disk == {file.role for file in files if file.is_stored}
    return on_disk


async def test_results_and_reports_go_a_month_after_their_job(harness: JobHarness) -> None:
    storage = LocalStorage(harness.folder)
    old, young = await ended_job(harness, 31), await ended_job(harness, 29)
    assert await sweep_results(storage, MONTH) == 2
    assert await stored_roles(harness, old) == {FileRole.INPUT, FileRole.INTERMEDIATE}
    assert await stored_roles(harness, young) == set(FileRole)
    gone = await File.filter(job_id=old.id, expires_at__isnull=False)
    assert {file.role for file in gone} == {FileRole.RESULT, FileRole.REPORT}
    assert await sweep_results(storage, MONTH) == 0


@pytest.mark.parametrize("status", [status for status in JobStatus if status.is_active])
async def test_nothing_of_an_active_job_goes_however_old_its_files_are(harness: JobHarness, status: JobStatus) -> None:
    job = await ended_job(harness, 400, status)
    storage = LocalStorage(harness.folder)
    assert await sweep_results(storage, MONTH) == 0
    assert await sweep_ended_jobs(storage, harness, MONTH, remove_deliveries) == 0
    assert await stored_roles(harness, job) == set(FileRole)


async def test_a_retry_keeps_the_results_that_it_goes_on_from(harness: JobHarness) -> None:
    job = await ended_job(harness, 31)
    await Job.filter(id=job.id).update(failed_items=1, total_slices=1, error_is_retryable=True)
    await retry_job(harness.viewer, job.id, harness.outbox, only_failed_items=True)
    assert await sweep_results(LocalStorage(harness.folder), MONTH) == 0


async def test_what_a_stopped_sweep_left_is_removed_by_the_next(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = LocalStorage(harness.folder)
    job = await ended_job(harness, 31)
    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "remove", _fail)
        for sweep in (sweep_results(storage, MONTH), sweep_ended_jobs(storage, harness, MONTH, remove_deliveries)):
            with pytest.raises(OSError, match="stopped"):
                await sweep
    assert await stored_roles(harness, job) == set(FileRole)
    assert (await Job.get(id=job.id)).deleted_at is not None
    assert await sweep_results(storage, MONTH) == 2
    assert await sweep_ended_jobs(storage, harness, MONTH, remove_deliveries) == 1
    assert list((harness.folder / "files").rglob("file-*")) == []
    assert await Job.all().count() == await File.all().count() == 0


async def _fail(_storage: object, _key: str) -> None:
    message = "stopped"
    raise OSError(message)


async def test_jobs_go_with_all_that_is_theirs_and_nothing_else(harness: JobHarness) -> None:
    old, young = await ended_job(harness, 91), await ended_job(harness, 89)
    kept = {
        table: [row for row in rows if row.get("job_id", row["id"]) != old.id]
        for table, rows in (await read_tables()).items()
    }
    counts: dict[str, Any] = dict.fromkeys(("job_counts", "job_count_changes"))  # by sort, not by job
    assert await sweep_ended_jobs(LocalStorage(harness.folder), harness, timedelta(days=90), remove_deliveries) == 1
    assert {**await read_tables(), **counts} == {**kept, **counts}
    assert {row["job_id"] for row in kept["items"]} == {young.id}
    assert [event.row["deleted_at"] is not None for event in harness.events if event.row["id"] == old.id][-1]
    with pytest.raises(Refusal) as refused:
        await find_job(harness.viewer, old.id)
    assert refused.value.code is ErrorCode.BATCH_NOT_FOUND


async def test_the_key_of_a_job_that_went_is_free_again(harness: JobHarness) -> None:
    job = await ended_job(harness, 91)
    await Job.filter(id=job.id).update(external_id="mine")
    await sweep_ended_jobs(LocalStorage(harness.folder), harness, MONTH, remove_deliveries)
    assert (await harness.add_job(external_id="mine")).id != job.id


async def test_rows_of_uploads_go_that_are_gone_and_that_no_job_names(harness: JobHarness) -> None:
    ages = {"old": 91, "young": 89}
    made = {
        (age, status): await old_upload(harness, status=status, is_stored=False)
        for age in ages for status in (UploadStatus.EXPIRED, UploadStatus.DELETED, UploadStatus.REJECTED)
    }  # fmt: skip
    for (age, _), upload in made.items():
        await Upload.filter(id=upload.id).update(updated_at=now() - timedelta(days=ages[age]))
    here, used, stored = await old_upload(harness), await harness.add_upload(), await harness.add_upload()
    await harness.add_job(used)
    ancient = now() - timedelta(days=400)
    await Upload.filter(id=here.id).update(updated_at=ancient)
    await Upload.filter(id=used.id).update(updated_at=ancient, status=UploadStatus.EXPIRED, is_stored=False)
    await Upload.filter(id=stored.id).update(updated_at=ancient, status=UploadStatus.EXPIRED)
    await UploadPart.create(final_id=made["old", UploadStatus.EXPIRED].id, part_id=here.id, position=0)
    assert await sweep_gone_uploads(timedelta(days=90)) == 3
    left = {upload.id for upload in await Upload.all()}
    assert left == {here.id, used.id, stored.id, *(upload.id for (age, _), upload in made.items() if age == "young")}
    assert await UploadPart.all().count() == 0
    await JobUpload.filter(upload_id=used.id).delete()
    assert await sweep_gone_uploads(timedelta(days=90)) == 1


async def test_when_results_and_jobs_go_can_be_read_before(harness: JobHarness) -> None:
    ended, active = await ended_job(harness, 1), await harness.add_job()
    ends = await ends_of_jobs([active.id, ended.id, "batch-1754556928-ffffffffffff"])
    assert ends == [None, ended.finished_at, None]
    moment = now()
    retention = Retention(inputs=WEEK, results=MONTH, jobs=3 * MONTH)
    assert (retention.end_of_results(moment), retention.end_of_job(moment)) == (moment + MONTH, moment + 3 * MONTH)
    assert Retention(WEEK, MONTH, WEEK).end_of_results(moment) == moment + WEEK
    assert (retention.end_of_results(None), retention.end_of_job(None)) == (None, None)
