"""Records: each result once, counters that equal the rows, and texts that every database takes."""

import asyncio
from dataclasses import replace

import orjson
import pytest

from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, JobStatus, LogLevel, SlicePhase
from jobs.recording import items, outcomes
from jobs.recording.files import NewFile
from jobs.recording.items import add_items, pending_indices, record_items
from jobs.recording.logs import record_lines
from jobs.recording.outcomes import NOTHING, Findings, record_plan
from jobs.recording.progress import record_progress
from jobs.scheduling.slices import NewSlice
from models import File, Item, Job, LogEntry, Slice
from models.ids import new_id
from processors.contract import ItemError, ItemResult, StageInfo
from tests.databases import read_tables
from tests.job_harness import JobHarness, check_counters, completed, failed, item_statuses
from tests.kinds import PLAIN


def new_file(name: str = "a.txt", role: FileRole = FileRole.RESULT, content_type: str = "text/plain") -> NewFile:
    id_ = new_id("file")
    return NewFile(id_, role, name, content_type, 3, "0" * 64, id_)


async def test_planning_again_inserts_nothing_twice(harness: JobHarness) -> None:
    job = await harness.add_job()
    claim = await harness.claim()
    await add_items(claim, 0, ["a", "b"])
    before = await read_tables("items")
    await add_items(claim, 0, ["a", "b"])
    assert await read_tables("items") == before
    await record_plan(claim, [NewSlice(SlicePhase.PROCESS, 0, 0, 2)], NOTHING, harness.kind, harness.outbox)
    assert [(item.index, item.name) for item in await Item.filter(job_id=job.id).order_by("index")] == [
        (0, "a"),
        (1, "b"),
    ]


async def test_items_of_a_longer_plan_that_was_lost_are_gone(harness: JobHarness) -> None:
    job = await harness.add_job()
    claim = await harness.claim()
    await add_items(claim, 0, ["a", "b", "c"])
    await record_plan(claim, [NewSlice(SlicePhase.PROCESS, 0, 0, 2)], NOTHING, harness.kind, harness.outbox)
    assert await item_statuses(job.id) == ["PENDING", "PENDING"]


async def test_results_are_stored_once_and_counted_once(harness: JobHarness) -> None:
    job = await harness.plan(4)
    claim = await harness.claim()
    skipped = ItemResult(2, ItemStatus.SKIPPED, skip_reason="twice", needs_review=True)
    await harness.record(claim, completed(0, n=1), failed(1), is_done=False)
    half = await check_counters(job.id)
    assert (half.completed_items, half.failed_items, half.completed_slices, half.percentage) == (1, 1, 0, 50.0)
    assert await pending_indices(replace(claim, fence=2), claim.first) == [2, 3]
    await harness.record(claim, skipped, completed(3), is_done=True)
    done = await check_counters(job.id)
    assert (done.completed_items, done.failed_items, done.skipped_items, done.completed_slices) == (2, 1, 1, 1)
    assert done.percentage == 90.0
    items = await Item.filter(job_id=job.id).order_by("index")
    assert [item.result for item in items] == [{"n": 1}, {}, None, {}]
    assert (items[1].error_code, items[1].error_message, items[1].error_is_retryable) == (
        "PROCESSING_FAILED",
        "No.",
        True,
    )
    assert (items[2].skip_reason, items[2].needs_review, items[0].needs_review) == ("twice", True, False)


async def test_slices_that_are_recorded_at_once_are_all_counted_and_finished_once(harness: JobHarness) -> None:
    job = await harness.plan(*[3] * 8)
    claims = [await harness.claim() for _ in range(8)]
    await asyncio.gather(
        *(
            harness.record(claim, *map(completed, range(claim.first.first_index, claim.first.first_index + 3)))
            for claim in claims
        )
    )
    done = await check_counters(job.id)
    assert (done.completed_items, done.completed_slices) == (24, 8)
    assert await Slice.filter(phase="FINISH").count() == 1
    versions = [event.row["version"] for event in harness.events if event.kind == "job"]
    assert len(versions) == len(set(versions))


async def test_files_belong_to_their_item_and_attempt(harness: JobHarness) -> None:
    await harness.plan(2)
    claim = await harness.claim()
    file = new_file("x" * 2000, content_type="c" * 300)
    await record_items(claim, [completed(0), completed(1)], [(1, file)], harness.kind, harness.outbox, is_done=True)
    row = await File.get()
    item = await Item.get(index=1)
    assert (row.item_id, row.attempt, row.name, len(row.content_type)) == (item.id, 1, "x" * 1024, 255)


