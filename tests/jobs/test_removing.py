"""Deleting hides a job; purging leaves nothing of it; neither touches what is active or somebody else's."""

import asyncio

import pytest

from base.errors import ErrorCode, Refusal
from base.words import FileRole, JobStatus, Role, UploadStatus
from jobs.lifecycle import cancel_jobs, delete_job, hide_job, retry_job, update_job
from jobs.purging import purge_job
from jobs.queries import JobCriteria, find_job
from jobs.records import NewFile
from models import File, Item, Job, JobEvent, JobUpload, LogEntry, Slice, Upload
from storage.keys import file_key, upload_key
from tests.databases import read_tables
from tests.workshop import Workshop, completed, viewer_of

OTHER = "user-1754556928-0000000000bb"


async def completed_job(shop: Workshop) -> Job:
    job = await shop.plan(1)
    await shop.record(await shop.claim(), completed(0))
    id_ = "file-1754556928-12a41dbec0f3"
    path = shop.folder / file_key(id_)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"result")
    await shop.finish(NewFile(id_, FileRole.RESULT, "a.csv", "text/csv", 6, "0" * 64, file_key(id_)))
    return await Job.get(id=job.id)


async def test_a_deleted_job_is_told_for_the_last_time_and_then_not_found(shop: Workshop) -> None:
    job = await completed_job(shop)
    viewer = viewer_of(shop.viewer.user_id, Role.ADMIN)
    assert await delete_job(viewer, job.id, shop.outbox) == job.id
    last = shop.events[-1]
    assert (last.kind, last.row["id"], last.row["deleted_at"] is not None) == ("job", job.id, True)
    for again in (find_job(viewer, job.id), delete_job(viewer, job.id, shop.outbox)):
        with pytest.raises(Refusal) as refused:
            await again
        assert refused.value.code is ErrorCode.BATCH_NOT_FOUND
    assert await Item.filter(job_id=job.id).count() == 1


async def test_of_a_delete_and_a_retry_at_once_one_wins(shop: Workshop) -> None:
    viewer = viewer_of(shop.viewer.user_id, Role.ADMIN)
    for _ in range(10):
        job = await shop.put_into(JobStatus.CANCELLED)
        verbs = (
            delete_job(viewer, job.id, shop.outbox),
            retry_job(viewer, job.id, shop.outbox, only_failed_items=False),
        )
        answers = await asyncio.gather(*verbs, return_exceptions=True)
        assert sorted(isinstance(answer, Refusal) for answer in answers) == [False, True]
        after = await Job.get(id=job.id)
        assert (after.status is JobStatus.PENDING) is (after.deleted_at is None)


async def test_of_two_deletes_at_once_one_finds_nothing(shop: Workshop) -> None:
    viewer = viewer_of(shop.viewer.user_id, Role.ADMIN)
    job = await shop.put_into(JobStatus.CANCELLED)
    deletes = (hide_job(viewer, job, shop.outbox) for _ in range(2))
    answers = await asyncio.gather(*deletes, return_exceptions=True)
    (refused,) = [answer for answer in answers if answer is not None]
    assert isinstance(refused, Refusal)
    assert refused.code is ErrorCode.BATCH_NOT_FOUND


async def test_the_external_id_of_a_deleted_job_can_be_used_again(shop: Workshop) -> None:
    job = await shop.add_job(external_id="key")
    await Job.filter(id=job.id).update(status=JobStatus.FAILED)
    await delete_job(viewer_of(shop.viewer.user_id, Role.ADMIN), job.id, shop.outbox)
    assert (await shop.add_job(external_id="key")).id != job.id


async def test_a_user_may_not_delete_a_batch(shop: Workshop) -> None:
    job = await completed_job(shop)
    with pytest.raises(Refusal) as refused:
        await delete_job(shop.viewer, job.id, shop.outbox)
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert (await Job.get(id=job.id)).deleted_at is None


async def test_nothing_is_left_of_a_purged_job(shop: Workshop) -> None:
    job = await completed_job(shop)
    upload = (await Upload.all())[0]
    paths = [shop.folder / file_key("file-1754556928-12a41dbec0f3"), shop.folder / upload_key(upload.id)]
    assert all(path.exists() for path in paths)
    viewer = viewer_of("user-1754556928-0000000000aa", Role.ADMIN)
    assert await purge_job(viewer, job.id, shop.receiver(), shop.outbox) == job.id
    assert not any(path.exists() for path in paths)
    for model in (File, Item, Slice, JobEvent, LogEntry, JobUpload, Job):
        assert await model.all().count() == 0
    assert (await Upload.get(id=upload.id)).status is UploadStatus.DELETED
    assert shop.events[-1].kind == "upload"


