"""What may be done with a job now: the one rule that both the mutations and `Job.actions` follow."""

from enum import StrEnum

from base.words import JobStatus
from models import Job

CANCELLABLE = frozenset(
    {
        JobStatus.UPLOADING,
        JobStatus.UPLOADED,
        JobStatus.PENDING,
        JobStatus.PROCESSING,
        JobStatus.AWAITING_INPUT,
        JobStatus.PAUSED,
    }
)
RUNNABLE = frozenset({JobStatus.PENDING, JobStatus.PROCESSING})


class JobAction(StrEnum):
    """Something a client may do with a job."""

    START = "START"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    CANCEL = "CANCEL"
    RETRY = "RETRY"
    RETRY_FAILED_ITEMS = "RETRY_FAILED_ITEMS"
    DELETE = "DELETE"
    PURGE = "PURGE"


def can_cancel(status: JobStatus) -> bool:
    """Whether the job can still be stopped."""
    return status in CANCELLABLE


def can_retry(status: JobStatus, failed_items: int) -> bool:
    """Whether there is anything that another attempt could do better."""
    return status in {JobStatus.FAILED, JobStatus.CANCELLED} or (status is JobStatus.COMPLETED and failed_items > 0)


def actions_of(job: Job) -> list[JobAction]:
    """What its viewer may do with `job` now."""
    actions = []
    if job.status is JobStatus.AWAITING_INPUT:
        actions.append(JobAction.START)
    if can_cancel(job.status):
        actions.append(JobAction.CANCEL)
    if can_retry(job.status, job.failed_items):
        actions.append(JobAction.RETRY)
        if job.failed_items > 0:
            actions.append(JobAction.RETRY_FAILED_ITEMS)
    return actions
