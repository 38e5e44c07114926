"""The phases with real children: what an item, a plan or a finish that goes wrong takes with it, and what not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from background.call_files import CallFiles
from background.calls.failures import CallFailed, FailureKind
from background.calls.messages import Call, LogLine, Message
from background.phases import Phases
from base.words import FileRole, ItemStatus, JobStatus, LogLevel, SlicePhase
from jobs.outbox import Outbox, OutboxMessages
from jobs.scheduling.claims import ClaimLost
from models import File, Item, LogEntry, Slice, Upload
from processors.contract import MadeFile
from storage.keys import upload_key
from storage.local.storage import LocalStorage
from tests.background.worker_harness import WorkerHarness, on_sqlite
from tests.job_harness import JobHarness, check_counters, item_statuses

BUG = "Processing failed because of an error in the program. It was logged."
CRASH = "The program that does the processing ended unexpectedly."
MEMORY = "Processing needed more than 256 MiB of memory."
NO_RESULT = "The processor gave no result for this item."
NO_REASON = "The processor did not say why this item failed."


def nothing() -> None:
    """What is done when no child is needed any more."""


async def test_a_job_is_done_and_its_finish_sees_every_result_in_order(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.run(await worker_harness.add_job(sizes=[3, 2], acts={1: "skip", 3: "give_up"}))
    assert (job.status, job.percentage, job.stage) == (JobStatus.COMPLETED, 100.0, None)
    await check_counters(job.id)
    assert (job.completed_items, job.failed_items, job.skipped_items, job.completed_slices) == (3, 1, 1, 2)
    report = await worker_harness.report(job)
    assert [(index, status) for index, status, _ in report] == [
        (0, "COMPLETED"), (1, "SKIPPED"), (2, "COMPLETED"), (3, "FAILED"), (4, "COMPLETED"),
    ]  # fmt: skip
    assert [values["index"] for _, status, values in report if status == "COMPLETED"] == [0, 2, 4]
    roles = {file.name: file.role for file in await File.filter(job_id=job.id)}
    assert roles == {"spool.txt": FileRole.INTERMEDIATE, "report.json": FileRole.REPORT}
    lines = [(str(line.level), line.message) for line in await LogEntry.all().order_by("id")]
    assert lines == [("INFO", "Planning a.txt."), ("SUCCESS", "4 of 5 items are done, 1 failed.")]
    assert not list((worker_harness.jobs.folder / "work").iterdir())


@on_sqlite
@pytest.mark.parametrize(
    ("act", "message"),
    [
        ("hog", MEMORY), ("leave_at_once", CRASH), ("fail", BUG), ("yield_nothing", BUG),
        ("yield_unknown", BUG), ("yield_no_end", NO_REASON), ("yield_no_reason", NO_REASON),
    ],
)  # fmt: skip
async def test_an_item_that_goes_wrong_fails_alone(worker_harness: WorkerHarness, act: str, message: str) -> None:
    with capture_logs():
        job = await worker_harness.run(await worker_harness.add_job(sizes=[6, 2], acts={2: act}))
    assert job.status is JobStatus.COMPLETED
    await check_counters(job.id)
    assert (await item_statuses(job.id)).count("FAILED") == 1
    item = await Item.get(job_id=job.id, index=2)
    assert (item.status, item.error_code, item.error_message) == (ItemStatus.FAILED, "PROCESSING_FAILED", message)
    assert [index for index, status, _ in await worker_harness.report(job) if status == "COMPLETED"] == [
        0,
        1,
        3,
        4,
        5,
        6,
        7,
    ]


@pytest.mark.parametrize("is_known", [True, False])
async def test_an_input_that_is_gone_is_named(worker_harness: WorkerHarness, is_known: bool) -> None:
    job = await worker_harness.add_job(sizes=[1])
    if is_known:
        await Upload.all().update(status="DELETED")
    else:  # the row is of a backup, or the disk lost it
        worker_harness.storage.path_of(upload_key((await Upload.get()).id)).unlink()
    job = await worker_harness.run(job)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "UPLOAD_NOT_FOUND")
    assert job.error_message == "The upload “a.txt” is gone; it cannot be processed."


@on_sqlite
@pytest.mark.parametrize("act", ["abort", "fail"])
async def test_of_a_hundred_items_the_thirty_seventh_fails_alone(worker_harness: WorkerHarness, act: str) -> None:
    with capture_logs():
        job = await worker_harness.run(await worker_harness.add_job(sizes=[100], acts={37: act}))
    assert await item_statuses(job.id) == ["COMPLETED"] * 37 + ["FAILED"] + ["COMPLETED"] * 62
    assert (await check_counters(job.id)).failed_items == 1
    assert (await Slice.get(job_id=job.id, phase="PROCESS")).crash_count == 0


@on_sqlite
async def test_several_items_that_go_wrong_in_several_ways_fail_alone(worker_harness: WorkerHarness) -> None:
    acts = {0: "abort", 1: "fail", 5: "abort", 9: "leave_at_once"}
    with capture_logs():
        job = await worker_harness.run(await worker_harness.add_job(sizes=[10], acts=acts))
    failed = [index for index, status in enumerate(await item_statuses(job.id)) if status == "FAILED"]
    assert failed == sorted(acts)


@on_sqlite
@pytest.mark.parametrize("index", [2, 5])
async def test_an_item_that_is_yielded_twice_is_stored_once(worker_harness: WorkerHarness, index: int) -> None:
    with capture_logs():
        job = await worker_harness.run(await worker_harness.add_job(sizes=[6], acts={index: "yield_twice"}))
    assert job.status is JobStatus.COMPLETED
    await check_counters(job.id)
    assert [item[0] for item in await worker_harness.report(job)] == list(range(6))
    assert await Item.filter(job_id=job.id).count() == 6
    stored = await Item.get(job_id=job.id, index=index)
    assert "again" not in (stored.result or {})


@on_sqlite
async def test_a_bug_at_the_end_of_a_careful_call_fails_no_item(worker_harness: WorkerHarness) -> None:
    with capture_logs():
        job = await worker_harness.run(await worker_harness.add_job(sizes=[6], acts={1: "fail", 5: "yield_twice"}))
    assert await item_statuses(job.id) == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED"]
    assert job.status is JobStatus.COMPLETED


@on_sqlite
@pytest.mark.parametrize(
    ("script", "code", "message", "is_retryable"),
    [
        ({"plan": "abort"}, "PROCESSING_FAILED", CRASH, True),
        ({"plan": "fail"}, "PROCESSING_FAILED", BUG, True),
        ({"plan": "refuse"}, "CORRUPT_FILE", "The file cannot be read.", False),
        ({"finish": "abort"}, "PROCESSING_FAILED", CRASH, True),
        ({"finish": "refuse"}, "CORRUPT_FILE", "The file cannot be read.", False),
        ({"acts": {2: "refuse"}}, "CORRUPT_FILE", "The file cannot be read.", False),
    ],
)
async def test_what_goes_wrong_for_the_whole_job_fails_it_with_a_sentence(
    worker_harness: WorkerHarness, script: dict[str, Any], code: str, message: str, is_retryable: bool
) -> None:
    with capture_logs():
        job = await worker_harness.run(await worker_harness.add_job(**script))
    assert (job.status, job.error_code, job.error_message) == (JobStatus.FAILED, code, message)
    assert (job.error_is_retryable, job.stage) == (is_retryable, None)
    assert await Slice.filter(status__in=["WAITING", "RUNNING"]).count() == 0
    assert set(await item_statuses(job.id)) <= {"COMPLETED", "CANCELLED"}
    assert [(str(line.level), line.message) for line in await LogEntry.all().order_by("-id").limit(1)] == [
        ("ERROR", message)
    ]
    assert not list((worker_harness.jobs.folder / "work").iterdir())


@pytest.mark.parametrize("sizes", [[], [0], [0, 2, 0]])
async def test_slices_without_items_and_a_plan_without_slices_are_done(
    worker_harness: WorkerHarness, sizes: list[int]
) -> None:
    job = await worker_harness.run(await worker_harness.add_job(sizes=sizes))
    assert (job.status, job.total_items, job.total_slices) == (JobStatus.COMPLETED, sum(sizes), len(sizes))
    assert len(await worker_harness.report(job)) == sum(sizes)


@on_sqlite
async def test_a_finish_without_a_file_completes_the_job(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.run(await worker_harness.add_job(files=False))
    assert job.status is JobStatus.COMPLETED
    assert await File.filter(job_id=job.id, role=FileRole.REPORT).count() == 0


async def test_when_all_items_fail_the_job_fails_with_its_report(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.run(
        await worker_harness.add_job(sizes=[2, 1], acts={0: "give_up", 1: "give_up", 2: "give_up"})
    )
    assert (job.status, job.error_message) == (JobStatus.FAILED, "All 3 items failed; the report tells why.")
    assert [status for _, status, _ in await worker_harness.report(job)] == ["FAILED"] * 3


async def test_odd_texts_and_a_large_result_pass(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.run(await worker_harness.add_job(sizes=[3], acts={1: "yield_odd_text"}))
    assert job.status is JobStatus.COMPLETED
    result = (await Item.get(job_id=job.id, index=1)).result
    assert (result["text"], len(result["big"])) == ("ab", 2**20)
    assert "oddline" in {line.message for line in await LogEntry.all()}


@on_sqlite
async def test_files_of_items_are_taken_over(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.run(await worker_harness.add_job(sizes=[3], acts={0: "make_file", 2: "make_file"}))
    files = await File.filter(job_id=job.id).exclude(item_id=None).order_by("name")
    items = {item.id: item.index for item in await Item.all()}
    assert [(items[str(file.item_id)], file.name) for file in files] == [(0, "0.txt"), (2, "2.txt")]
    assert [worker_harness.storage.path_of(file.storage_key).read_text() for file in files] == ["0", "2"]


@on_sqlite
async def test_progress_within_an_item_moves_the_percentage_by_its_share(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.run(await worker_harness.add_job(sizes=[2, 2], acts={0: "tell_progress"}))
    assert job.status is JobStatus.COMPLETED
    told = [event.row["percentage"] for event in worker_harness.jobs.events if event.kind == "job"]
    assert told == sorted(told)
    between = [percentage for percentage in told if 10 < percentage < 50]
    assert between
    assert max(between) <= 10 + 80 * 0.7 * 2 / 4


@on_sqlite
async def test_progress_that_makes_no_sense_harms_nobody(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.run(await worker_harness.add_job(sizes=[2], acts={0: "tell_strange_progress"}))
    assert job.status is JobStatus.COMPLETED
    assert await item_statuses(job.id) == ["COMPLETED", "COMPLETED"]


@dataclass
class OneFile:
    """An `Executor` that hands one file over and then goes on, until it is cancelled or ends by `error`."""

    error: Exception | None = None
    slots: int = 1
    has_handed_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, call: Call, on_message: Callable[[Message], Awaitable[None]]) -> None:
        path = call.folder / "made.txt"
        path.write_text("made")
        await on_message(MadeFile(path, "made.txt", "text/plain"))
        self.has_handed_over.set()
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing runs any more."""


