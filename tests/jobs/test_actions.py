"""What may be done with a job: the list that clients see and the verbs agree."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from base.errors import Refusal
from base.words import JobStatus
from jobs.actions import JobAction, actions_of
from jobs.lifecycle import cancel_job, retry_job, start_job
from models import Job
from tests.workshop import Workshop

EXPECTED = {
    JobStatus.UPLOADING: [JobAction.CANCEL],
    JobStatus.AWAITING_INPUT: [JobAction.START, JobAction.CANCEL],
    JobStatus.PENDING: [JobAction.CANCEL],
    JobStatus.PROCESSING: [JobAction.CANCEL],
    JobStatus.CANCELLING: [],
    JobStatus.COMPLETED: [],
    JobStatus.FAILED: [JobAction.RETRY],
    JobStatus.CANCELLED: [JobAction.RETRY],
}


@pytest.mark.parametrize("status", list(EXPECTED))
@pytest.mark.parametrize("action", [JobAction.START, JobAction.CANCEL, JobAction.RETRY])
async def test_a_verb_succeeds_exactly_where_its_action_is_offered(
    shop: Workshop, status: JobStatus, action: JobAction
) -> None:
    job = await shop.put_into(status)
    assert actions_of(job) == EXPECTED[status]
    verbs: dict[JobAction, Callable[[], Awaitable[object]]] = {
        JobAction.START: partial(start_job, shop.viewer, job.id, lambda _kind: shop.processor, shop.outbox),
        JobAction.CANCEL: partial(cancel_job, shop.viewer, job.id, shop.outbox),
        JobAction.RETRY: partial(retry_job, shop.viewer, job.id, shop.outbox, only_failed_items=False),
    }
    is_idempotent = action is JobAction.CANCEL and status in {JobStatus.CANCELLING, JobStatus.CANCELLED}
    if action in EXPECTED[status] or is_idempotent:
        await verbs[action]()
        assert ((await Job.get(id=job.id)).status is status) is is_idempotent
    else:
        with pytest.raises(Refusal):
            await verbs[action]()
        assert (await Job.get(id=job.id)).status is status


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_failed_items_can_be_retried_alone(status: JobStatus) -> None:
    assert actions_of(Job(status=status, failed_items=1)) == [JobAction.RETRY, JobAction.RETRY_FAILED_ITEMS]
