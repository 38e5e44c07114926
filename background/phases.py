"""The three phases of a job: call its processor, record what comes back."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from background.call_files import CallFiles
from background.calls.failures import CallFailed, DiskFull, FailureKind
from background.calls.messages import Begun, Call, CallProgress, LogLine, Message, ResultBatch
from background.executors.executor import Executor
from background.provisions import NO_PROVISIONS, Provisions
from background.recorders import SECONDS_PER_COMMIT, CallRecorder, SliceRecorder
from background.result_pipe import send_results
from background.slice_run import LATE_SECONDS, SliceRun
from base.errors import Refusal
from base.words import SlicePhase
from jobs.outbox import Outbox
from jobs.recording.files import NewFile
from jobs.recording.items import add_items, pending_indices
from jobs.recording.outcomes import Findings, record_finish, record_plan, record_question
from jobs.reviews import reviews_of
from jobs.scheduling.claims import Claim, ClaimedSlice
from jobs.scheduling.slices import NewSlice
from processors.contract import (
    AssignedSlice,
    Enricher,
    ItemResult,
    MadeFile,
    NeedsInput,
    PauseJob,
    PlannedSlice,
    Reference,
    SkipJob,
    Summary,
    TransferState,
)
from processors.options import read_options
from processors.registry import find_kind, find_reference

ITEMS_PER_INSERT = 4_000


class Phases:
    """Runs claims by an executor; raises what `Executor.run` and the recording raise.

    Each phase calls `on_computed` when it needs the executor no more, before the last of what came of it is recorded.
    `enrichers` look at the results of the kinds that they are named for, before those are recorded.
    """

    def __init__(
        self,
        executor: Executor,
        files: CallFiles,
        outbox: Outbox,
        enrichers: Mapping[str, Enricher] | None = None,
        provisions: Provisions = NO_PROVISIONS,
        late_seconds: float = LATE_SECONDS,
    ) -> None:
        self._executor = executor
        self._files = files
        self._outbox = outbox
        self._enrichers = enrichers or {}
        self._provisions = provisions
        self._late_seconds = late_seconds

    async def plan(self, claim: Claim, on_computed: Callable[[], None]) -> None:
        """Have the processor plan; insert its items while they come, and its slices when all are there.

        Where it asks the owner, what it has told so far is kept for the owner to read.
        """
        await self._files.check_room()
        kind = find_kind(claim.job.kind)
        recorder = CallRecorder(claim, kind, self._outbox)
        planned: list[NewSlice] = []
        names: list[str] = []
        urls: list[str | None] = []
        inserted = total = 0
        reference: str | None = None
        summary: Summary | None = None

        async def on_message(message: Message) -> None:
            nonlocal inserted, total, reference, summary
            match message:
                case PlannedSlice():
                    count = len(message.names)
                    planned.append(NewSlice(SlicePhase.PROCESS, len(planned), total, count, message.payload))
                    total += count
                    names.extend(message.names)
                    urls.extend(message.urls or [None] * count)
                    if len(names) >= ITEMS_PER_INSERT:
                        await add_items(claim, inserted, names, urls)
                        inserted += len(names)
                        names.clear()
                        urls.clear()
                case Reference():
                    reference = message.text
                case Summary():
                    summary = message
                case MadeFile():
                    files.append(await self._files.adopt(message))
                case LogLine() | CallProgress() | TransferState():
                    await recorder.add(message)

        async with self._files.adopting() as files:
            async with self._files.folder(claim) as folder, self._files.inputs(claim) as sources:
                try:
                    await self._run(self._call(claim, folder, inputs=sources), on_message, recorder.write)
                except NeedsInput as question:
                    await record_question(claim, question, self._outbox, Findings(files, reference, summary))
                    return
            on_computed()
            await add_items(claim, inserted, names, urls)
            await recorder.write()
            await record_plan(claim, planned, Findings(files, reference, summary), kind, self._outbox)

    async def process(self, claim: Claim, on_computed: Callable[[], None]) -> None:
        """Have the processor do what is left of each slice, and record them together; those that come too late are given back."""
        await self._files.check_room()
        kind = find_kind(claim.job.kind)
        left = [index for part in claim.slices for index in await pending_indices(claim, part)]
        run = SliceRun(claim, left, self._outbox, self._late_seconds)
        results = SliceRecorder(claim, kind, self._outbox, left, minute_price=self._provisions.minute_price)
        recorder = CallRecorder(claim, kind, self._outbox, results.measure)

        async def write() -> None:
            await run.release_late()
            await recorder.write()
            await results.commit_waiting()

        async with self._files.adopting() as files:
            await self._process_run(run, results, recorder, files, write)
            on_computed()
            await recorder.write()
            await results.commit(is_done=True)

    async def _process_run(
        self,
        run: SliceRun,
        results: SliceRecorder,
        recorder: CallRecorder,
        files: list[NewFile],
        write: Callable[[], Awaitable[None]],
    ) -> None:
        """Have the processor do what is left, in as few calls as can be; an item that takes the process down fails alone."""
        claim, kind = results.claim, results.kind
        is_careful = was_held = claim.crash_count > 0

        async def on_message(message: Message) -> None:
            await self._add_result(results, recorder, files, message)

        while parts := run.parts():
            assigned = [await self._assigned(claim, *part) for part in (parts[:1] if is_careful else parts)]
            results.begin_call(len(assigned[0].indices))
            try:
                reading = self._files.inputs(claim, are_read=kind.reads_inputs)
                async with self._files.folder(claim) as folder, reading as sources:
                    spool = await self._files.spool(claim, folder)
                    given = {"spool": spool, "inputs": sources, "parts": assigned, "is_careful": is_careful}
                    call = self._call(claim, folder, begin_seconds=run.begin_seconds, **given)
                    await self._run(call, on_message, write)
            except CallFailed as failure:
                if failure.kind is FailureKind.SILENT:
                    if failure.index is None:  # nor did the first item begin, and so would none
                        raise
                    results.fail(failure.index, failure.code, failure.message)
                else:
                    if is_careful:
                        results.fail_next(failure.message)
                    is_careful = True
            else:
                while results.has_left(assigned[0].indices):
                    results.fail_next("The processor gave no result for this item.")
                is_careful = was_held
            await run.release_late()

    async def _assigned(self, claim: Claim, part: ClaimedSlice, indices: Sequence[int]) -> AssignedSlice:
        """What the processor is asked to do of `part`."""
        is_reviewed = find_kind(claim.job.kind).reviewer and claim.fence > 1
        reviews = await reviews_of(claim.job.id, part.first_index, part.item_count) if is_reviewed else {}
        return AssignedSlice(part.first_index, indices, part.payload, reviews)

    async def finish(self, claim: Claim, on_computed: Callable[[], None]) -> None:
        """Have the processor make the files of the whole job, and complete it."""
        await self._files.check_room()
        kind = find_kind(claim.job.kind)
        recorder = CallRecorder(claim, kind, self._outbox)

        async def on_message(message: Message) -> None:
            match message:
                case MadeFile():
                    files.append(await self._files.adopt(message))
                case LogLine() | CallProgress():
                    await recorder.add(message)

        async with self._files.adopting() as files:
            async with self._files.folder(claim) as folder, self._files.folder(claim, "results") as results:
                results_path = results / "results"
                os.mkfifo(results_path, 0o600)
                spool = await self._files.spool(claim, folder)
                call = self._call(claim, folder, spool=spool, results_path=results_path)
                between = partial(self._files.item_files, claim.job.id, results) if kind.reads_item_files else None
                send = partial(send_results, claim.job.id, results_path, between)
                await self._run(call, on_message, recorder.write, send)
            on_computed()
            await recorder.write()
            await record_finish(claim, files, self._outbox)

    async def _run(
        self,
        call: Call,
        on_message: Callable[[Message], Awaitable[None]],
        write: Callable[[], Awaitable[None]],
        send: Callable[[], Coroutine[None, None, None]] | None = None,
    ) -> None:
        """Do `call`; what `on_message` leaves waiting is written in time, and before the call's bad end is told.

        `send` goes on beside it, and the call fails where that fails.

        Raises:
            DiskFull: Also where less room is left, while it goes on, than must be.
        """
        lock = asyncio.Lock()

        async def receive(message: Message) -> None:
            async with lock:
                await on_message(message)

        try:
            async with asyncio.TaskGroup() as group:
                timer = group.create_task(self._repeat(write, lock))
                sender = group.create_task(send()) if send else None
                try:
                    await self._executor.run(call, receive)
                finally:
                    async with lock:
                        timer.cancel()
                    if sender:
                        sender.cancel()
        except BaseExceptionGroup as errors:
            error = errors.exceptions[0]
            if isinstance(error, NeedsInput | PauseJob | SkipJob | Refusal | CallFailed | DiskFull):
                await write()
            raise error from None

    async def _repeat(self, write: Callable[[], Awaitable[None]], lock: asyncio.Lock) -> None:
        while True:
            await asyncio.sleep(SECONDS_PER_COMMIT)
            async with lock:
                await write()
            await self._files.check_room()

    async def _add_result(
        self, results: SliceRecorder, recorder: CallRecorder, files: list[NewFile], message: Message
    ) -> None:
        match message:
            case ResultBatch():
                for result in await self._enriched(results, recorder, results.wanted(message.results)):
                    adopted = [await self._files.adopt(made) for made in result.files]
                    files += adopted
                    results.add(result, adopted)
                await results.commit_if_due()
            case Begun(index=index):
                await results.begin(index)
            case LogLine() | CallProgress() | TransferState():
                await recorder.add(message)

    async def _enriched(
        self, results: SliceRecorder, recorder: CallRecorder, batch: Sequence[ItemResult]
    ) -> Sequence[ItemResult]:
        kind = results.kind
        if not batch or (enricher := self._enrichers.get(kind.name)) is None:
            return batch
        lines: list[LogLine] = []
        options = read_options(kind, results.claim.job.options, "options")
        enriched = await enricher.enrich(options, batch, lambda level, message: lines.append(LogLine(level, message)))
        for line in lines:
            await recorder.add(line)
        return enriched

    def _call(self, claim: Claim, folder: Path, **parts: Any) -> Call:
        return Call(
            reference=find_reference(claim.job.kind),
            phase=claim.phase,
            options=claim.job.options,
            folder=folder,
            answered=claim.job.answered or (),
            job_id=claim.job.id,
            resources=self._provisions.resources,
            **parts,
        )
