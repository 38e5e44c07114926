"""Quota of unfinished jobs, also over several servers."""

import asyncio

import pytest

from base.errors import ErrorCode, Refusal
from base.words import JobStatus
from jobs.creation import NewJob
from jobs.lifecycle import cancel_job, create_job, retry_job
from models import Job
from tests.job_harness import JobHarness, viewer_of

STRANGER = viewer_of("user-1754556928-000000000001")


async def test_of_eight_requests_at_once_those_within_the_limit_make_a_job(harness: JobHarness) -> None:
    uploads = [await harness.add_upload() for _ in range(8)]
    new = [NewJob("plain", {}, [upload.id]) for upload in uploads]
    made = await asyncio.gather(
        *(create_job(harness.viewer, harness.kind, one, harness.outbox, max_unfinished=3) for one in new),
        return_exceptions=True,
    )
    refused = [one for one in made if isinstance(one, Refusal)]
    assert [one.code for one in refused] == [ErrorCode.QUOTA_EXCEEDED] * 5
    assert await Job.all().count() == 3


async def test_the_same_external_id_at_once_is_one_job_also_at_the_limit(harness: JobHarness) -> None:
    new = NewJob("plain", {}, [(await harness.add_upload()).id], external_id="mine")
    made = await asyncio.gather(
        *(create_job(harness.viewer, harness.kind, new, harness.outbox, max_unfinished=1) for _ in range(4))
    )
    assert len({job.id for job in made}) == 1


@pytest.mark.parametrize("status", [status for status in JobStatus if status.is_active and status != "UPLOADED"])
async def test_every_job_that_is_not_finished_counts_and_those_of_others_do_not(
    harness: JobHarness, status: JobStatus
) -> None:
    if status is JobStatus.PROCESSING:
        await harness.plan(1)
        await harness.claim()
    else:
        await harness.put_into(status)
    new = NewJob("plain", {}, [(await harness.add_upload()).id])
    with pytest.raises(Refusal) as refused:
        await create_job(harness.viewer, harness.kind, new, harness.outbox, max_unfinished=1)
    assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
    theirs = NewJob("plain", {}, [(await harness.add_upload(owner_id=STRANGER.user_id)).id])
    await create_job(STRANGER, harness.kind, theirs, harness.outbox, max_unfinished=1)


async def test_a_finished_job_makes_room_and_its_retry_needs_room(harness: JobHarness) -> None:
    first = await harness.add_job()
    await cancel_job(harness.viewer, first.id, harness.outbox)
    await harness.add_job()
    with pytest.raises(Refusal) as refused:
        await retry_job(harness.viewer, first.id, harness.outbox, only_failed_items=False, max_unfinished=1)
    assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
    assert (await Job.get(id=first.id)).status is JobStatus.CANCELLED
    await retry_job(harness.viewer, first.id, harness.outbox, only_failed_items=False, max_unfinished=2)
