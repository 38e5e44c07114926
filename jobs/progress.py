"""A job's progress: how the percentage comes from what is committed, and when the job will be done."""

from datetime import datetime, timedelta

from base.words import JobStatus
from models import Job
from processors.contract import StageInfo

UPLOAD_STAGE = "upload"
AT_MOST = 99.99
"""Until the job is COMPLETED; only that is 100."""


def percentage_of(stages: tuple[StageInfo, StageInfo, StageInfo], phase: int, fraction: float) -> float:
    """0 to 99.99: the shares of the phases before `phase` (0 plan, 1 process, 2 finish) and `fraction` of its own."""
    done = sum(stage.share for stage in stages[:phase]) + stages[phase].share * min(max(fraction, 0.0), 1.0)
    return round(min(done, AT_MOST), 2)


def shares_of(stages: tuple[StageInfo, StageInfo, StageInfo]) -> tuple[float, float]:
    """The percentage at which processing begins, and how much all items together add to it; in sum at most 99.99."""
    start = percentage_of(stages, 1, 0.0)
    return start, round(percentage_of(stages, 1, 1.0) - start, 2)


def seconds_left(job: Job, moment: datetime) -> float | None:
    """Seconds until the job is done, by the rate while it was worked on; None while that says nothing."""
    if job.status is not JobStatus.PROCESSING or job.working_since is None or job.percentage < 1:
        return None
    worked = job.worked_seconds + max((moment - job.working_since).total_seconds(), 0.0)
    return round(worked * (100 - job.percentage) / job.percentage, 1)


def completion_of(job: Job, moment: datetime) -> datetime | None:
    """When the job will be done, by the same rate."""
    left = seconds_left(job, moment)
    return None if left is None else moment + timedelta(seconds=left)
