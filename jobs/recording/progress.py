"""Progress: the percentage that follows from what is committed, and when the job will be done."""

from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import JobStatus, SlicePhase
from jobs.outbox import Outbox, OutboxMessages
from jobs.rows import change_job
from jobs.scheduling.claims import Claim, hold_claim
from models import Job
from models.database import worker_transaction
from models.sql import Row, database_now
from processors.contract import Kind, StageInfo

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
    """Seconds until the job is done, by the rate while it was worked on; None while that says nothing, or nothing moves."""
    if not _is_moving(job):
        return None
    if job.download is not None:
        return _seconds_by_bytes(job)
    if job.working_since is None or job.percentage < 1:
        return None
    worked = job.worked_seconds + max((moment - job.working_since).total_seconds(), 0.0)
    return round(worked * (100 - job.percentage) / job.percentage, 1)


def completion_of(job: Job, moment: datetime) -> datetime | None:
    """When the job will be done, by the same rate."""
    left = seconds_left(job, moment)
    return None if left is None else moment + timedelta(seconds=left)


def byte_rate(job: Job) -> float | None:
    """Bytes of the uploads, or of a download's files, that come in a second; None while nothing moves."""
    if job.download is not None:
        return job.download.get("bytesPerSecond") if _is_moving(job) else None
    if job.status is not JobStatus.UPLOADING or not job.processed_bytes:
        return None
    seconds = (job.updated_at - job.created_at).total_seconds()
    return round(job.processed_bytes / seconds, 1) if seconds > 0 else None


def _is_moving(job: Job) -> bool:
    return job.status is JobStatus.PROCESSING and job.progressed_at is not None


def _seconds_by_bytes(job: Job) -> float | None:
    rate = byte_rate(job)
    if not rate or job.total_bytes is None:
        return None
    left = float(max(job.total_bytes - job.processed_bytes, 0))
    return round(left / rate, 1)


async def record_progress(claim: Claim, done: float, kind: Kind, outbox: Outbox) -> None:
    """Move the percentage, which never falls.

    Args:
        claim: What is being done.
        done: 0 to 1 of the plan or the finish; while processing, items (and parts of one) beyond those recorded.
        kind: Its stages give the percentage.
        outbox: Told the new state.

    Raises:
        ClaimLost: Nothing was written.
    """
    messages = OutboxMessages()
    async with worker_transaction() as db:
        await hold_claim(db, claim)
        messages.job_changed(await change_working(db, claim, percentage=rising(percentage_sql(claim, kind, done))))
    await outbox.send(messages)


async def change_working(db: BaseDBAsyncClient, claim: Claim, **columns: Any) -> Row:
    moved = {"progressed_at": (database_now(db),)}
    row = await change_job(db, claim.job.id, {JobStatus.PROCESSING}, **moved, **columns)
    assert row is not None  # noqa: S101  hold_claim locked it in this status
    return row


def percentage_sql(claim: Claim, kind: Kind, done: float) -> tuple[str, float]:
    """SQL for the percentage that is reached with `done` (see `record_progress`), and its value."""
    if claim.phase is not SlicePhase.PROCESS:
        phase = list(SlicePhase).index(claim.phase)
        return "CAST(? AS double precision)", percentage_of(kind.phases, phase, done)
    start, share = shares_of(kind.phases)
    ended = "(completed_items + failed_items + skipped_items + CAST(? AS double precision))"
    return f"({start} + {share} * {ended} / nullif(total_items, 0))", float(done)


def rising(reached: tuple[str, float]) -> tuple[str, float, float]:
    expression, value = reached
    return f"CASE WHEN {expression} > percentage THEN {expression} ELSE percentage END", value, value
