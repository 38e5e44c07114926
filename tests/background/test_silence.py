"""Silent children are killed, and only the item in work ends."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from background.calls.failures import CallFailed, FailureKind
from background.calls.messages import Begun
from background.executors.child import ChildExecutor
from base.words import JobStatus
from models import Item, Job
from tests.background.calls import call_of, perform, results_of
from tests.background.worker_harness import MEMORY_BYTES, WorkerHarness, on_sqlite
from tests.job_harness import check_counters, item_statuses

SILENCE_SECONDS = 3.0
PATIENT_SECONDS = 2.0


@pytest.mark.parametrize("act", ["sleep", "hold_gil"])
async def test_a_child_that_says_nothing_is_ended_and_the_item_that_it_was_at_is_known(
    tmp_path: Path, act: str
) -> None:
    async with ChildExecutor(1, MEMORY_BYTES, SILENCE_SECONDS) as children:
        with pytest.raises(CallFailed) as failed:
            await perform(children, call_of(tmp_path / "silent", act))
        assert (failed.value.kind, failed.value.index) == (FailureKind.SILENT, 3)
        assert len(await perform(children, call_of(tmp_path / "next", "nothing"))) > 0


async def test_who_tells_progress_may_take_as_long_as_it_likes(tmp_path: Path) -> None:
    async with ChildExecutor(1, MEMORY_BYTES, PATIENT_SECONDS) as children:
        messages = await perform(children, call_of(tmp_path / "call", "tell_progress_for_long"))
    assert len(results_of(messages)) == 8


async def test_an_item_that_takes_long_is_told_once_and_fast_ones_are_not(tmp_path: Path) -> None:
    async with ChildExecutor(1, MEMORY_BYTES) as children:
        messages = await perform(children, call_of(tmp_path / "call", "tell_progress_for_long"))
    assert [message for message in messages if isinstance(message, Begun)] == [Begun(3)]


@pytest.mark.parametrize("act", ["burn", "hold_gil"])
async def test_an_item_that_hangs_ends_alone_and_every_other_one_is_done_once(
    worker_harness: WorkerHarness, act: str
) -> None:
    job = await worker_harness.add_job(sizes=[5, 2], acts={2: act, 6: "give_up"})
    worker = await worker_harness.worker(count=1, silence_seconds=SILENCE_SECONDS)
    await worker.work()
    job = await check_counters(job.id)
    assert (job.status, job.completed_items, job.failed_items) == (JobStatus.COMPLETED, 5, 2)
    hung = await Item.get(job_id=job.id, index=2)
    assert (hung.status, hung.error_code, hung.error_is_retryable) == ("FAILED", "TIMED_OUT", True)
    assert "no sign of life for 3 s" in str(hung.error_message)
    others = ["COMPLETED"] * 2 + ["FAILED"] + ["COMPLETED"] * 3 + ["FAILED"]
    assert await item_statuses(job.id) == others
    assert [row[:2] for row in await worker_harness.report(job)] == [
        [index, status] for index, status in enumerate(others)
    ]


@pytest.mark.parametrize("script", [{"plan": "hold_gil"}, {"finish": "burn"}])
@on_sqlite
async def test_a_plan_or_a_finish_that_hangs_fails_the_job(
    worker_harness: WorkerHarness, script: dict[str, Any]
) -> None:
    job = await worker_harness.add_job(**script)
    worker = await worker_harness.worker(count=1, silence_seconds=SILENCE_SECONDS)
    await worker.work()
    job = await Job.get(id=job.id)
    assert (job.status, job.error_code, job.error_is_retryable) == (JobStatus.FAILED, "TIMED_OUT", True)


@on_sqlite
async def test_what_hangs_forever_may_where_there_is_no_limit(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.add_job(acts={1: "burn"})
    task = asyncio.create_task((await worker_harness.worker(count=1)).work())
    await asyncio.sleep(1)
    assert not task.done()
    assert (await Job.get(id=job.id)).status is JobStatus.PROCESSING
