"""Reviews of items: who, when, and what is done again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from base.errors import ErrorCode, Refusal
from base.words import ItemStatus, JobStatus
from jobs.reviews import finish_anew, review_item, reviews_of
from models import AuditEntry, Item, Job
from processors.contract import Kind, Options
from tests.job_harness import JobHarness, check_counters, completed, failed
from tests.kinds import PLAIN


def check_review(options: Options, review: dict[str, Any]) -> None:
    if "nothing" in review["values"]:
        raise ValueError("There is no such field.")


REVIEWED = replace(PLAIN, reviewer="tests.jobs.test_reviews:check_review", finish_options=frozenset({"note"}))


def kind_of(_: str) -> Kind:
    return REVIEWED


def said(**values: str) -> dict[str, Any]:
    return {"values": values}


async def finished(harness: JobHarness) -> Job:
    job = await harness.plan(2, 1)
    await harness.record(await harness.claim(), completed(0, n=0), failed(1))
    await harness.do_slice()
    await harness.finish()
    return await check_counters(job.id)


async def test_a_review_does_that_item_again_and_keeps_the_others(harness: JobHarness) -> None:
    job = await finished(harness)
    item = await Item.get(job_id=job.id, index=1)
    row, _ = await review_item(harness.viewer, item.id, said(a="1"), kind_of, harness.outbox)

    assert (row["status"], row["reviewed_by"]) == (ItemStatus.PENDING, harness.viewer.user_id)
    again = await Job.get(id=job.id)
    assert (again.status, again.attempt, again.failed_items) == (JobStatus.PENDING, 2, 0)
    claim = await harness.claim()
    assert (claim.first.first_index, await reviews_of(job.id, 0, 2)) == (0, {1: said(a="1")})
    await harness.record(claim, completed(1, n=1))
    await harness.finish()
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.failed_items) == (JobStatus.COMPLETED, 3, 0)
    assert [item.attempt for item in await Item.filter(job_id=job.id).order_by("index")] == [1, 2, 1]
    entry = await AuditEntry.get(action="REVIEWED")
    assert (entry.object_id, entry.actor_id, entry.detail) == (item.id, harness.viewer.user_id, "a")


async def test_a_second_review_adds_to_the_first(harness: JobHarness) -> None:
    job = await finished(harness)
    item = await Item.get(job_id=job.id, index=1)
    await review_item(harness.viewer, item.id, said(a="1", b="1"), kind_of, harness.outbox)
    await harness.record(await harness.claim(), completed(1, n=1))
    await harness.finish()
    await review_item(harness.viewer, item.id, said(b="2"), kind_of, harness.outbox)

    assert await reviews_of(job.id, 0, 3) == {1: said(a="1", b="2")}


async def test_what_the_kind_does_not_take_changes_nothing(harness: JobHarness) -> None:
    job = await finished(harness)
    item = await Item.get(job_id=job.id, index=0)
    kinds: list[tuple[Callable[[str], Kind], dict[str, Any]]] = [(kind_of, said(nothing="")), (lambda _: PLAIN, said())]
    for known, values in kinds:
        with pytest.raises(Refusal) as caught:
            await review_item(harness.viewer, item.id, values, known, harness.outbox)
        assert caught.value.code is ErrorCode.BAD_INPUT
    assert (await Job.get(id=job.id)).attempt == 1
    assert (await Item.get(id=item.id)).reviewed_at is None


async def test_an_item_of_a_job_that_goes_on_waits_for_its_end(harness: JobHarness) -> None:
    job = await harness.plan(2, 1)
    item = await Item.get(job_id=job.id, index=0)
    with pytest.raises(Refusal) as caught:
        await review_item(harness.viewer, item.id, said(), kind_of, harness.outbox)
    assert (caught.value.code, caught.value.retry_after) == (ErrorCode.INVALID_STATE, 1.0)


async def test_a_completed_job_is_finished_anew_with_options_that_the_finish_heeds(harness: JobHarness) -> None:
    job = await finished(harness)
    assert await finish_anew(harness.viewer, job.id, {"other": 1}, kind_of, harness.outbox) is None
    answer = await finish_anew(harness.viewer, job.id, {"note": "x"}, kind_of, harness.outbox)
    assert answer is not None
    assert (answer[0].status, answer[0].attempt, answer[0].options["note"]) == (JobStatus.PENDING, 2, "x")
    await harness.finish()
    done = await check_counters(job.id)
    assert (done.status, done.completed_items, done.failed_items) == (JobStatus.COMPLETED, 2, 1)
    assert {item.attempt for item in await Item.filter(job_id=job.id)} == {1}
