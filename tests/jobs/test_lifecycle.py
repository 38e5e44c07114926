"""The life of a job: every move that is allowed, every one that is refused, and two callers at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, JobType, SlicePhase, SliceStatus, UploadStatus
from jobs.creation import NewJob
from jobs.lifecycle import cancel_job, create_job, retry_job, start_job
from jobs.recording.files import NewFile
from jobs.scheduling.leases import release_run
from models import File, Job, Slice, Upload
from models.ids import new_id
from processors.contract import FileRole
from tests.databases import read_tables
from tests.job_harness import JobHarness, check_counters, completed, failed, history, item_statuses, viewer_of
from tests.kinds import PLAIN

Verb = Callable[[JobHarness, str], Awaitable[Any]]


async def cancel(harness: JobHarness, job_id: str) -> Job:
    return await cancel_job(harness.viewer, job_id, harness.outbox)


async def start(harness: JobHarness, job_id: str, **given: Any) -> Job:
    return await start_job(harness.viewer, job_id, lambda _kind: harness.kind, harness.outbox, **given)


async def retry(harness: JobHarness, job_id: str, *, only_failed_items: bool = False) -> Job:
    job, _ = await retry_job(harness.viewer, job_id, harness.outbox, only_failed_items=only_failed_items)
    return job


async def test_a_job_goes_from_uploading_to_completed_by_every_status_between(harness: JobHarness) -> None:
    upload = await harness.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0)
    job = await harness.add_job(upload)
    await harness.complete(upload)
    await harness.plan_claim(await harness.claim(), 2, 1)
    await harness.do_slice()
    await harness.do_slice()
    await harness.finish()
    assert await history(job.id) == [
        ("UPLOADING", "upload"),
        ("UPLOADED", None),
        ("PENDING", None),
        ("PROCESSING", "plan"),
        ("PROCESSING", "process"),
        ("PROCESSING", "finish"),
        ("COMPLETED", None),
    ]
    assert harness.statuses_told(job.id) == ["UPLOADING", "UPLOADED", "PENDING", "PROCESSING", "COMPLETED"]
    done = await check_counters(job.id)
    assert (done.status, done.percentage, done.total_items, done.completed_items) == ("COMPLETED", 100.0, 3, 3)
    assert done.finished_at is not None
    assert done.status_message == "All 3 items are done."


async def test_versions_grow_with_every_event_and_the_percentage_never_falls(harness: JobHarness) -> None:
    job = await harness.plan(2, 1)
    await harness.do_slice()
    await harness.do_slice()
    await harness.finish()
    rows = [event.row for event in harness.events if event.kind == "job"]
    versions = [row["version"] for row in rows]
    percentages = [row["percentage"] for row in rows]
    assert versions == sorted(set(versions))
    assert percentages == sorted(percentages)
    assert [row["status"] for row in rows if row["percentage"] >= 100] == ["COMPLETED"]
    assert (await Job.get(id=job.id)).version == versions[-1]


@pytest.mark.parametrize(
    ("verb", "status", "code"),
    [
        *((cancel, status, ErrorCode.CANNOT_CANCEL) for status in (JobStatus.COMPLETED, JobStatus.FAILED)),
        *(
            (start, status, ErrorCode.CANNOT_START)
            for status in JobStatus
            if status not in {JobStatus.AWAITING_INPUT, JobStatus.UPLOADED, JobStatus.PAUSED, JobStatus.SKIPPED}
        ),
        *(
            (partial(retry, only_failed_items=only_failed_items), status, ErrorCode.CANNOT_RETRY)
            for only_failed_items in (False, True)
            for status in (
                JobStatus.UPLOADING, JobStatus.AWAITING_INPUT, JobStatus.PENDING, JobStatus.PROCESSING,
                JobStatus.CANCELLING, JobStatus.COMPLETED,
            )
        ),
    ],
)  # fmt: skip
async def test_what_is_not_allowed_is_refused_and_changes_nothing(
    harness: JobHarness, verb: Verb, status: JobStatus, code: ErrorCode
) -> None:
    job = await harness.put_into(status)
    before, told = await read_tables(), len(harness.events)
    with pytest.raises(Refusal) as caught:
        await verb(harness, job.id)
    assert caught.value.code is code
    assert await read_tables() == before
    assert len(harness.events) == told


@pytest.mark.parametrize("verb", [cancel, start, retry])
async def test_somebody_elses_job_is_not_there(harness: JobHarness, verb: Verb) -> None:
    job = await harness.put_into(JobStatus.AWAITING_INPUT)
    before = await read_tables()
    harness.viewer = viewer_of("user-1754556928-000000000000")
    with pytest.raises(Refusal) as caught:
        await verb(harness, job.id)
    assert caught.value.code is ErrorCode.BATCH_NOT_FOUND
    assert await read_tables() == before


@pytest.mark.parametrize("status", [JobStatus.UPLOADING, JobStatus.AWAITING_INPUT, JobStatus.PENDING])
async def test_a_job_that_nobody_works_on_is_cancelled_at_once(harness: JobHarness, status: JobStatus) -> None:
    job = await harness.put_into(status)
    cancelled = await cancel(harness, job.id)
    assert (cancelled.status, cancelled.stage, cancelled.awaiting) == (JobStatus.CANCELLED, None, None)
    assert [status for status, _ in await history(job.id)][-2:] == ["CANCELLING", "CANCELLED"]
    assert {row.status for row in await Slice.filter(job_id=job.id)} <= {SliceStatus.DROPPED}
    assert await harness.try_claim() is None
    assert [event.row for event in harness.events if event.kind == "stop"] == [{"id": job.id}]


async def test_a_job_that_is_worked_on_waits_for_the_worker_and_keeps_what_is_done(harness: JobHarness) -> None:
    job = await harness.plan(2, 2, 2)
    await harness.do_slice()
    claim = await harness.claim()
    assert (await cancel(harness, job.id)).status is JobStatus.CANCELLING
    assert (await cancel(harness, job.id)).status is JobStatus.CANCELLING
    assert await harness.try_claim() is None
    await release_run(claim, harness.outbox)
    assert (await Job.get(id=job.id)).status is JobStatus.CANCELLED
    assert await item_statuses(job.id) == ["COMPLETED"] * 2 + ["CANCELLED"] * 4
    assert [str(row.status) for row in await Slice.filter(job_id=job.id).order_by("id")] == [
        "DONE", "DONE", "DROPPED", "DROPPED",
    ]  # fmt: skip
    again = await cancel(harness, job.id)
    assert again.status is JobStatus.CANCELLED
    assert await history(job.id) == (await history(job.id))
    assert [status for status, _ in await history(job.id)].count("CANCELLED") == 1


async def test_a_parked_job_goes_on_with_more_uploads_and_other_options(harness: JobHarness) -> None:
    job = await harness.add_job(auto_start=False, options={"note": "a"})
    assert (job.status, job.awaiting) == (JobStatus.AWAITING_INPUT, "start")
    assert await harness.try_claim() is None
    more = await harness.add_upload(b"12345")
    started = await start(harness, job.id, add_upload_ids=[more.id], options={"note": "b"})
    assert (started.status, started.options, started.total_size) == (JobStatus.PENDING, {"note": "b"}, 8)
    assert (await harness.claim()).phase is SlicePhase.PLAN


async def test_a_parked_job_that_gets_an_upload_in_progress_waits_for_it(harness: JobHarness) -> None:
    job = await harness.add_job(auto_start=False)
    more = await harness.add_upload(b"12345", status=UploadStatus.UPLOADING, offset_bytes=2)
    started = await start(harness, job.id, add_upload_ids=[more.id])
    assert (started.status, started.processed_bytes, started.total_bytes) == (JobStatus.UPLOADING, 5, 8)
    await harness.complete(more)
    pending = await Job.get(id=job.id)
    assert (pending.status, pending.processed_bytes) == (JobStatus.PENDING, 8)


@pytest.mark.parametrize(
    ("options", "uploads", "code"), [({"unknown": 1}, 0, ErrorCode.BAD_INPUT), ({}, 3, ErrorCode.BAD_INPUT)]
)
async def test_a_start_with_bad_input_changes_nothing(
    harness: JobHarness, options: dict[str, Any], uploads: int, code: ErrorCode
) -> None:
    job = await harness.add_job(auto_start=False)
    more = [(await harness.add_upload()).id for _ in range(uploads)]
    before = await read_tables()
    with pytest.raises(Refusal) as caught:
        await start(harness, job.id, add_upload_ids=more, options=options)
    assert caught.value.code is code
    assert await read_tables() == before


@pytest.mark.parametrize("status", ["DELETED", "EXPIRED", "REJECTED", None])
async def test_a_parked_job_of_which_an_input_is_gone_does_not_start(harness: JobHarness, status: str | None) -> None:
    job = await harness.put_into(JobStatus.AWAITING_INPUT)
    await (Upload.all().update(status=status) if status else Upload.all().delete())
    before = await read_tables()
    with pytest.raises(Refusal) as refused:
        await start(harness, job.id)
    assert refused.value.code is ErrorCode.CANNOT_START
    assert await read_tables() == before


async def test_the_same_external_id_is_the_same_job(harness: JobHarness) -> None:
    upload = await harness.add_upload()
    first = await harness.add_job(upload, external_id="a")
    again = await harness.add_job(upload, external_id="a")
    assert again.id == first.id
    assert await Job.all().count() == 1


async def test_an_external_id_of_a_job_of_another_type_is_taken(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await harness.add_job(external_id="a")
    harness.kind = replace(PLAIN, job_type=JobType.TASK)
    with pytest.raises(Refusal) as refused:
        await harness.add_job(external_id="a")
    assert (refused.value.code, refused.value.field) == (ErrorCode.DUPLICATE, "input.externalId")
    assert [row.id for row in await Job.all()] == [job.id]


async def test_ten_creations_at_once_with_one_external_id_make_one_job(harness: JobHarness) -> None:
    upload = await harness.add_upload()
    jobs = await asyncio.gather(*(harness.add_job(upload, external_id="a") for _ in range(10)))
    assert len({job.id for job in jobs}) == 1
    assert await Slice.all().count() == 1
    assert len(harness.events) == 1


async def test_two_jobs_without_an_external_id_are_two(harness: JobHarness) -> None:
    upload = await harness.add_upload()
    assert (await harness.add_job(upload)).id != (await harness.add_job(upload)).id


async def test_texts_that_databases_refuse_are_made_storable(harness: JobHarness) -> None:
    job = await harness.add_job(title="a\0b\ud800", options={"note": "\0x\udfff"})
    stored = await Job.get(id=job.id)
    assert (stored.title, stored.options) == ("ab\N{REPLACEMENT CHARACTER}", {"note": "x\N{REPLACEMENT CHARACTER}"})


@pytest.mark.parametrize("verb", [cancel, retry, start])
async def test_of_ten_callers_at_once_one_wins(harness: JobHarness, verb: Verb) -> None:
    sources = {cancel: JobStatus.PENDING, retry: JobStatus.FAILED, start: JobStatus.AWAITING_INPUT}
    job = await harness.put_into(sources[verb])  # type: ignore[index]  # the three of the parameters
    before = len(await history(job.id))
    ends = await asyncio.gather(*(verb(harness, job.id) for _ in range(10)), return_exceptions=True)
    refused = [end for end in ends if isinstance(end, Refusal)]
    moved = [status for status, _ in await history(job.id)][before:]
    if verb is cancel:
        assert (moved, refused) == (["CANCELLING", "CANCELLED"], [])
    else:
        assert (moved, len(refused)) == (["PENDING"], 9)
        assert await Slice.filter(job_id=job.id, status="WAITING").count() == 1
    assert [end for end in ends if isinstance(end, BaseException) and not isinstance(end, Refusal)] == []


async def test_a_job_of_which_every_item_failed_is_failed_and_keeps_its_report(harness: JobHarness) -> None:
    job = await harness.plan(2)
    claim = await harness.claim()
    await harness.record(claim, failed(0), failed(1))
    await harness.finish(NewFile(new_id("file"), FileRole.REPORT, "report.json", "application/json", 1, "0", "key"))
    done = await check_counters(job.id)
    assert (done.status, done.error_code, done.error_message, done.error_is_retryable) == (
        JobStatus.FAILED, "PROCESSING_FAILED", "All 2 items failed; the report tells why.", True,
    )  # fmt: skip
    assert done.percentage < 100
    assert [file.name for file in await File.filter(job_id=job.id)] == ["report.json"]
    assert await item_statuses(job.id) == ["FAILED", "FAILED"]
    again = await retry(harness, job.id, only_failed_items=True)
    assert (again.status, again.failed_items) == (JobStatus.PENDING, 0)
    await harness.do_slice()
    await harness.finish()
    assert (await check_counters(job.id)).status is JobStatus.COMPLETED


async def test_a_job_without_items_is_completed(harness: JobHarness) -> None:
    job = await harness.plan()
    await harness.finish()
    done = await check_counters(job.id)
    assert (done.status, done.total_items, done.percentage) == (JobStatus.COMPLETED, 0, 100.0)
    assert done.status_message == "There were no items."


async def test_cancelling_while_the_last_slice_is_recorded_ends_in_one_of_two_ways(harness: JobHarness) -> None:
    ends = set()
    for _ in range(12):
        job = await harness.plan(2)
        claim = await harness.claim()
        await asyncio.gather(
            cancel(harness, job.id),
            harness.record(claim, completed(claim.first.first_index), completed(1)),
            return_exceptions=True,
        )
        await release_run(claim, harness.outbox)
        now = await check_counters(job.id)
        assert now.status is JobStatus.CANCELLED
        ends.add(now.completed_items)
        assert set(await item_statuses(job.id)) <= {"COMPLETED", "CANCELLED"}
    assert ends <= {0, 2}


async def test_cancelling_while_the_finish_is_recorded_has_one_winner(harness: JobHarness) -> None:
    for _ in range(12):
        job = await harness.plan(1)
        await harness.do_slice()
        claim = await harness.claim()
        cancelled, finished = await asyncio.gather(
            cancel(harness, job.id), harness.record_finish(claim), return_exceptions=True
        )
        await release_run(claim, harness.outbox)
        status = (await Job.get(id=job.id)).status
        if finished is None:
            assert status is JobStatus.COMPLETED
            assert isinstance(cancelled, Refusal)
        else:
            assert status is JobStatus.CANCELLED
            assert not isinstance(cancelled, BaseException)


async def test_inputs_are_kept_in_the_order_in_which_they_were_named(harness: JobHarness) -> None:
    uploads = [await harness.add_upload(name=f"{name}.txt") for name in "cab"]
    job = await harness.add_job(*uploads)
    rows = (await read_tables("job_uploads"))["job_uploads"]
    assert [(row["upload_id"], row["position"]) for row in rows] == [
        (upload.id, place) for place, upload in enumerate(uploads)
    ]
    assert (job.total_bytes, job.processed_bytes) == (9, 9)


async def test_options_are_checked_before_anything_is_written(harness: JobHarness) -> None:
    upload = await harness.add_upload()
    before = await read_tables()
    with pytest.raises(Refusal) as caught:
        await create_job(harness.viewer, harness.kind, NewJob("plain", {"nope": 1}, [upload.id]), harness.outbox)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "input.work.nope")
    assert await read_tables() == before
