"""The three phases of a job: what goes to the child process, and how what comes back is recorded."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from anyio.to_thread import run_sync

from background.children import CallFailed, Children
from background.messages import ChildCall, LogLine, Message, Progress, ResultBatch, write_results
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import ItemStatus, LogLevel, SlicePhase, UploadStatus
from jobs.claims import Claim
from jobs.outbox import Outbox
from jobs.queries import inputs_of_job, intermediate_files, results_after, unrecorded_files
from jobs.records import (
    NewFile,
    add_items,
    pending_indices,
    record_finish,
    record_items,
    record_lines,
    record_plan,
    record_progress,
)
from jobs.slices import NewSlice
from models.ids import new_id
from processors.contract import ItemError, ItemResult, MadeFile, NeedsInput, PlannedSlice, Processor, Slice, Source
from processors.registry import find_processor, find_reference
from storage.keys import file_key
from storage.local import LocalStorage
from storage.reading import StoredFile
from uploads.queries import contents_of

log = log_for(__name__)

ITEMS_PER_INSERT = 4_000
RESULTS_PER_COMMIT = 1_000
RESULTS_PER_READ = 1_000
SECONDS_PER_COMMIT = 1.0
"""Results and log lines wait at most so long for their commit."""
SECONDS_PER_PROGRESS = 0.5


@dataclass
class _Notes:
    """Log lines and progress of one call on their way to the database, not too often.

    `measure` turns the fraction that a call tells (0 to 1) into what `record_progress` takes.
    """

    claim: Claim
    processor: Processor
    outbox: Outbox
    measure: Callable[[float], float] = float
    lines: list[tuple[LogLevel, str]] = field(default_factory=list)
    written_at: float = field(default_factory=time.monotonic)
    progress_at: float = 0.0

    async def take(self, message: LogLine | Progress) -> None:
        if isinstance(message, LogLine):
            self.lines.append((message.level, message.message))
            if time.monotonic() - self.written_at >= SECONDS_PER_COMMIT:
                await self.write()
        elif time.monotonic() - self.progress_at >= SECONDS_PER_PROGRESS:
            self.progress_at = time.monotonic()
            await record_progress(self.claim, self.measure(_fraction_of(message)), self.processor, self.outbox)

    async def write(self) -> None:
        self.written_at = time.monotonic()
        if self.lines:
            lines, self.lines = self.lines, []
            await record_lines(self.claim, lines, self.outbox)


class Phases:
    """Runs claims in children; raises what `Children.run` and the recording raise.

    Each phase calls `on_computed` when it needs no child any more, before the last of what came of it is recorded.
    """

    def __init__(self, children: Children, storage: LocalStorage, outbox: Outbox) -> None:
        self._children = children
        self._storage = storage
        self._outbox = outbox
        self._spooled: tuple[tuple[str, int] | None, dict[str, Path]] = None, {}

    async def plan(self, claim: Claim, on_computed: Callable[[], None]) -> None:
        """Have the processor plan; insert its items while they come, and its slices when all are there."""
        processor = find_processor(claim.job.kind)
        notes = _Notes(claim, processor, self._outbox)
        planned: list[NewSlice] = []
        names: list[str] = []
        inserted = total = 0

        async def on_message(message: Message) -> None:
            nonlocal inserted, total
            match message:
                case PlannedSlice():
                    count = len(message.names)
                    planned.append(NewSlice(SlicePhase.PROCESS, len(planned), total, count, message.payload))
                    total += count
                    names.extend(message.names)
                    if len(names) >= ITEMS_PER_INSERT:
                        await add_items(claim, inserted, names)
                        inserted += len(names)
                        names.clear()
                case MadeFile():
                    files.append(await self._adopt(message))
                case LogLine() | Progress():
                    await notes.take(message)

        async with self._adopted() as files:
            async with self._folder(claim) as folder, self._folder(claim, "inputs") as inputs:
                sources = await self._sources(claim, inputs)
                await self._run(self._call(claim, folder, inputs=sources), on_message, notes.write)
            on_computed()
            await add_items(claim, inserted, names)
            await notes.write()
            await record_plan(claim, planned, files, processor, self._outbox)

    async def process(self, claim: Claim, on_computed: Callable[[], None]) -> None:
        """Have the processor do what is left of the slice; an item that takes the process down fails alone."""
        processor = find_processor(claim.job.kind)
        spool = await self._spool(claim)
        is_careful = claim.crash_count > 0
        batch = _Batch(claim, processor, self._outbox, await pending_indices(claim))
        notes = _Notes(claim, processor, self._outbox, batch.measure)

        async def on_message(message: Message) -> None:
            await self._take_result(batch, notes, files, message)

        async def write() -> None:
            await notes.write()
            await batch.commit_waiting()

        async with self._adopted() as files:
            while batch.left:
                part = Slice(claim.first_index, batch.begin_call(), claim.payload)
                try:
                    async with self._folder(claim) as folder:
                        call = self._call(claim, folder, spool=spool, part=part, is_careful=is_careful)
                        await self._run(call, on_message, write)
                except CallFailed as failure:
                    if is_careful:
                        batch.fail_next(failure.message)
                    is_careful = True
                else:
                    for _ in part.indices:
                        batch.fail_next("The processor gave no result for this item.")
            on_computed()
            await notes.write()
            await batch.commit(is_done=True)

    async def finish(self, claim: Claim, on_computed: Callable[[], None]) -> None:
        """Have the processor make the files of the whole job, and complete it."""
        notes = _Notes(claim, find_processor(claim.job.kind), self._outbox)
        spool = await self._spool(claim)

        async def on_message(message: Message) -> None:
            match message:
                case MadeFile():
                    files.append(await self._adopt(message))
                case LogLine() | Progress():
                    await notes.take(message)

        async with self._adopted() as files:
            async with self._folder(claim) as folder, self._folder(claim, "results") as results:
                results_path = results / "results"
                await _write_all_results(claim.job.id, results_path)
                call = self._call(claim, folder, spool=spool, results_path=results_path)
                await self._run(call, on_message, notes.write)
            on_computed()
            await notes.write()
            await record_finish(claim, files, self._outbox)

    async def _run(
        self, call: ChildCall, on_message: Callable[[Message], Awaitable[None]], write: Callable[[], Awaitable[None]]
    ) -> None:
        """Do `call`; what `on_message` leaves waiting is written in time, and before the call's bad end is told."""
        lock = asyncio.Lock()

        async def take(message: Message) -> None:
            async with lock:
                await on_message(message)

        try:
            async with asyncio.TaskGroup() as group:
                timer = group.create_task(_repeat(write, lock))
                try:
                    await self._children.run(call, take)
                finally:
                    async with lock:
                        timer.cancel()
        except BaseExceptionGroup as errors:
            error = errors.exceptions[0]
            if isinstance(error, NeedsInput | Refusal | CallFailed):
                await write()
            raise error from None

    async def _sources(self, claim: Claim, folder: Path) -> list[Source]:
        """The inputs of the job, each as one file; a concatenation is put together in `folder`.

        Raises:
            Refusal: UPLOAD_NOT_FOUND where one is gone.
        """
        uploads = await inputs_of_job(claim.job.id)
        contents = await contents_of(self._storage, uploads)
        for upload in uploads:
            if upload.status is not UploadStatus.COMPLETED or not await run_sync(contents[upload.id].is_there):
                message = f"The upload “{upload.filename}” is gone; it cannot be processed."
                raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, message)
        sources = []
        for upload in uploads:
            content = contents[upload.id]
            if isinstance(content, StoredFile):
                path = content.path
            else:
                path = folder / upload.id
                await self._storage.join(content, path)
            sources.append(Source(upload.filename, path, content.size, upload.content_type))
        return sources

    async def _take_result(self, batch: "_Batch", notes: _Notes, files: list[NewFile], message: Message) -> None:
        match message:
            case ResultBatch():
                for result in message.results:
                    adopted = [await self._adopt(made) for made in result.files]
                    files += adopted
                    batch.add(result, adopted)
                await batch.commit_if_due()
            case LogLine() | Progress():
                await notes.take(message)

    def _call(self, claim: Claim, folder: Path, **parts: Any) -> ChildCall:
        return ChildCall(
            reference=find_reference(claim.job.kind),
            phase=claim.phase,
            options=claim.job.options,
            folder=folder,
            answered=claim.job.answered or (),
            **parts,
        )

    async def _spool(self, claim: Claim) -> dict[str, Path]:
        """What planning spooled; remembered for the job at hand, whose slices all ask for it."""
        if self._spooled[0] != (job := (claim.job.id, claim.attempt)):
            files = await intermediate_files(claim.job.id)
            self._spooled = job, {file.name: self._storage.path_of(file.storage_key) for file in files}
        return self._spooled[1]

    @asynccontextmanager
    async def _adopted(self) -> AsyncIterator[list[NewFile]]:
        """Files on their way to their rows: where the work breaks off, those that did not get one are removed."""
        files: list[NewFile] = []
        try:
            yield files
        except BaseException:
            await asyncio.shield(self._forget(files))
            raise

    async def _forget(self, files: Iterable[NewFile]) -> None:
        keys = {file.id: file.storage_key for file in files}
        try:
            for id_ in await unrecorded_files(list(keys)):
                await self._storage.remove(keys[id_])
        except Exception:
            log.exception("files that nobody knows could not be removed")

    async def _adopt(self, made: MadeFile) -> NewFile:
        id_ = new_id("file")
        key = file_key(id_)
        size_bytes, sha256 = await self._storage.adopt(made.path, key)
        return NewFile(id_, made.role, made.name, made.content_type, size_bytes, sha256, key)

    @asynccontextmanager
    async def _folder(self, claim: Claim, purpose: str = "call") -> AsyncIterator[Path]:
        name = f"work/{claim.slice_id}-{claim.fence}-{purpose}"
        folder = await self._storage.make_folder(name)
        try:
            yield folder
        finally:
            await asyncio.shield(self._storage.remove_folder(name))