@pytest.mark.parametrize("broken", ["insert_item_files", "_count"])
async def test_events_leave_only_with_the_commit(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    await harness.plan(1)
    claim = await harness.claim()
    before, told, wake_ups = await read_tables(), len(harness.events), harness.wake_ups
    real = getattr(items, broken)

    async def crash(*given: object, **named: object) -> None:
        await real(*given, **named)
        raise LookupError

    monkeypatch.setattr(items, broken, crash)
    with pytest.raises(LookupError):
        await harness.record(claim, completed(0))
    assert await read_tables() == before
    assert (len(harness.events), harness.wake_ups) == (told, wake_ups)
    monkeypatch.undo()
    await harness.record(claim, completed(0))
    assert harness.events[-1].row["completed_items"] == 1


async def test_the_slices_of_a_claim_are_done_together(harness: JobHarness) -> None:
    job = await harness.plan(2, 1, 1)
    claim = await harness.claim_run(2)
    await harness.record(claim, completed(0), is_done=False)
    assert (await check_counters(job.id)).completed_slices == 0
    await harness.record(claim, completed(1), completed(2))
    half = await check_counters(job.id)
    assert (half.completed_items, half.completed_slices, half.percentage) == (3, 2, 70.0)
    await harness.do_slice()
    await harness.finish()
    assert (await check_counters(job.id)).status == "COMPLETED"


async def test_texts_and_results_that_databases_refuse_are_made_storable(harness: JobHarness) -> None:
    job = await harness.add_job()
    claim = await harness.claim()
    await add_items(claim, 0, ["a\0b", "c\ud800", "n" * 5000])
    planned = [NewSlice(SlicePhase.PROCESS, 0, 0, 3, {"path": "x\0y"})]
    await record_plan(claim, planned, Findings([new_file("r\0.txt")]), harness.kind, harness.outbox)
    work = await harness.claim()
    assert work.first.payload == {"path": "xy"}
    error = ItemError(ErrorCode.CORRUPT_FILE, "bad\0\udc00")
    results = [
        completed(0, **{"a\0": "\0", "b": ["\\u0000", {"c": "d\0"}]}),
        ItemResult(1, ItemStatus.FAILED, error=error),
        ItemResult(2, ItemStatus.SKIPPED, skip_reason="\0twice"),
    ]
    await harness.record(work, *results, is_done=False)
    await record_lines(work, [(LogLevel.INFO, "line\0\ud800")], harness.outbox)
    items = await Item.filter(job_id=job.id).order_by("index")
    assert [item.name for item in items] == ["ab", "c\N{REPLACEMENT CHARACTER}", "n" * 1024]
    assert items[0].result == {"a": "", "b": ["\\u0000", {"c": "d"}]}
    assert (items[1].error_message, items[2].skip_reason) == ("bad\N{REPLACEMENT CHARACTER}", "twice")
    assert (await LogEntry.get()).message == "line\N{REPLACEMENT CHARACTER}"
    assert (await File.get()).name == "r.txt"


async def test_a_result_is_kept_up_to_the_limit_of_its_kind_and_a_larger_one_fails_its_item(
    harness: JobHarness,
) -> None:
    job = await harness.plan(3)
    fits = "ä" * ((harness.kind.max_result_bytes - len('{"text":""}')) // 2)
    skipped = ItemResult(2, ItemStatus.SKIPPED, orjson.dumps({"text": fits + "äa"}), skip_reason="twice")
    await harness.record(await harness.claim(), completed(0, text=fits), completed(1, text=fits + "äa"), skipped)
    done = await check_counters(job.id)
    assert (done.completed_items, done.failed_items, done.skipped_items) == (1, 2, 0)
    items = await Item.filter(job_id=job.id).order_by("index")
    assert [item.result for item in items] == [{"text": fits}, None, None]
    for item in items[1:]:
        assert (item.error_code, item.error_is_retryable, str(item.skip_reason)) == ("PROCESSING_FAILED", False, "None")
    assert "an item of this kind keeps at most 65,536" in (items[1].error_message or "")


async def test_a_kind_may_allow_larger_results(harness: JobHarness) -> None:
    harness.kind = replace(harness.kind, max_result_bytes=2**21)
    await harness.plan(1)
    text = "ä" * 2**19
    await harness.record(await harness.claim(), completed(0, text=text))
    assert (await Item.get()).result == {"text": text}


async def test_a_sentence_that_databases_refuse_fails_the_job_all_the_same(harness: JobHarness) -> None:
    job = await harness.plan(1)
    claim = await harness.claim()
    refusal = Refusal(ErrorCode.CORRUPT_FILE, "a\0b\ud800")
    await outcomes.record_failure(claim, refusal, harness.outbox, is_retryable=False)
    ended = await Job.get(id=job.id)
    text = "ab\N{REPLACEMENT CHARACTER}"
    assert (ended.status, ended.error_message, ended.status_message) == (JobStatus.FAILED, text, text)


async def test_progress_never_falls_and_stays_below_a_hundred(harness: JobHarness) -> None:
    job = await harness.add_job()
    claim = await harness.claim()
    seen = []
    for fraction in (0.5, 0.2, 7.0, -1.0):
        await record_progress(claim, fraction, harness.kind, harness.outbox)
        seen.append((await Job.get(id=job.id)).percentage)
    assert seen == [5.0, 5.0, 10.0, 10.0]


async def test_progress_within_items_counts_as_parts_of_items_beyond_the_recorded(harness: JobHarness) -> None:
    job = await harness.plan(2, 2)
    claim = await harness.claim()
    await harness.record(claim, completed(0), is_done=False)
    await record_progress(claim, 0.5, harness.kind, harness.outbox)
    assert (await Job.get(id=job.id)).percentage == 40.0
    await record_progress(claim, 0.25, harness.kind, harness.outbox)
    assert (await Job.get(id=job.id)).percentage == 40.0
    await harness.record(claim, completed(1))
    assert (await Job.get(id=job.id)).percentage == 50.0


async def test_a_processor_without_a_finish_share_is_not_at_a_hundred_before_the_end(harness: JobHarness) -> None:
    stages = (StageInfo("plan", "P", 20), StageInfo("process", "P", 80), StageInfo("finish", "F", 0))
    harness.kind = replace(PLAIN, stages=stages)
    job = await harness.plan(1)
    await harness.do_slice()
    assert (await Job.get(id=job.id)).percentage == 99.99
    await harness.finish()
    assert (await Job.get(id=job.id)).percentage == 100.0


async def test_a_slice_without_items_is_done_with_nothing(harness: JobHarness) -> None:
    job = await harness.plan(0, 1, 0)
    for _ in range(3):
        await harness.do_slice()
    await harness.finish()
    assert (await check_counters(job.id)).status is JobStatus.COMPLETED


async def test_a_plan_of_empty_slices_alone_is_completed(harness: JobHarness) -> None:
    job = await harness.plan(0, 0)
    await harness.do_slice()
    await harness.do_slice()
    await harness.finish()
    done = await check_counters(job.id)
    assert (done.status, done.total_items, done.percentage) == (JobStatus.COMPLETED, 0, 100.0)


async def test_fifty_thousand_items_are_planned(harness: JobHarness) -> None:
    job = await harness.add_job()
    claim = await harness.claim()
    names = [f"Row {number}" for number in range(50_000)]
    await add_items(claim, 0, names[:25_000])
    await add_items(claim, 25_000, names[25_000:])
    planned = [NewSlice(SlicePhase.PROCESS, number, number * 100, 100) for number in range(500)]
    await record_plan(claim, planned, NOTHING, harness.kind, harness.outbox)
    assert await Item.filter(job_id=job.id).count() == 50_000
    assert (await Job.get(id=job.id)).total_items == 50_000
    await harness.do_slice()
    assert (await Job.get(id=job.id)).completed_items == 100


async def test_the_order_of_names_in_a_result_does_not_change_its_value(harness: JobHarness) -> None:
    await harness.plan(1)
    await harness.record(
        await harness.claim(), ItemResult(0, ItemStatus.COMPLETED, b'{"zz":1,"a":[1,2.5,null,true,"x"]}')
    )
    assert orjson.dumps((await Item.get()).result, option=orjson.OPT_SORT_KEYS) == b'{"a":[1,2.5,null,true,"x"],"zz":1}'
