"""One call of an asynchronous processor: run, watched, ended."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

import orjson
from anyio.to_thread import run_sync

from background.calls.checks import check_files, check_result
from background.calls.ends import CallEnd, end_of_error
from background.calls.item_watch import LOOK_SECONDS, ItemWatch
from background.calls.messages import Begun, Call, Message
from background.calls.result_lines import encode_summary, read_results
from background.calls.work import CallWork
from background.coroutine.buffer import MessageBuffer
from background.coroutine.steps import Steps
from background.coroutine.watchdog import LoopWatchdog
from base.logging import log_for
from base.words import SlicePhase
from processors.contract import (
    AssignedSlice,
    AsyncProcessor,
    ItemResult,
    Kind,
    MadeFile,
    Options,
    Planned,
    PlannedSlice,
    Reference,
    Summary,
    TransferState,
)
from processors.loading import load_async_processor
from processors.options import read_options

log = log_for(__name__)
T = TypeVar("T")

GRACE_SECONDS = 1.5
"""So long may a cancelled coroutine clean up; then it is abandoned."""
ABANDON_SECONDS = 0.4
RESULTS_PER_READ = 100


class CoroutineWork(CallWork):
    """See `AsyncWork`."""

    def __init__(self, call: Call, options: Options, buffer: MessageBuffer) -> None:
        super().__init__(call, options, buffer)
        self.job_id = call.job_id
        self._buffer = buffer

    def report_transfers(self, state: TransferState) -> None:
        """See `AsyncWork`."""
        self._buffer.set_transfers(state)


class CoroutineCall:
    """One call, done by a coroutine of this loop.

    Attributes:
        index: The item that is being done; None before the first, after the last, and in other phases.
    """

    def __init__(
        self, call: Call, kind: Kind, watchdog: LoopWatchdog, make: Callable[[], AsyncProcessor] | None = None
    ) -> None:
        self.index: int | None = None
        self._call = call
        self._kind = kind
        self._make = make
        self._folder = call.folder.resolve()
        self._buffer = MessageBuffer(is_careful=call.is_careful)
        self._steps = Steps(self._answer(), f"{kind.name} {call.phase.lower()}", watchdog)
        self._task: asyncio.Task[CallEnd] | None = None
        self._is_stopped = False

    async def perform(self, on_message: Callable[[Message], Awaitable[None]], silence_seconds: float) -> CallEnd:
        """Do the call; how it ended, be it that it was stopped, or nothing came for too long."""
        task = self._task = asyncio.create_task(_awaited(self._steps))
        watch = ItemWatch(self)
        silent_at = time.monotonic() + silence_seconds
        while True:
            await self._buffer.wait(LOOK_SECONDS)
            messages = self._buffer.take()
            if (index := watch.look()) is not None:
                messages.append(Begun(index))
            for message in messages:
                await on_message(message)
            if messages:
                silent_at = time.monotonic() + silence_seconds
            elif task.done():
                return CallEnd("crash", detail="it was stopped") if task.cancelled() else task.result()
            elif time.monotonic() > silent_at:
                index = self.index
                await self.stop()
                return CallEnd("silent", index=index)
            elif self._buffer.is_closed:
                await asyncio.wait([task], timeout=LOOK_SECONDS)

    async def stop(self) -> None:
        """End the coroutine, within two seconds, however often whoever waits for this is cancelled."""
        self._buffer.close()
        if self._task is None:
            self._steps.close()
            return
        if self._task.done():
            return
        if not self._is_stopped:
            self._is_stopped = True
            self._task.cancel()
        is_cancelled = await _wait_for(self._task, GRACE_SECONDS)
        if not self._task.done():
            log.warning("coroutine_abandoned", kind=self._kind.name, phase=self._call.phase)
            self._steps.abandon()
            self._task.cancel()
            is_cancelled |= await _wait_for(self._task, ABANDON_SECONDS)
        if is_cancelled:
            raise asyncio.CancelledError

    async def _answer(self) -> CallEnd:
        """Whatever the processor raises becomes the end of the call."""
        try:
            options = read_options(self._kind, self._call.options, "options")
            make = self._make
            if make is None:
                make = await run_sync(load_async_processor, self._kind)
            await self._yield_all(make(), CoroutineWork(self._call, options, self._buffer))
        except BaseException as error:
            if isinstance(error, GeneratorExit) or (isinstance(error, asyncio.CancelledError) and self._is_stopped):
                raise
            return end_of_error(error)  # SystemExit too: the loop must live on
        finally:
            self.index = None
            self._buffer.close()
        return CallEnd("done")

    async def _yield_all(self, processor: AsyncProcessor, work: "CoroutineWork") -> None:
        call = self._call
        if call.phase == SlicePhase.PROCESS:
            for part in call.parts:
                await self._process(processor, work, part)
        elif call.phase == SlicePhase.PLAN:
            async with _closing(processor.plan(work, call.inputs)) as planned:
                async for one in planned:
                    await self._add(one)
        elif call.phase == SlicePhase.FINISH and call.results_path is not None:
            async with _closing(processor.finish(work, _read_results(call.results_path))) as files:
                async for made in files:
                    await self._add(made)

    async def _process(self, processor: AsyncProcessor, work: "CoroutineWork", part: AssignedSlice) -> None:
        async with _closing(processor.process(work, part)) as results:
            left = dict.fromkeys(part.indices)
            self.index = next(iter(left), None)
            async for item in results:
                if item.index not in left:
                    raise ValueError(f"result {item.index} was not asked for, or came before")
                del left[item.index]
                await self._add(check_result(item))
                self.index = next(iter(left), None)
            if left:
                raise ValueError(f"result {self.index} was expected, the processor yielded none")

    async def _add(self, yielded: Planned | ItemResult) -> None:
        """Send what was yielded. Raises MemoryError where it alone is larger than what the kind may buffer."""
        match yielded:
            case ItemResult():
                files, size_bytes = yielded.files, len(yielded.result or b"")
            case MadeFile():
                files, size_bytes = [yielded], 0
            case PlannedSlice():
                files, size_bytes = (), len(orjson.dumps([list(yielded.names), yielded.payload, list(yielded.urls)]))
            case Reference():
                files, size_bytes = (), len(yielded.text)
            case Summary():
                files, size_bytes = (), len(encode_summary(yielded))
        if size_bytes > self._kind.buffer_bytes:
            raise MemoryError
        await run_sync(check_files, files, self._folder) if files else None
        await self._buffer.add(yielded, size_bytes)


async def _awaited(steps: Steps[T]) -> T:
    return await steps


async def _wait_for(task: asyncio.Task[Any], seconds: float) -> bool:
    """Wait until `task` has ended, at most `seconds`; whether somebody cancelled this meanwhile."""
    is_cancelled = False
    end = time.monotonic() + seconds
    while not task.done() and (left := end - time.monotonic()) > 0:
        try:
            await asyncio.wait([task], timeout=left)
        except asyncio.CancelledError:
            is_cancelled = True
    return is_cancelled


def _closing(iterator: AsyncIterator[T]) -> contextlib.AbstractAsyncContextManager[AsyncGenerator[T, None]]:
    """What a processor's method made, which is an asynchronous generator, ended when the block is left."""
    return contextlib.aclosing(cast("AsyncGenerator[T, None]", iterator))


async def _read_results(path: Path) -> AsyncIterator[ItemResult]:
    """As `read_results`, without holding up the loop."""
    results = read_results(path)
    while some := await run_sync(lambda: list(islice(results, RESULTS_PER_READ))):
        for item in some:
            yield item
