"""Slices: claiming one under a lease, recording what came of it, and taking back what a lost worker held.

Whoever records must still hold the slice: every statement names the fence that the claim gave out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, JobStatus, SlicePhase
from jobs.history import add_lines
from jobs.lifecycle import (
    add_slice,
    begin_work,
    complete_job,
    drop_slices,
    fail_job,
    finish_cancelling,
    job_of,
    wait_for_worker,
)
from jobs.outbox import Letters, Outbox, Row
from jobs.progress import percentage_of
from jobs.rows import change_job, fetch
from models import File, Job
from models.database import database_now, sql
from models.fields import now
from models.ids import new_ids
from processors.contract import ItemResult, LogLevel, PlannedSlice, Processor

LEASE_SECONDS = 20
MAX_CRASHES = 3
"""So often one slice may take its worker down; then the job fails."""

_UPDATE_ITEM = (
    'UPDATE items SET status = $1, result = $2, error_code = $3, error_message = $4, error_is_retryable = $5, '
    'skip_reason = $6, needs_review = $7, updated_at = $8 '
    'WHERE job_id = $9 AND "index" = $10 AND attempt = $11 AND status IN (\'PENDING\', \'PROCESSING\')'
)
_INSERT_ITEM = (
    'INSERT INTO items (id, job_id, "index", name, status, attempt, error_is_retryable, needs_review, updated_at) '
    "VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, $7, $8) ON CONFLICT DO NOTHING"
)
_CHOOSE_JOB = (
    "SELECT j.* FROM jobs j WHERE j.status IN ('PENDING', 'PROCESSING') AND EXISTS "
    "(SELECT 1 FROM slices s WHERE s.job_id = j.id AND s.status = 'WAITING') "
    "ORDER BY j.priority DESC, (SELECT count(*) FROM slices r JOIN jobs o ON o.id = r.job_id "
    "WHERE r.status = 'RUNNING' AND o.owner_id = j.owner_id), j.queued_at, j.id LIMIT 1"
)


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """A slice that this worker holds: `fence` proves it."""

    slice_id: int
    fence: int
    job: Job
    attempt: int
    phase: SlicePhase
    number: int
    first_index: int
    item_count: int
    payload: dict[str, Any]
    crash_count: int


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that was put into storage and now gets its row."""

    id: str
    role: FileRole
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    storage_key: str


class ClaimLost(Exception):  # noqa: N818  an answer, not an error of the program
    """The slice is not ours any more (cancelled, failed, or the lease ran out): stop, nothing was written."""


async def claim_slice(worker: str, stages_of: Any, outbox: Outbox) -> Claim | None:
    """Take the best waiting slice: the highest priority, then the owner with the least running, then the oldest.

    Args:
        worker: Name of the worker, for people and for recovery.
        stages_of: Callable from a processor's kind to its three stages.
        outbox: Told when the job begins to move.
    """
    letters = Letters()
    async with in_transaction() as db:
        claim = await _claim(db, worker, stages_of, letters)
    await outbox.send(letters)
    return claim


async def renew_leases(claims: Sequence[Claim]) -> None:
    """Hold on to `claims` for another 20 s by the database's clock."""
    async with in_transaction() as db:
        for claim in claims:
            await fetch(
                db,
                f"UPDATE slices SET lease_expires_at = {database_now(db)} + {LEASE_SECONDS} "
                "WHERE id = $1 AND fence = $2 AND status = 'RUNNING'",
                claim.slice_id, claim.fence,
            )


async def pending_indices(claim: Claim) -> list[int]:
    """The items of the slice that are still to be done, ascending; all of them when it was never claimed before."""
    if claim.fence == 1:
        return list(range(claim.first_index, claim.first_index + claim.item_count))
    rows = await fetch(
        get_connection("default"),
        'SELECT "index" FROM items WHERE job_id = $1 AND "index" >= $2 AND "index" < $3 '
        "AND status IN ('PENDING', 'PROCESSING') ORDER BY \"index\"",
        claim.job.id, claim.first_index, claim.first_index + claim.item_count,
    )
    return [row["index"] for row in rows]


