"""Actions that a job allows now. The mutations and `Job.actions` follow the same rule."""

from enum import StrEnum

from auth.viewer import Viewer
from base.words import JobStatus, JobType
from jobs.inputs import Inputs
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
PAUSABLE = RUNNABLE
FINISHED = frozenset(status for status in JobStatus if not status.is_active)


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


def can_start(status: JobStatus, inputs: Inputs) -> bool:
    """Whether its owner may let it go on."""
    return status is JobStatus.AWAITING_INPUT and inputs is not Inputs.GONE


def may_end_otherwise(job: Job) -> bool:
    """Whether there is anything that another attempt could do better: what is wrong with an input stays wrong."""
    has_failed = job.status is JobStatus.FAILED or (job.status is JobStatus.COMPLETED and job.failed_items > 0)
    return job.status is JobStatus.CANCELLED or (has_failed and bool(job.error_is_retryable))


def can_retry(job: Job, inputs: Inputs) -> bool:
    """Whether another attempt may end otherwise, and all that it needs is there."""
    return may_end_otherwise(job) and inputs is Inputs.COMPLETE


def can_retry_rest(job: Job, inputs: Inputs) -> bool:
    """Whether another attempt can leave out what is done: it is planned in slices, and some item has ended."""
    ended = job.completed_items + job.skipped_items + job.failed_items
    return can_retry(job, inputs) and bool(job.total_slices) and ended > 0


def may_delete(viewer: Viewer, type_: JobType) -> bool:
    """Whether the viewer may delete own jobs of this type."""
    return viewer.is_admin or type_ is not JobType.BATCH


def actions_of(job: Job, viewer: Viewer, inputs: Inputs) -> list[JobAction]:
    """What `viewer`, who sees `job`, may do with it now.

    Args:
        job: The job as it is now.
        viewer: Who asks.
        inputs: Whether its uploads are there; see `jobs.inputs.states_of_inputs`.
    """
    allowed = {
        JobAction.START: can_start(job.status, inputs),
        JobAction.PAUSE: job.status in PAUSABLE,
        JobAction.RESUME: job.status is JobStatus.PAUSED,
        JobAction.CANCEL: job.status in CANCELLABLE,
        JobAction.RETRY: can_retry(job, inputs),
        JobAction.RETRY_FAILED_ITEMS: can_retry_rest(job, inputs),
        JobAction.DELETE: job.status in FINISHED and may_delete(viewer, job.type),
        JobAction.PURGE: job.status in FINISHED and viewer.is_admin,
    }
    return [action for action, is_allowed in allowed.items() if is_allowed and job.deleted_at is None]
