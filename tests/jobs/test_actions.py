"""Actions of a job: the list and the verbs agree."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from base.errors import ErrorCode, Refusal
from base.words import ItemStatus, JobStatus, JobType, Role
from jobs.actions import JobAction, actions_of
from jobs.inputs import Inputs, states_of_inputs
from jobs.lifecycle import cancel_job, delete_job, pause_job, resume_job, retry_job, start_job
from jobs.purge import purge_job
from models import Job, Upload
from processors.contract import ItemError, ItemResult
from tests.job_harness import JobHarness, completed, viewer_of
from webhooks.lifecycle import remove_deliveries

CANCEL, DELETE, PAUSE, PURGE = JobAction.CANCEL, JobAction.DELETE, JobAction.PAUSE, JobAction.PURGE
RESUME, RETRY, START = JobAction.RESUME, JobAction.RETRY, JobAction.START
EXPECTED = {
    JobStatus.UPLOADING: [CANCEL],
    JobStatus.AWAITING_INPUT: [START, CANCEL],
    JobStatus.PENDING: [PAUSE, CANCEL],
    JobStatus.PROCESSING: [PAUSE, CANCEL],
    JobStatus.PAUSED: [RESUME, CANCEL],
    JobStatus.CANCELLING: [],
    JobStatus.COMPLETED: [DELETE, PURGE],
    JobStatus.FAILED: [RETRY, DELETE, PURGE],
    JobStatus.CANCELLED: [RETRY, DELETE, PURGE],
}
"""For an admin; a user may neither delete nor purge a batch."""
UNCHANGED = {CANCEL: {JobStatus.CANCELLING, JobStatus.CANCELLED}, PAUSE: {JobStatus.PAUSED}}
"""Asked again, these answer the job as it is."""


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
@pytest.mark.parametrize("status", list(EXPECTED))
@pytest.mark.parametrize("action", [CANCEL, DELETE, PAUSE, PURGE, RESUME, RETRY, START])
async def test_a_verb_succeeds_exactly_where_its_action_is_offered(
    harness: JobHarness, status: JobStatus, action: JobAction, role: Role
) -> None:
    job = await harness.put_into(status)
    viewer = viewer_of(harness.viewer.user_id, role)
    offered = actions_of(job, viewer, *await states_of_inputs([job.id]))
    assert offered == [one for one in EXPECTED[status] if role is Role.ADMIN or one not in {DELETE, PURGE}]
    verbs: dict[JobAction, Callable[[], Awaitable[object]]] = {
        START: partial(start_job, viewer, job.id, lambda _kind: harness.kind, harness.outbox),
        PAUSE: partial(pause_job, viewer, job.id, harness.outbox),
        RESUME: partial(resume_job, viewer, job.id, harness.outbox),
        CANCEL: partial(cancel_job, viewer, job.id, harness.outbox),
        RETRY: partial(retry_job, viewer, job.id, harness.outbox, only_failed_items=False),
        DELETE: partial(delete_job, viewer, job.id, harness.outbox),
        PURGE: partial(purge_job, viewer, job.id, harness.upload_services(), harness.outbox, remove_deliveries),
    }
    before = await Job.get(id=job.id)
    if action in offered or status in UNCHANGED.get(action, ()):
        await verbs[action]()
        after = await Job.get_or_none(id=job.id)
        is_unchanged = after is not None and (after.status, after.deleted_at) == (before.status, before.deleted_at)
        assert is_unchanged is (action not in offered)
    else:
        with pytest.raises(Refusal):
            await verbs[action]()
        after = await Job.get(id=job.id)
        assert (after.status, after.version) == (before.status, before.version)


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_failed_items_can_be_retried_alone(status: JobStatus) -> None:
    job = Job(status=status, type=JobType.BATCH, failed_items=1, total_slices=1, error_is_retryable=True)
    expected = [RETRY, JobAction.RETRY_FAILED_ITEMS]
    assert actions_of(job, viewer_of("user-1754556928-12a41dbec0f3"), Inputs.COMPLETE) == expected


@pytest.mark.parametrize("failed", [1, 2])
@pytest.mark.parametrize("is_retryable", [True, False])
async def test_items_that_failed_for_good_are_not_retried(harness: JobHarness, failed: int, is_retryable: bool) -> None:
    job = await harness.plan(2)
    error = ItemError(ErrorCode.BAD_INPUT, "No.", is_retryable=is_retryable)
    results = [ItemResult(index, ItemStatus.FAILED, error=error) for index in range(failed)]
    await harness.record(await harness.claim(), *results, *map(completed, range(failed, 2)))
    await harness.finish()
    job = await Job.get(id=job.id)
    assert job.status is (JobStatus.FAILED if failed == 2 else JobStatus.COMPLETED)
    offered = actions_of(job, harness.viewer, *await states_of_inputs([job.id]))
    assert offered == ([RETRY, JobAction.RETRY_FAILED_ITEMS] if is_retryable else [])
    if not is_retryable:
        for only_failed_items in (True, False):
            with pytest.raises(Refusal) as refused:
                await retry_job(harness.viewer, job.id, harness.outbox, only_failed_items=only_failed_items)
            assert refused.value.code is ErrorCode.CANNOT_RETRY
    else:
        await retry_job(harness.viewer, job.id, harness.outbox, only_failed_items=True)


async def test_what_cannot_be_retried_because_its_inputs_are_gone_does_not_offer_it(harness: JobHarness) -> None:
    job = await harness.put_into(JobStatus.FAILED)
    await Upload.all().update(status="EXPIRED")
    (inputs,) = await states_of_inputs([job.id])
    assert actions_of(job, harness.viewer, inputs) == []
    with pytest.raises(Refusal):
        await retry_job(harness.viewer, job.id, harness.outbox, only_failed_items=False)


@pytest.mark.parametrize(("status", "is_offered"), [("UPLOADING", True), ("FINALISING", True), ("EXPIRED", False)])
async def test_a_start_is_offered_where_no_input_is_gone(harness: JobHarness, status: str, is_offered: bool) -> None:
    job = await harness.put_into(JobStatus.AWAITING_INPUT)
    await Upload.all().update(status=status)
    (inputs,) = await states_of_inputs([job.id])
    assert (START in actions_of(job, harness.viewer, inputs)) is is_offered


def test_a_task_may_be_deleted_by_its_owner_and_a_deleted_job_offers_nothing() -> None:
    job = Job(status=JobStatus.COMPLETED, type=JobType.TASK)
    viewer = viewer_of("user-1754556928-12a41dbec0f3")
    assert actions_of(job, viewer, Inputs.COMPLETE) == [DELETE]
    job.deleted_at = job.created_at
    assert actions_of(job, viewer, Inputs.COMPLETE) == []