async def add_items(claim: Claim, first_index: int, names: Sequence[str]) -> None:
    """Insert planned items as PENDING; planning again inserts nothing twice."""
    moment = now().timestamp()
    rows = [
        [id_, claim.job.id, first_index + place, name, claim.attempt, False, False, moment]
        for place, (id_, name) in enumerate(zip(new_ids("item", len(names)), names, strict=True))
    ]
    async with in_transaction() as db:
        await _hold(db, claim)
        await db.execute_many(sql(db, _INSERT_ITEM), rows)


async def record_plan(
    claim: Claim, planned: Sequence[tuple[int, int, dict[str, Any]]], files: Sequence[NewFile], processor: Processor,
    outbox: Outbox,
) -> None:
    """The plan is done: the slices (first index, item count, payload) may be taken.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters(has_work=True)
    total = sum(count for _, count, _ in planned)
    async with in_transaction() as db:
        await _finish_slice(db, claim)
        await _insert_files(db, claim, files)
        row = await _change_working(
            db, claim, total_items=total, total_slices=len(planned), percentage=_at_least(processor, 1, 0.0)
        )
        rows = [
            [claim.job.id, claim.attempt, "PROCESS", number, first_index, count, orjson.dumps(payload).decode(), "WAITING", 0, 0]
            for number, (first_index, count, payload) in enumerate(planned)
        ]
        await db.execute_many(sql(db, _INSERT_SLICE), rows)
        if not planned:
            await add_slice(db, row, SlicePhase.FINISH, 0)
        letters.job_changed(row)
    await outbox.send(letters)


async def record_items(
    claim: Claim, results: Sequence[ItemResult], files: Sequence[tuple[int, NewFile]], processor: Processor,
    outbox: Outbox, *, is_done: bool,
) -> None:
    """Store results and their files (by index), each once, and with the last ones end the slice; after the last slice the finish may be taken.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters()
    async with in_transaction() as db:
        await (_finish_slice(db, claim) if is_done else _hold(db, claim))
        if results:
            await db.execute_many(sql(db, _UPDATE_ITEM), _item_values(claim, results))
        await _insert_item_files(db, claim, files)
        row = await _count(db, claim, results, processor, is_done=is_done)
        if is_done and row["completed_slices"] == row["total_slices"]:
            await add_slice(db, row, SlicePhase.FINISH, 0)
            letters.has_work = True
        letters.job_changed(row)
    await outbox.send(letters)


async def record_finish(claim: Claim, files: Sequence[NewFile], outbox: Outbox) -> None:
    """The job is done: its files and its last status arrive together.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters()
    async with in_transaction() as db:
        await _finish_slice(db, claim)
        await _insert_files(db, claim, files)
        rows = await fetch(db, "SELECT * FROM jobs WHERE id = $1 AND attempt = $2", claim.job.id, claim.attempt)
        if not rows or await complete_job(db, rows[0], letters) is None:
            raise ClaimLost
        level = LogLevel.SUCCESS if letters.events[-1].row["status"] == JobStatus.COMPLETED else LogLevel.ERROR
        await add_lines(db, claim.job.id, [(level, letters.events[0].row["status_message"])], letters)
    await outbox.send(letters)


async def record_progress(claim: Claim, phase: int, fraction: float, processor: Processor, outbox: Outbox) -> None:
    """Move the percentage within planning or finishing (0 to 1); it never falls.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters()
    async with in_transaction() as db:
        await _hold(db, claim)
        letters.job_changed(await _change_working(db, claim, percentage=_at_least(processor, phase, fraction)))
    await outbox.send(letters)


async def record_lines(claim: Claim, lines: Sequence[tuple[LogLevel, str]], outbox: Outbox) -> None:
    """Write lines to the job's log, as long as the slice is ours."""
    letters = Letters()
    async with in_transaction() as db:
        await _hold(db, claim)
        await add_lines(db, claim.job.id, lines, letters)
    await outbox.send(letters)


async def record_failure(claim: Claim, refusal: Refusal, outbox: Outbox, *, is_retryable: bool) -> None:
    """The whole job fails for the reason that `refusal` gives; nothing happens where the slice is not ours any more."""
    letters = Letters()
    async with in_transaction() as db:
        held = await _still_held(db, claim)
        if held:
            await fail_job(db, claim.job.id, refusal, letters, is_retryable=is_retryable)
            await add_lines(db, claim.job.id, [(LogLevel.ERROR, refusal.message)], letters)
    await outbox.send(letters)


