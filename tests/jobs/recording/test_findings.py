"""Findings of planning: kept when the job goes on, readable while its owner is asked, and what the work costs."""

from tortoise.transactions import in_transaction

from base.words import FileRole, ItemStatus, JobStatus, SlicePhase
from jobs.outbox import OutboxMessages
from jobs.queries import LISTED, summaries_of_jobs
from jobs.recording.files import NewFile
from jobs.recording.items import record_items
from jobs.recording.outcomes import NOTHING, Findings, record_finish, record_plan, record_question
from jobs.retries import reset_everything
from jobs.rows import lock_job
from jobs.scheduling.slices import NewSlice
from jobs.transitions import enqueue_job
from models import File, Job
from models.ids import new_id
from processors.contract import ItemResult, NeedsInput, Summary
from tests.job_harness import JobHarness

PART = [NewSlice(SlicePhase.PROCESS, 0, 0, 3)]


def named(name: str, role: FileRole = FileRole.RESULT) -> NewFile:
    id_ = new_id("file")
    return NewFile(id_, role, name, "text/plain", 3, "0" * 64, id_)


async def names_of(job_id: str) -> list[str]:
    return [file.name for file in await File.filter(job_id=job_id).order_by("created_at", "id")]


async def test_a_summary_can_be_read_of_its_job_and_travels_with_no_event(harness: JobHarness) -> None:
    job = await harness.add_job()
    await record_plan(
        await harness.claim(),
        PART,
        Findings(summary=Summary({"words": 3, "odd": "a\0b"})),
        harness.kind,
        harness.outbox,
    )

    assert await summaries_of_jobs([job.id, "task-1754556928-12a41dbec0f3"]) == [{"words": 3, "odd": "ab"}, None]
    assert not any("summary" in event.row for event in harness.events if event.kind == "job")
    assert "summary" not in LISTED


async def test_who_is_asked_reads_what_was_found_and_planning_again_takes_its_place(harness: JobHarness) -> None:
    job = await harness.add_job()
    findings = Findings([named("missing.dict"), named("words", FileRole.INTERMEDIATE)], summary=Summary({"missing": 2}))
    await record_question(await harness.claim(), NeedsInput("missingWords", "Two."), harness.outbox, findings)
    asked = await Job.get(id=job.id)
    assert (asked.status, asked.awaiting, asked.summary) == (JobStatus.AWAITING_INPUT, "missingWords", {"missing": 2})
    assert await names_of(job.id) == ["missing.dict", "words"]

    async with in_transaction() as db:
        row = await lock_job(db, job.id)
        assert row is not None
        await enqueue_job(db, row, OutboxMessages())
    again = Findings([named("words", FileRole.INTERMEDIATE)], summary=Summary({"missing": 0}))
    await record_plan(await harness.claim(), PART, again, harness.kind, harness.outbox)
    assert await names_of(job.id) == ["words"]
    assert await summaries_of_jobs([job.id]) == [{"missing": 0}]


async def test_a_file_that_planning_made_is_replaced_by_the_one_of_the_finish(harness: JobHarness) -> None:
    job = await harness.add_job()
    await record_plan(await harness.claim(), PART, Findings([named("a"), named("b")]), harness.kind, harness.outbox)
    await harness.do_slice()
    made = named("a")
    await record_finish(await harness.claim(), [made, named("report", FileRole.REPORT)], harness.outbox)

    assert await names_of(job.id) == ["b", "a", "report"]
    assert await File.filter(id=made.id).exists()


async def test_minutes_that_were_worked_on_cost_their_price_and_a_new_attempt_nothing(harness: JobHarness) -> None:
    job = await harness.add_job()
    await record_plan(await harness.claim(), PART, NOTHING, harness.kind, harness.outbox)
    claim = await harness.claim()
    assert (await Job.get(id=job.id)).cost is None
    done = [
        ItemResult(0, ItemStatus.COMPLETED, b"{}", audio_seconds=90.0),
        ItemResult(1, ItemStatus.SKIPPED, skip_reason="x", audio_seconds=600.0),
    ]
    await record_items(claim, done, [], harness.kind, harness.outbox, is_done=False, minute_price=0.5)
    assert (await Job.get(id=job.id)).cost == 0.75
    last = [ItemResult(2, ItemStatus.COMPLETED, b"{}", audio_seconds=60.0)]
    await record_items(claim, last, [], harness.kind, harness.outbox, is_done=True, minute_price=2.0)
    assert (await Job.get(id=job.id)).cost == 2.75
    assert harness.events[-1].row["cost"] == 2.75

    async with in_transaction() as db:
        row = await lock_job(db, job.id)
        assert row is not None
        columns, _ = await reset_everything(db, row)
    assert columns["cost"] is columns["summary"] is None
