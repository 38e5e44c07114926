"""Deleting hides a job; purging leaves nothing of it; neither touches what is active or somebody else's."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from base.errors import ErrorCode, Refusal
from base.words import FileRole, JobStatus, Role, UploadStatus
from jobs.lifecycle import cancel_jobs, delete_job, hide_job, retry_job, update_job
from jobs.purge import purge_job
from jobs.queries import JobCriteria, find_job
from jobs.recording.files import NewFile
from models import File, Item, Job, JobEvent, JobUpload, LogEntry, Slice, Upload
from models.upload import UploadPart
from storage.keys import file_key, upload_key
from tests.databases import read_tables
from tests.job_harness import JobHarness, completed, viewer_of
from uploads.locks import UploadLocks
from uploads.removal import sweep_removed
from webhooks.lifecycle import remove_deliveries

OTHER = "user-1754556928-0000000000bb"


async def completed_job(harness: JobHarness) -> Job:
    job = await harness.plan(1)
    await harness.record(await harness.claim(), completed(0))
    id_ = "file-1754556928-12a41dbec0f3"
    path = harness.folder / file_key(id_)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"result")
    await harness.finish(NewFile(id_, FileRole.RESULT, "a.csv", "text/csv", 6, "0" * 64, file_key(id_)))
    return await Job.get(id=job.id)


async def test_a_deleted_job_is_told_for_the_last_time_and_then_not_found(harness: JobHarness) -> None:
    job = await completed_job(harness)
    viewer = viewer_of(harness.viewer.user_id, Role.ADMIN)
    assert await delete_job(viewer, job.id, harness.outbox) == job.id
    last = harness.events[-1]
    assert (last.kind, last.row["id"], last.row["deleted_at"] is not None) == ("job", job.id, True)
    for again in (find_job(viewer, job.id), delete_job(viewer, job.id, harness.outbox)):
        with pytest.raises(Refusal) as refused:
            await again
        assert refused.value.code is ErrorCode.BATCH_NOT_FOUND
    assert await Item.filter(job_id=job.id).count() == 1


async def test_of_a_delete_and_a_retry_at_once_one_wins(harness: JobHarness) -> None:
    viewer = viewer_of(harness.viewer.user_id, Role.ADMIN)
    for _ in range(10):
        job = await harness.put_into(JobStatus.CANCELLED)
        verbs = (
            delete_job(viewer, job.id, harness.outbox),
            retry_job(viewer, job.id, harness.outbox, only_failed_items=False),
        )
        answers = await asyncio.gather(*verbs, return_exceptions=True)
        assert sorted(isinstance(answer, Refusal) for answer in answers) == [False, True]
        after = await Job.get(id=job.id)
        assert (after.status is JobStatus.PENDING) is (after.deleted_at is None)


async def test_of_two_deletes_at_once_one_finds_nothing(harness: JobHarness) -> None:
    viewer = viewer_of(harness.viewer.user_id, Role.ADMIN)
    job = await harness.put_into(JobStatus.CANCELLED)
    deletes = (hide_job(viewer, job, harness.outbox) for _ in range(2))
    answers = await asyncio.gather(*deletes, return_exceptions=True)
    (refused,) = [answer for answer in answers if answer is not None]
    assert isinstance(refused, Refusal)
    assert refused.code is ErrorCode.BATCH_NOT_FOUND


async def test_the_external_id_of_a_deleted_job_can_be_used_again(harness: JobHarness) -> None:
    job = await harness.add_job(external_id="key")
    await Job.filter(id=job.id).update(status=JobStatus.FAILED)
    await delete_job(viewer_of(harness.viewer.user_id, Role.ADMIN), job.id, harness.outbox)
    assert (await harness.add_job(external_id="key")).id != job.id


async def test_a_user_may_not_delete_a_batch(harness: JobHarness) -> None:
    job = await completed_job(harness)
    with pytest.raises(Refusal) as refused:
        await delete_job(harness.viewer, job.id, harness.outbox)
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert (await Job.get(id=job.id)).deleted_at is None


async def test_nothing_is_left_of_a_purged_job(harness: JobHarness) -> None:
    job = await completed_job(harness)
    upload = (await Upload.all())[0]
    paths = [harness.folder / file_key("file-1754556928-12a41dbec0f3"), harness.folder / upload_key(upload.id)]
    assert all(path.exists() for path in paths)
    viewer = viewer_of("user-1754556928-0000000000aa", Role.ADMIN)
    assert await purge_job(viewer, job.id, harness.upload_services(), harness.outbox, remove_deliveries) == job.id
    assert not any(path.exists() for path in paths)
    for model in (File, Item, Slice, JobEvent, LogEntry, JobUpload, Job):
        assert await model.all().count() == 0
    assert await Upload.all().count() == 0
    assert harness.events[-1].kind == "upload"


@pytest.mark.parametrize("status", list(UploadStatus))
async def test_whatever_became_of_an_input_a_purge_leaves_neither_its_name_nor_its_size(
    harness: JobHarness, status: UploadStatus
) -> None:
    secret: dict[str, Any] = {
        "metadata": "filename c2VjcmV0",
        "external_id": "secret",
        "sha256": "5ec2e7" * 10,
        "size_bytes": 987_654,
    }
    is_there = status not in {UploadStatus.EXPIRED, UploadStatus.REJECTED, UploadStatus.DELETED}
    upload = await harness.add_upload(name="secret.txt", is_stored=is_there, **secret)
    job = await harness.add_job(upload)
    await Upload.filter(id=upload.id).update(status=status)
    await Job.filter(id=job.id).update(status=JobStatus.FAILED)
    await purge_job(
        viewer_of("user-1754556928-0000000000aa", Role.ADMIN),
        job.id,
        harness.upload_services(),
        harness.outbox,
        remove_deliveries,
    )
    left = str(await read_tables())
    assert [word for word in ("secret", "c2VjcmV0", "5ec2e7", "987654") if word in left] == []
    assert not (harness.folder / upload_key(upload.id)).exists()


async def test_parts_of_a_purged_concatenation_go_with_it_unless_another_needs_them(harness: JobHarness) -> None:
    parts = [await harness.add_upload(name=f"part {n}", is_partial=True, concat="partial") for n in range(2)]
    finals = [await harness.add_upload(name=f"final {n}", concat="final;x", is_stored=False) for n in range(2)]
    for final, used in ((finals[0], parts), (finals[1], parts[1:])):
        for position, part in enumerate(used):
            await UploadPart.create(final_id=final.id, part_id=part.id, position=position)
    job = await harness.add_job(finals[0])
    await Job.filter(id=job.id).update(status=JobStatus.FAILED)
    await purge_job(
        viewer_of(harness.viewer.user_id, Role.ADMIN),
        job.id,
        harness.upload_services(),
        harness.outbox,
        remove_deliveries,
    )
    assert {row.id for row in await Upload.all()} == {parts[1].id, finals[1].id}
    assert [(harness.folder / upload_key(part.id)).exists() for part in parts] == [False, True]


async def test_bytes_that_somebody_still_sends_are_left_to_the_sweep_by_a_row_that_tells_nothing(
    harness: JobHarness,
) -> None:
    upload = await harness.add_upload(name="secret.txt")
    job = await harness.add_job(upload)
    await Job.filter(id=job.id).update(status=JobStatus.FAILED)
    upload_services = replace(harness.upload_services(), locks=UploadLocks(wait_seconds=0.05))
    async with upload_services.locks.acquire(upload.id):
        await purge_job(
            viewer_of(harness.viewer.user_id, Role.ADMIN), job.id, upload_services, harness.outbox, remove_deliveries
        )
        row = await Upload.get(id=upload.id)
        assert (row.filename, row.size_bytes, row.is_stored) == ("", None, True)
    await sweep_removed(upload_services)
    assert not (harness.folder / upload_key(upload.id)).exists()


async def test_uploads_that_another_job_uses_outlive_a_purge(harness: JobHarness) -> None:
    upload = await harness.add_upload()
    job, _ = await harness.add_job(upload), await harness.add_job(upload)
    await Job.filter(id=job.id).update(status=JobStatus.FAILED)
    await purge_job(
        viewer_of(harness.viewer.user_id, Role.ADMIN),
        job.id,
        harness.upload_services(),
        harness.outbox,
        remove_deliveries,
    )
    assert (await Upload.get(id=upload.id)).status is UploadStatus.COMPLETED
    assert await Job.all().count() == 1


async def test_a_purge_that_broke_off_is_done_to_its_end(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await completed_job(harness)
    viewer = viewer_of(harness.viewer.user_id, Role.ADMIN)

    async def crash(*_: object) -> None:
        raise LookupError

    monkeypatch.setattr("jobs.purge._remove_rows", crash)
    with pytest.raises(LookupError):
        await purge_job(viewer, job.id, harness.upload_services(), harness.outbox, remove_deliveries)
    with pytest.raises(Refusal):
        await find_job(viewer, job.id)
    monkeypatch.undo()
    await purge_job(viewer, job.id, harness.upload_services(), harness.outbox, remove_deliveries)
    assert await Job.all().count() == 0


@pytest.mark.parametrize("role", [Role.USER, Role.WORKER])
async def test_only_admins_purge(harness: JobHarness, role: Role) -> None:
    job = await completed_job(harness)
    before = await read_tables()
    with pytest.raises(Refusal) as refused:
        await purge_job(
            viewer_of(harness.viewer.user_id, role),
            job.id,
            harness.upload_services(),
            harness.outbox,
            remove_deliveries,
        )
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert await read_tables() == before


async def test_an_active_job_is_not_purged(harness: JobHarness) -> None:
    job = await harness.add_job()
    with pytest.raises(Refusal) as refused:
        await purge_job(
            viewer_of(harness.viewer.user_id, Role.ADMIN),
            job.id,
            harness.upload_services(),
            harness.outbox,
            remove_deliveries,
        )
    assert refused.value.code is ErrorCode.INVALID_STATE
    assert (await Job.get(id=job.id)).deleted_at is None


async def test_many_are_cancelled_at_once_own_and_active_ones_that_match(harness: JobHarness) -> None:
    done = await harness.put_into(JobStatus.FAILED)
    await Job.filter(id=done.id).update(title="red")
    mine = [await harness.add_job(title=title) for title in ("red", "red", "blue")]
    other = await harness.add_job(viewer=viewer_of(OTHER), title="red")
    cancelled = await cancel_jobs(harness.viewer, JobCriteria(search="RED"), harness.outbox)
    assert [job.id for job in cancelled] == [mine[0].id, mine[1].id]
    statuses = {job.id: str(job.status) for job in await Job.all()}
    assert [statuses[job.id] for job in (*mine, done, other)] == [
        "CANCELLED", "CANCELLED", "PENDING", "FAILED", "PENDING",
    ]  # fmt: skip


@pytest.mark.parametrize("search", [None, "", "\0"])
async def test_an_empty_filter_cancels_nothing(harness: JobHarness, search: str | None) -> None:
    job = await harness.add_job()
    with pytest.raises(Refusal) as refused:
        await cancel_jobs(harness.viewer, JobCriteria(search=search), harness.outbox)
    assert refused.value.code is ErrorCode.BAD_INPUT
    assert (await Job.get(id=job.id)).status is JobStatus.PENDING


async def test_another_priority_is_another_place_in_the_queue_and_is_told(harness: JobHarness) -> None:
    first, second = await harness.add_job(), await harness.add_job()
    changed = await update_job(harness.viewer, second.id, {"title": "urgent\0", "priority": 5}, harness.outbox)
    assert (changed.title, changed.priority, changed.version) == ("urgent", 5, second.version + 1)
    assert harness.events[-1].row["priority"] == 5
    assert [(await harness.claim()).job.id for _ in range(2)] == [second.id, first.id]


async def test_nobody_changes_what_is_somebody_elses(harness: JobHarness) -> None:
    job = await harness.add_job()
    before = await read_tables()
    with pytest.raises(Refusal) as refused:
        await update_job(viewer_of(OTHER), job.id, {"title": "x"}, harness.outbox)
    assert refused.value.code is ErrorCode.BATCH_NOT_FOUND
    assert await read_tables() == before
