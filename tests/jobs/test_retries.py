"""A further attempt: everything anew, or what did not succeed."""

from typing import Any

import orjson

from base.words import ItemStatus, JobStatus, SlicePhase
from jobs.lifecycle import cancel_job, retry_job
from models import File, Item, Job, Slice
from models.ids import new_id
from processors.contract import FileRole
from tests.job_harness import JobHarness, check_counters, completed, failed, item_statuses


async def cancel(harness: JobHarness, job_id: str) -> Job:
    return await cancel_job(harness.viewer, job_id, harness.outbox)


async def retry(harness: JobHarness, job_id: str, *, only_failed_items: bool = False) -> Job:
    job, _ = await retry_job(harness.viewer, job_id, harness.outbox, only_failed_items=only_failed_items)
    return job


def file_of(job: Job, role: FileRole = FileRole.RESULT, **columns: Any) -> File:
    id_ = new_id("file")
    values = {"name": "a", "content_type": "text/plain", "size_bytes": 1, "sha256": "0", "storage_key": id_, **columns}
    return File(id=id_, job_id=job.id, owner_id=job.owner_id, role=role, **values)


async def test_retry_of_a_failed_job_does_everything_again(harness: JobHarness) -> None:
    job = await harness.put_into(JobStatus.FAILED)
    files = [file_of(job), file_of(job, FileRole.INTERMEDIATE), file_of(job, item_id="item-1")]
    for file in files:
        await file.save(force_create=True)
    again, freed = await retry_job(harness.viewer, job.id, harness.outbox, only_failed_items=False)
    assert sorted(freed) == sorted(file.storage_key for file in files)
    assert (again.status, again.attempt) == (JobStatus.PENDING, 2)
    assert again.error_code is None
    assert again.finished_at is None
    assert (again.total_items, again.completed_items, again.percentage) == (None, 0, 0)
    assert (await Item.all().count(), await File.all().count(), await Slice.all().count()) == (0, 0, 1)
    await harness.plan_claim(await harness.claim(), 1)
    await harness.do_slice()
    await harness.finish()
    done = await check_counters(job.id)
    assert (done.status, done.total_items, done.attempt) == (JobStatus.COMPLETED, 1, 2)
    assert {item.attempt for item in await Item.all()} == {2}


async def partly_failed(harness: JobHarness) -> Job:
    job = await harness.plan(3, 2)
    claim = await harness.claim()
    await harness.record(claim, completed(0, n=0), failed(1), completed(2, n=2))
    await harness.do_slice()
    await harness.finish()
    return await check_counters(job.id)


async def test_retry_of_only_failed_items_leaves_the_others_as_they_are(harness: JobHarness) -> None:
    job = await partly_failed(harness)
    assert (job.status, job.failed_items, job.status_message) == (
        JobStatus.COMPLETED, 1, "4 of 5 items are done, 1 failed.",
    )  # fmt: skip
    items = {item.index: item for item in await Item.all()}
    kept = [file_of(job, FileRole.INTERMEDIATE), file_of(job, item_id=items[0].id)]
    replaced = [file_of(job), file_of(job, FileRole.REPORT), file_of(job, item_id=items[1].id)]
    for file in (*kept, *replaced):
        await file.save(force_create=True)
    again, freed = await retry_job(harness.viewer, job.id, harness.outbox, only_failed_items=True)
    assert sorted(freed) == sorted(file.storage_key for file in replaced)
    assert {file.id for file in await File.all()} == {file.id for file in kept}
    assert (again.attempt, again.failed_items, again.completed_items, again.completed_slices) == (2, 0, 4, 1)
    claim = await harness.claim()
    assert (claim.phase, claim.first.number, claim.attempt) == (SlicePhase.PROCESS, 0, 2)
    await harness.record(claim, completed(1, n="new"))
    await harness.finish()
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.completed_slices, done.percentage) == ("COMPLETED", 5, 2, 100.0)
    after = {item.index: item for item in await Item.all()}
    assert {index: item.attempt for index, item in after.items()} == {0: 1, 1: 2, 2: 1, 3: 1, 4: 1}
    assert after[1].result == {"n": "new"}
    assert after[1].error_code is None
    assert after[1].error_message is None
    assert not after[1].error_is_retryable
    assert [after[index].result for index in (0, 2)] == [{"n": 0}, {"n": 2}]


async def test_retry_of_only_failed_items_when_the_finish_failed_does_the_finish_again(harness: JobHarness) -> None:
    job = await harness.plan(2)
    await harness.do_slice()
    claim = await harness.claim()
    await harness.fail(claim)
    assert (await Job.get(id=job.id)).status is JobStatus.FAILED
    await retry(harness, job.id, only_failed_items=True)
    assert (await harness.finish()).attempt == 2
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.completed_slices) == (JobStatus.COMPLETED, 2, 1)


async def test_retry_of_only_failed_items_of_a_cancelled_job_goes_on_where_it_stopped(harness: JobHarness) -> None:
    job = await harness.plan(2, 2)
    await harness.do_slice()
    await cancel(harness, job.id)
    assert await item_statuses(job.id) == ["COMPLETED", "COMPLETED", "CANCELLED", "CANCELLED"]
    await retry(harness, job.id, only_failed_items=True)
    assert (await harness.do_slice()).first.number == 1
    await harness.finish()
    assert (await check_counters(job.id)).status is JobStatus.COMPLETED


async def test_the_rows_that_events_carry_are_json(harness: JobHarness) -> None:
    await partly_failed(harness)
    for event in harness.events:
        assert orjson.loads(event.encode())["row"]["id"] == event.row["id"]
    assert {str(ItemStatus.COMPLETED)} <= set(await item_statuses(harness.events[0].row["id"]))