async def note_crash(claim: Claim) -> None:
    """Count that the slice took its child process down."""
    async with in_transaction() as db:
        await fetch(db, "UPDATE slices SET crash_count = crash_count + 1 WHERE id = $1 AND fence = $2",
                    claim.slice_id, claim.fence)


async def release_slice(claim: Claim, outbox: Outbox) -> None:
    """Give the slice back: it waits for the next worker, or its job is CANCELLED where it was being cancelled."""
    letters = Letters()
    async with in_transaction() as db:
        if await _still_held(db, claim):
            await _take_back(db, [claim.slice_id], letters, is_crash=False)
    await outbox.send(letters)


async def recover_slices(worker_prefix: str, outbox: Outbox) -> int:
    """At the start of an embedded server: its own slices of the life before are free again. Returns how many."""
    return await _recover("worker LIKE $1", f"{worker_prefix}%", outbox, is_crash=False)


async def sweep_leases(outbox: Outbox) -> int:
    """Take back the slices whose lease ran out. Returns how many."""
    return await _recover("lease_expires_at < {now}", None, outbox, is_crash=True)


async def has_waiting_slices() -> bool:
    """Whether any slice could be taken now."""
    async with in_transaction() as db:
        return bool(await fetch(db, _CHOOSE_JOB))


async def _claim(db: BaseDBAsyncClient, worker: str, stages_of: Any, letters: Letters) -> Claim | None:
    jobs = await fetch(db, _CHOOSE_JOB)
    if not jobs:
        return None
    lock = " FOR UPDATE SKIP LOCKED" if db.capabilities.support_for_update else ""
    slices = await fetch(
        db,
        f"UPDATE slices SET status = 'RUNNING', worker = $1, fence = fence + 1, "
        f"lease_expires_at = {database_now(db)} + {LEASE_SECONDS} WHERE id = (SELECT id FROM slices WHERE job_id = $2 "
        f"AND status = 'WAITING' ORDER BY number LIMIT 1{lock}) AND status = 'WAITING' RETURNING *",
        worker, jobs[0]["id"],
    )
    if not slices:
        return None
    row = slices[0]
    phase = SlicePhase(row["phase"])
    stage = stages_of(jobs[0]["kind"])[list(SlicePhase).index(phase)]
    job = await begin_work(db, jobs[0], stage.name, f"{stage.label}.", letters)
    if job is None:
        raise ClaimLost
    payload = row["payload"]
    return Claim(
        row["id"], row["fence"], job_of(job), row["attempt"], phase, row["number"], row["first_index"], row["item_count"],
        orjson.loads(payload) if isinstance(payload, str) else payload, row["crash_count"],
    )


async def _recover(condition: str, value: str | None, outbox: Outbox, *, is_crash: bool) -> int:
    letters = Letters()
    async with in_transaction() as db:
        statement = f"SELECT id FROM slices WHERE status = 'RUNNING' AND {condition.format(now=database_now(db))}"
        rows = await fetch(db, statement, *([value] if value is not None else []))
        await _take_back(db, [row["id"] for row in rows], letters, is_crash=is_crash)
        stuck = await fetch(db, "SELECT id FROM jobs WHERE status = 'CANCELLING'")
        for job in stuck:
            await finish_cancelling(db, job["id"], letters)
    await outbox.send(letters)
    return len(rows)


async def _take_back(db: BaseDBAsyncClient, slice_ids: Sequence[int], letters: Letters, *, is_crash: bool) -> None:
    for slice_id in slice_ids:
        rows = await fetch(
            db,
            "UPDATE slices SET status = 'WAITING', worker = NULL, lease_expires_at = NULL, fence = fence + 1, "
            "crash_count = crash_count + $1 WHERE id = $2 AND status = 'RUNNING' RETURNING *",
            int(is_crash), slice_id,
        )
        for row in rows:
            if row["crash_count"] >= MAX_CRASHES:
                message = f"Its worker was lost {MAX_CRASHES} times over the same part of the work."
                await fail_job(db, row["job_id"], Refusal(ErrorCode.WORKER_LOST, message), letters, is_retryable=True)
            elif await finish_cancelling(db, row["job_id"], letters) is None:
                await wait_for_worker(db, row["job_id"], letters)