@pytest.mark.parametrize("error", [None, CallFailed(FailureKind.BUG, "No.")])
@pytest.mark.parametrize("phase", [SlicePhase.PLAN, SlicePhase.FINISH])
async def test_files_of_work_that_breaks_off_do_not_stay_on_the_disk(
    harness: JobHarness, phase: SlicePhase, error: Exception | None
) -> None:
    if phase is SlicePhase.PLAN:
        await harness.add_job()
    else:
        await harness.plan(1)
        await harness.do_slice()
    claim = await harness.claim()
    executor = OneFile(error)
    phases = Phases(executor, CallFiles(LocalStorage(harness.folder)), harness.outbox)
    do = phases.plan if phase is SlicePhase.PLAN else phases.finish
    working = asyncio.create_task(do(claim, nothing))
    await asyncio.wait_for(executor.has_handed_over.wait(), 10)
    if error is not None:
        await asyncio.wait([working], timeout=10)
    assert bool(list((harness.folder / "files").rglob("*/file-*"))) is (error is None)
    working.cancel()
    await asyncio.wait([working])
    assert [path for path in (harness.folder / "files").rglob("*") if path.is_file()] == []


class OneLine:
    """An `Executor` that says one line and then stands still."""

    slots = 1

    async def run(self, call: Call, on_message: Callable[[Message], Awaitable[None]]) -> None:
        await on_message(LogLine(LogLevel.INFO, "Here."))
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing runs any more."""


async def test_a_slice_that_was_lost_ends_a_call_that_stands_still(harness: JobHarness) -> None:
    await harness.plan(1)
    claim = await harness.claim()
    await Slice.filter(id=claim.first.id).update(fence=claim.fence + 1)
    phases = Phases(OneLine(), CallFiles(LocalStorage(harness.folder)), harness.outbox)
    with pytest.raises(ClaimLost):
        await asyncio.wait_for(phases.process(claim, nothing), 5)
    assert await LogEntry.filter(job_id=claim.job.id).count() == 0


async def test_files_that_got_their_rows_stay_whatever_happens_afterwards(
    worker_harness: WorkerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, failures = Outbox.send, list[str]()

    async def fail(outbox: Outbox, messages: OutboxMessages) -> None:
        await send(outbox, messages)
        if not failures and await File.filter(role="REPORT").exists():
            failures.append("after the commit")
            raise LookupError

    monkeypatch.setattr(Outbox, "send", fail)
    job = await worker_harness.run(await worker_harness.add_job())
    assert job.status is JobStatus.COMPLETED
    assert len(await worker_harness.report(job)) == 4
