"""Outcomes of claims: plan, finish, failure or question. Each is one transaction.

Whoever records must still hold the slice; else ClaimLost is raised and nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.words import JobStatus, LogLevel, SlicePhase
from jobs.history import add_lines
from jobs.outbox import Outbox, OutboxMessages
from jobs.recording.files import NewFile, renew_files, replace_files
from jobs.recording.progress import change_working, percentage_sql, rising
from jobs.rows import lock_job
from jobs.scheduling.claims import Claim, ClaimLost, finish_claim, hold_claim
from jobs.scheduling.leases import requeue_slices
from jobs.scheduling.slices import NewSlice, add_slices
from jobs.text import sanitise, sanitise_json
from jobs.transitions import ask_owner, complete_job, fail_job, pause_from_inside, skip_job
from models.sql import Row, fetch_rows
from processors.contract import Kind, NeedsInput, PauseJob, SkipJob, Summary

REFERENCE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Findings:
    """What planning told about the whole job: files, its reference, its summary."""

    files: Sequence[NewFile] = ()
    reference: str | None = None
    summary: Summary | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """Those of the job that it changes."""
        reference = {} if self.reference is None else {"reference": sanitise(self.reference, REFERENCE_LENGTH)}
        if self.summary is None:
            return reference
        return {**reference, "summary": orjson.dumps(sanitise_json(self.summary.body)).decode()}


NOTHING = Findings()


async def record_plan(
    claim: Claim, planned: Sequence[NewSlice], findings: Findings, kind: Kind, outbox: Outbox
) -> None:
    """The plan is done: its slices may be taken, or the finish where there are none; the job has its `findings` now.

    Raises:
        ClaimLost: Nothing was written.
    """
    messages = OutboxMessages(has_work=True)
    total = sum(one.item_count for one in planned)
    async with in_transaction() as db:
        await renew_files(db, await finish_claim(db, claim), findings.files)
        await fetch_rows(db, 'DELETE FROM items WHERE job_id = $1 AND "index" >= $2', claim.job.id, total)
        row = await change_working(
            db,
            claim,
            total_items=total,
            total_slices=len(planned),
            wait_count=0,
            percentage=rising(percentage_sql(claim, kind, 1)),
            **findings.columns,
        )
        await add_slices(db, row, planned or [NewSlice(SlicePhase.FINISH)])
        messages.job_changed(row)
    await outbox.send(messages)


async def record_finish(claim: Claim, files: Sequence[NewFile], outbox: Outbox) -> None:
    """The job is done: its files and its last status arrive together.

    Raises:
        ClaimLost: Nothing was written.
    """
    messages = OutboxMessages()
    async with in_transaction() as db:
        job = await finish_claim(db, claim)
        await replace_files(db, job, files)
        is_retryable, only_error = await _has_retryable_items(db, job), await _only_error(db, job)
        row = await complete_job(db, job, messages, is_retryable=is_retryable, only_error=only_error)
        level = LogLevel.SUCCESS if row["status"] == JobStatus.COMPLETED else LogLevel.ERROR
        await add_lines(db, row, [(level, row["status_message"])], messages)
    await outbox.send(messages)


async def record_failure(claim: Claim, refusal: Refusal, outbox: Outbox, *, is_retryable: bool) -> None:
    """The whole job fails for the reason that `refusal` gives; one that is being cancelled is cancelled instead.

    Nothing happens where the slice is not ours any more.
    """
    messages = OutboxMessages()
    async with in_transaction() as db:
        try:
            job = await hold_claim(db, claim)
        except ClaimLost:
            await lock_job(db, claim.job.id)
            await requeue_slices(db, claim.job.id, claim.condition, *claim.proof, messages=messages, is_crash=False)
        else:
            await fail_job(db, claim.job.id, refusal, messages, is_retryable=is_retryable)
            await add_lines(db, job, [(LogLevel.ERROR, refusal.message)], messages)
    await outbox.send(messages)


async def record_question(claim: Claim, question: NeedsInput, outbox: Outbox, findings: Findings = NOTHING) -> None:
    """The job waits for its owner, who can read the `findings`; the slice is done again when it goes on.

    Raises:
        ClaimLost: Nothing was written.
    """
    messages = OutboxMessages()
    async with in_transaction() as db:
        job = await hold_claim(db, claim)
        await renew_files(db, job, findings.files)
        await ask_owner(db, job, question, messages, **findings.columns)
        await add_lines(db, job, [(LogLevel.WARNING, question.message)], messages)
    await outbox.send(messages)


async def record_pause(claim: Claim, pause: PauseJob, outbox: Outbox) -> None:
    """The job is paused, for a reason that only its owner can end; the slice is done again when it goes on.

    Raises:
        ClaimLost: Nothing was written.
    """
    messages = OutboxMessages()
    async with in_transaction() as db:
        job = await hold_claim(db, claim)
        await pause_from_inside(db, job, pause, messages)
        await add_lines(db, job, [(LogLevel.WARNING, pause.message)], messages)
    await outbox.send(messages)


async def record_skip(claim: Claim, skip: SkipJob, outbox: Outbox) -> None:
    """There is nothing to do for the job.

    Raises:
        ClaimLost: Nothing was written.
    """
    messages = OutboxMessages()
    async with in_transaction() as db:
        job = await finish_claim(db, claim)
        await skip_job(db, job, skip, messages)
        await add_lines(db, job, [(LogLevel.INFO, skip.message)], messages)
    await outbox.send(messages)


async def _has_retryable_items(db: BaseDBAsyncClient, job: Row) -> bool:
    """Whether any item that failed could end otherwise another time."""
    failed = "SELECT 1 FROM items WHERE job_id = $1 AND status = 'FAILED' AND error_is_retryable = TRUE LIMIT 1"
    return job["failed_items"] > 0 and bool(await fetch_rows(db, failed, job["id"]))


async def _only_error(db: BaseDBAsyncClient, job: Row) -> Refusal | None:
    """Why the item failed, of a job that has a single one: it is the job's reason, too."""
    if job["total_items"] != 1 or job["failed_items"] != 1:
        return None
    statement = "SELECT error_code, error_message FROM items WHERE job_id = $1 AND status = 'FAILED'"
    rows = await fetch_rows(db, statement, job["id"])
    return Refusal(ErrorCode(rows[0]["error_code"]), rows[0]["error_message"]) if rows else None