async def _hold(db: BaseDBAsyncClient, claim: Claim) -> None:
    if not await _still_held(db, claim):
        raise ClaimLost


async def _still_held(db: BaseDBAsyncClient, claim: Claim) -> bool:
    statement = (
        f"UPDATE slices SET lease_expires_at = {database_now(db)} + {LEASE_SECONDS} "
        "WHERE id = $1 AND fence = $2 AND status = 'RUNNING' RETURNING id"
    )
    return bool(await fetch(db, statement, claim.slice_id, claim.fence))


async def _finish_slice(db: BaseDBAsyncClient, claim: Claim) -> None:
    statement = (
        "UPDATE slices SET status = 'DONE', lease_expires_at = NULL WHERE id = $1 AND fence = $2 AND status = 'RUNNING' "
        "RETURNING id"
    )
    if not await fetch(db, statement, claim.slice_id, claim.fence):
        raise ClaimLost


async def _change_working(db: BaseDBAsyncClient, claim: Claim, **columns: Any) -> Row:
    row = await change_job(db, claim.job.id, {JobStatus.PROCESSING}, **columns)
    if row is None or row["attempt"] != claim.attempt:
        raise ClaimLost
    return row


async def _count(
    db: BaseDBAsyncClient, claim: Claim, results: Sequence[ItemResult], processor: Processor, *, is_done: bool
) -> Row:
    counts = {status: 0 for status in (ItemStatus.COMPLETED, ItemStatus.FAILED, ItemStatus.SKIPPED)}
    for result in results:
        counts[result.status] += 1
    plan, process, _ = processor.stages
    reached = f"({float(plan.share)} + {float(process.share)} * (completed_items + failed_items + skipped_items + ?) / total_items)"
    return await _change_working(
        db, claim,
        completed_items=("completed_items + ?", counts[ItemStatus.COMPLETED]),
        failed_items=("failed_items + ?", counts[ItemStatus.FAILED]),
        skipped_items=("skipped_items + ?", counts[ItemStatus.SKIPPED]),
        completed_slices=("completed_slices + ?", int(is_done)),
        percentage=(f"CASE WHEN {reached} > percentage THEN {reached} ELSE percentage END", len(results), len(results)),
    )


def _at_least(processor: Processor, phase: int, fraction: float) -> tuple[str, float, float]:
    percentage = percentage_of(processor.stages, phase, fraction)
    return "CASE WHEN ? > percentage THEN ? ELSE percentage END", percentage, percentage


def _item_values(claim: Claim, results: Sequence[ItemResult]) -> list[list[Any]]:
    moment = now().timestamp()
    return [
        [
            str(result.status), result.result.decode() if result.result is not None else None,
            str(result.error.code) if result.error else None, result.error.message if result.error else None,
            bool(result.error and result.error.is_retryable), result.skip_reason, result.needs_review, moment,
            claim.job.id, result.index, claim.attempt,
        ]
        for result in results
    ]


async def _insert_item_files(db: BaseDBAsyncClient, claim: Claim, files: Sequence[tuple[int, NewFile]]) -> None:
    for index, file in files:
        rows = await fetch(db, 'SELECT id FROM items WHERE job_id = $1 AND "index" = $2', claim.job.id, index)
        await _insert_files(db, claim, [file], rows[0]["id"])


async def _insert_files(
    db: BaseDBAsyncClient, claim: Claim, files: Sequence[NewFile], item_id: str | None = None
) -> None:
    for file in files:
        await File.create(
            using_db=db, id=file.id, job_id=claim.job.id, item_id=item_id, owner_id=claim.job.owner_id, attempt=claim.attempt, role=file.role,
            name=file.name, content_type=file.content_type, size_bytes=file.size_bytes, sha256=file.sha256,
            storage_key=file.storage_key,
        )


_INSERT_SLICE = (
    "INSERT INTO slices (job_id, attempt, phase, number, first_index, item_count, payload, status, fence, crash_count) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING"
)

__all__ = [
    "LEASE_SECONDS", "Claim", "ClaimLost", "NewFile", "PlannedSlice", "add_items", "claim_slice", "drop_slices",
    "has_waiting_slices", "note_crash", "pending_indices", "record_failure", "record_finish", "record_items",
    "record_lines", "record_plan", "record_progress", "recover_slices", "release_slice", "renew_leases", "sweep_leases",
]