@dataclass
class _Batch:
    """Results of one slice on their way to the database: those that wait, and the items that are still to come."""

    claim: Claim
    processor: Processor
    outbox: Outbox
    left: list[int]
    waiting: list[ItemResult] = field(default_factory=list)
    files: list[tuple[int, NewFile]] = field(default_factory=list)
    recorded: int = 0
    asked: range = range(0)
    committed_at: float = field(default_factory=time.monotonic)

    def begin_call(self) -> tuple[int, ...]:
        """The items that the next call is asked for."""
        ended = self.recorded + len(self.waiting)
        self.asked = range(ended, ended + len(self.left))
        return tuple(self.left)

    def measure(self, fraction: float) -> float:
        """Items, counted in parts, that a call which is done to `fraction` is ahead of what is recorded."""
        return max(self.asked.start + fraction * len(self.asked) - self.recorded, 0.0)

    def add(self, result: ItemResult, files: list[NewFile]) -> None:
        """Take a result; one that was not asked for is dropped, so that no item has two."""
        if result.index in self.left:
            self.left.remove(result.index)
            self.waiting.append(_with_an_end(result))
            self.files.extend((result.index, file) for file in files)

    def fail_next(self, message: str) -> None:
        """The first item that has no result, if there is one, is the one that failed."""
        if self.left:
            error = ItemError(ErrorCode.PROCESSING_FAILED, message, is_retryable=True)
            self.add(ItemResult(self.left[0], ItemStatus.FAILED, error=error), [])

    async def commit_if_due(self) -> None:
        is_old = time.monotonic() - self.committed_at >= SECONDS_PER_COMMIT
        if self.left and (is_old or len(self.waiting) >= RESULTS_PER_COMMIT):
            await self.commit(is_done=False)

    async def commit_waiting(self) -> None:
        if self.waiting:
            await self.commit(is_done=False)

    async def commit(self, *, is_done: bool) -> None:
        waiting, self.waiting = self.waiting, []
        files, self.files = self.files, []
        self.committed_at = time.monotonic()
        await record_items(self.claim, waiting, files, self.processor, self.outbox, is_done=is_done)
        self.recorded += len(waiting)


