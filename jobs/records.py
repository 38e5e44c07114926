"""Records: what came of a claim (plan, items, progress, log lines, files, the end), each as one transaction.

Whoever records must still hold the slice; else ClaimLost is raised and nothing is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.errors import Refusal
from base.words import FileRole, ItemStatus, JobStatus, LogLevel, SlicePhase
from jobs.claims import Claim, ClaimLost, finish_claim, hold_claim, take_back
from jobs.history import add_lines
from jobs.outbox import Letters, Outbox, Row
from jobs.progress import percentage_of, shares_of
from jobs.rows import change_job, fetch, lock_job
from jobs.slices import NewSlice, add_slices
from jobs.text import storable, storable_result
from jobs.working import ask_owner, complete_job, fail_job
from models import File
from models.database import sql
from models.fields import now
from models.ids import new_ids
from processors.contract import ItemResult, NeedsInput, Processor

NAME_LENGTH = 1024
"""Characters of an item's or a file's name; what is longer is cut."""
_UPDATE_ITEM = (
    "UPDATE items SET status = $1, result = $2, error_code = $3, error_message = $4, error_is_retryable = $5, "
    "skip_reason = $6, needs_review = $7, updated_at = $8 "
    "WHERE job_id = $9 AND \"index\" = $10 AND attempt = $11 AND status IN ('PENDING', 'PROCESSING')"
)
_INSERT_ITEM = (
    'INSERT INTO items (id, job_id, "index", name, status, attempt, error_is_retryable, needs_review, updated_at) '
    "VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, $7, $8) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that was put into storage and now gets its row; `upload_id` is the upload that brought it, if one did."""

    id: str
    role: FileRole
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    storage_key: str
    upload_id: str | None = None


async def pending_indices(claim: Claim) -> list[int]:
    """The items of the slice that are still to be done, ascending; all of them when it was never claimed before."""
    end = claim.first_index + claim.item_count
    if claim.fence == 1:
        return list(range(claim.first_index, end))
    rows = await fetch(
        get_connection("default"),
        'SELECT "index" FROM items WHERE job_id = $1 AND "index" >= $2 AND "index" < $3 '
        "AND status IN ('PENDING', 'PROCESSING') ORDER BY \"index\"",
        claim.job.id,
        claim.first_index,
        end,
    )
    return [row["index"] for row in rows]


async def add_items(claim: Claim, first_index: int, names: Sequence[str]) -> None:
    """Insert planned items as PENDING; planning again inserts nothing twice.

    Raises:
        ClaimLost: Nothing was written.
    """
    moment = now().timestamp()
    rows = [
        [id_, claim.job.id, first_index + place, storable(str(name), NAME_LENGTH), claim.attempt, False, False, moment]
        for place, (id_, name) in enumerate(zip(new_ids("item", len(names)), names, strict=True))
    ]
    async with in_transaction() as db:
        await hold_claim(db, claim)
        await db.execute_many(sql(db, _INSERT_ITEM), rows)


async def record_plan(
    claim: Claim, planned: Sequence[NewSlice], files: Iterable[NewFile], processor: Processor, outbox: Outbox
) -> None:
    """The plan is done: its slices may be taken, or the finish where there are none.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters(has_work=True)
    total = sum(one.item_count for one in planned)
    async with in_transaction() as db:
        await insert_files(db, await finish_claim(db, claim), files)
        await fetch(db, 'DELETE FROM items WHERE job_id = $1 AND "index" >= $2', claim.job.id, total)
        row = await _change_working(
            db,
            claim,
            total_items=total,
            total_slices=len(planned),
            percentage=_rising(_percentage(claim, processor, 1)),
        )
        await add_slices(db, row, planned or [NewSlice(SlicePhase.FINISH)])
        letters.job_changed(row)
    await outbox.send(letters)


async def record_items(
    claim: Claim,
    results: Sequence[ItemResult],
    files: Iterable[tuple[int, NewFile]],
    processor: Processor,
    outbox: Outbox,
    *,
    is_done: bool,
) -> None:
    """Store results and their files (by index), each once; with the last ones (`is_done`) the slice ends.

    After the last slice the finish may be taken.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters()
    async with in_transaction() as db:
        job = await (finish_claim(db, claim) if is_done else hold_claim(db, claim))
        if results:
            await db.execute_many(sql(db, _UPDATE_ITEM), _item_values(claim, results))
        await _insert_item_files(db, job, files)
        row = await _count(db, claim, results, processor, is_done=is_done)
        if is_done and row["completed_slices"] == row["total_slices"]:
            await add_slices(db, row, [NewSlice(SlicePhase.FINISH)])
            letters.has_work = True
        letters.job_changed(row)
    await outbox.send(letters)


async def record_finish(claim: Claim, files: Iterable[NewFile], outbox: Outbox) -> None:
    """The job is done: its files and its last status arrive together.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters()
    async with in_transaction() as db:
        job = await finish_claim(db, claim)
        await insert_files(db, job, files)
        row = await complete_job(db, job, letters)
        level = LogLevel.SUCCESS if row["status"] == JobStatus.COMPLETED else LogLevel.ERROR
        await add_lines(db, row, [(level, row["status_message"])], letters)
    await outbox.send(letters)


async def record_progress(claim: Claim, done: float, processor: Processor, outbox: Outbox) -> None:
    """Move the percentage, which never falls.

    Args:
        claim: What is being done.
        done: 0 to 1 of the plan or the finish; while processing, items (and parts of one) beyond those recorded.
        processor: Its stages give the percentage.
        outbox: Told the new state.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters()
    async with in_transaction() as db:
        await hold_claim(db, claim)
        letters.job_changed(await _change_working(db, claim, percentage=_rising(_percentage(claim, processor, done))))
    await outbox.send(letters)