async def test_uploads_that_another_job_uses_outlive_a_purge(shop: Workshop) -> None:
    upload = await shop.add_upload()
    job, _ = await shop.add_job(upload), await shop.add_job(upload)
    await Job.filter(id=job.id).update(status=JobStatus.FAILED)
    await purge_job(viewer_of(shop.viewer.user_id, Role.ADMIN), job.id, shop.receiver(), shop.outbox)
    assert (await Upload.get(id=upload.id)).status is UploadStatus.COMPLETED
    assert await Job.all().count() == 1


async def test_a_purge_that_broke_off_is_done_to_its_end(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await completed_job(shop)
    viewer = viewer_of(shop.viewer.user_id, Role.ADMIN)

    async def crash(*_: object) -> None:
        raise LookupError

    monkeypatch.setattr("jobs.removal._remove_rows", crash)
    with pytest.raises(LookupError):
        await purge_job(viewer, job.id, shop.receiver(), shop.outbox)
    with pytest.raises(Refusal):
        await find_job(viewer, job.id)
    monkeypatch.undo()
    await purge_job(viewer, job.id, shop.receiver(), shop.outbox)
    assert await Job.all().count() == 0


@pytest.mark.parametrize("role", [Role.USER, Role.WORKER])
async def test_only_admins_purge(shop: Workshop, role: Role) -> None:
    job = await completed_job(shop)
    before = await read_tables()
    with pytest.raises(Refusal) as refused:
        await purge_job(viewer_of(shop.viewer.user_id, role), job.id, shop.receiver(), shop.outbox)
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert await read_tables() == before


async def test_an_active_job_is_not_purged(shop: Workshop) -> None:
    job = await shop.add_job()
    with pytest.raises(Refusal) as refused:
        await purge_job(viewer_of(shop.viewer.user_id, Role.ADMIN), job.id, shop.receiver(), shop.outbox)
    assert refused.value.code is ErrorCode.INVALID_STATE
    assert (await Job.get(id=job.id)).deleted_at is None


async def test_many_are_cancelled_at_once_own_and_active_ones_that_match(shop: Workshop) -> None:
    done = await shop.put_into(JobStatus.FAILED)
    await Job.filter(id=done.id).update(title="red")
    mine = [await shop.add_job(title=title) for title in ("red", "red", "blue")]
    other = await shop.add_job(viewer=viewer_of(OTHER), title="red")
    cancelled = await cancel_jobs(shop.viewer, JobCriteria(search="RED"), shop.outbox)
    assert [job.id for job in cancelled] == [mine[0].id, mine[1].id]
    statuses = {job.id: str(job.status) for job in await Job.all()}
    assert [statuses[job.id] for job in (*mine, done, other)] == [
        "CANCELLED", "CANCELLED", "PENDING", "FAILED", "PENDING",
    ]  # fmt: skip


@pytest.mark.parametrize("search", [None, "", "\0"])
async def test_an_empty_filter_cancels_nothing(shop: Workshop, search: str | None) -> None:
    job = await shop.add_job()
    with pytest.raises(Refusal) as refused:
        await cancel_jobs(shop.viewer, JobCriteria(search=search), shop.outbox)
    assert refused.value.code is ErrorCode.BAD_INPUT
    assert (await Job.get(id=job.id)).status is JobStatus.PENDING


async def test_another_priority_is_another_place_in_the_queue_and_is_told(shop: Workshop) -> None:
    first, second = await shop.add_job(), await shop.add_job()
    changed = await update_job(shop.viewer, second.id, shop.outbox, title="urgent\0", priority=5)
    assert (changed.title, changed.priority, changed.version) == ("urgent", 5, second.version + 1)
    assert shop.events[-1].row["priority"] == 5
    assert [(await shop.claim()).job.id for _ in range(2)] == [second.id, first.id]


async def test_nobody_changes_what_is_somebody_elses(shop: Workshop) -> None:
    job = await shop.add_job()
    before = await read_tables()
    with pytest.raises(Refusal) as refused:
        await update_job(viewer_of(OTHER), job.id, shop.outbox, title="x")
    assert refused.value.code is ErrorCode.BATCH_NOT_FOUND
    assert await read_tables() == before