async def _repeat(write: Callable[[], Awaitable[None]], lock: asyncio.Lock) -> None:
    while True:
        await asyncio.sleep(SECONDS_PER_COMMIT)
        async with lock:
            await write()


def _fraction_of(progress: Progress) -> float:
    """0 to 1; 0 where what the processor told makes no sense."""
    match progress:
        case Progress(done=int() | float() as done, total=int() | float() as total) if total > 0:
            return min(max(done / total, 0.0), 1.0)
    return 0.0


def _with_an_end(result: ItemResult) -> ItemResult:
    """`result`, made a failure where the processor did not say how the item ended, or why it failed."""
    if result.status in {ItemStatus.COMPLETED, ItemStatus.SKIPPED} or (
        result.status is ItemStatus.FAILED and result.error
    ):
        return result
    error = result.error or ItemError(ErrorCode.PROCESSING_FAILED, "The processor did not say why this item failed.")
    return replace(result, status=ItemStatus.FAILED, error=error)


async def _write_all_results(job_id: str, path: Path) -> None:
    """Spool every item's result from the database, a thousand at a time."""
    index = -1
    with path.open("wb") as file:
        while rows := await results_after(job_id, index, RESULTS_PER_READ):
            await asyncio.to_thread(_write_rows, file, rows)
            index = rows[-1]["index"]


def _write_rows(file: BinaryIO, rows: list[dict[str, Any]]) -> None:
    write_results(file, (_result_of(row) for row in rows))


def _result_of(row: dict[str, Any]) -> ItemResult:
    result = row["result"]
    error = row["error_code"] and ItemError(
        ErrorCode(row["error_code"]), row["error_message"] or "", bool(row["error_is_retryable"])
    )
    return ItemResult(
        row["index"],
        ItemStatus(row["status"]),
        (result if isinstance(result, str) else orjson.dumps(result).decode()).encode() if result is not None else None,
        error or None,
        row["skip_reason"],
        bool(row["needs_review"]),
    )