async def record_lines(claim: Claim, lines: Sequence[tuple[LogLevel, str]], outbox: Outbox) -> None:
    """Write lines to the job's log.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters()
    async with in_transaction() as db:
        await add_lines(db, await hold_claim(db, claim), lines, letters)
    await outbox.send(letters)


async def record_failure(claim: Claim, refusal: Refusal, outbox: Outbox, *, is_retryable: bool) -> None:
    """The whole job fails for the reason that `refusal` gives; one that is being cancelled is cancelled instead.

    Nothing happens where the slice is not ours any more.
    """
    letters = Letters()
    async with in_transaction() as db:
        try:
            job = await hold_claim(db, claim)
        except ClaimLost:
            await lock_job(db, claim.job.id)
            held = ("id = $1 AND fence = $2", claim.slice_id, claim.fence)
            await take_back(db, claim.job.id, *held, letters=letters, is_crash=False)
        else:
            await fail_job(db, claim.job.id, refusal, letters, is_retryable=is_retryable)
            await add_lines(db, job, [(LogLevel.ERROR, refusal.message)], letters)
    await outbox.send(letters)


async def record_question(claim: Claim, question: NeedsInput, outbox: Outbox) -> None:
    """The job waits for its owner; the slice is done again when it goes on.

    Raises:
        ClaimLost: Nothing was written.
    """
    letters = Letters()
    async with in_transaction() as db:
        job = await hold_claim(db, claim)
        await ask_owner(db, job, question, letters)
        await add_lines(db, job, [(LogLevel.WARNING, question.message)], letters)
    await outbox.send(letters)


async def _change_working(db: BaseDBAsyncClient, claim: Claim, **columns: Any) -> Row:
    row = await change_job(db, claim.job.id, {JobStatus.PROCESSING}, **columns)
    assert row is not None  # noqa: S101  hold_claim locked it in this status
    return row


async def _count(
    db: BaseDBAsyncClient, claim: Claim, results: Sequence[ItemResult], processor: Processor, *, is_done: bool
) -> Row:
    counts = dict.fromkeys((ItemStatus.COMPLETED, ItemStatus.FAILED, ItemStatus.SKIPPED), 0)
    for result in results:
        counts[result.status] += 1
    return await _change_working(
        db,
        claim,
        completed_items=("completed_items + ?", counts[ItemStatus.COMPLETED]),
        failed_items=("failed_items + ?", counts[ItemStatus.FAILED]),
        skipped_items=("skipped_items + ?", counts[ItemStatus.SKIPPED]),
        completed_slices=("completed_slices + ?", int(is_done)),
        percentage=_rising(_percentage(claim, processor, len(results))),
    )


def _percentage(claim: Claim, processor: Processor, done: float) -> tuple[str, float]:
    """SQL for the percentage that is reached with `done` (see `record_progress`), and its value."""
    if claim.phase is not SlicePhase.PROCESS:
        phase = list(SlicePhase).index(claim.phase)
        return "CAST(? AS double precision)", percentage_of(processor.stages, phase, done)
    start, share = shares_of(processor.stages)
    ended = "(completed_items + failed_items + skipped_items + CAST(? AS double precision))"
    return f"({start} + {share} * {ended} / nullif(total_items, 0))", float(done)


def _rising(reached: tuple[str, float]) -> tuple[str, float, float]:
    expression, value = reached
    return f"CASE WHEN {expression} > percentage THEN {expression} ELSE percentage END", value, value


def _item_values(claim: Claim, results: Sequence[ItemResult]) -> list[list[Any]]:
    moment = now().timestamp()
    return [
        [
            str(result.status),
            storable_result(result.result) if result.result is not None else None,
            str(result.error.code) if result.error else None,
            storable(result.error.message) if result.error else None,
            bool(result.error and result.error.is_retryable),
            storable(result.skip_reason) if result.skip_reason is not None else None,
            result.needs_review,
            moment,
            claim.job.id,
            result.index,
            claim.attempt,
        ]
        for result in results
    ]


async def insert_files(db: BaseDBAsyncClient, job: Row, files: Iterable[NewFile], item_id: str | None = None) -> None:
    """The rows of files of a job's present attempt, or of one of its items."""
    for file in files:
        await File.create(
            using_db=db,
            id=file.id,
            job_id=job["id"],
            item_id=item_id,
            owner_id=job["owner_id"],
            attempt=job["attempt"],
            role=file.role,
            name=storable(file.name, NAME_LENGTH),
            content_type=storable(file.content_type, 255),
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            storage_key=file.storage_key,
            upload_id=file.upload_id,
        )


async def _insert_item_files(db: BaseDBAsyncClient, job: Row, files: Iterable[tuple[int, NewFile]]) -> None:
    for index, file in files:
        rows = await fetch(db, 'SELECT id FROM items WHERE job_id = $1 AND "index" = $2', job["id"], index)
        await insert_files(db, job, [file], rows[0]["id"])
