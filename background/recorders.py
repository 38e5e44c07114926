"""Recorders of one call: log lines, progress and results on their way to the database."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from background.calls.messages import CallProgress, LogLine
from base.errors import ErrorCode
from base.words import ItemStatus, LogLevel
from jobs.outbox import Outbox
from jobs.recording.files import NewFile
from jobs.recording.items import record_items
from jobs.recording.logs import record_lines
from jobs.recording.progress import record_progress
from jobs.recording.transfers import record_transfers
from jobs.scheduling.claims import Claim
from processors.contract import ItemError, ItemResult, Kind, TransferState

RESULTS_PER_COMMIT = 1_000
SECONDS_PER_COMMIT = 1.0
"""Results and log lines wait at most so long for their commit."""
SECONDS_PER_PROGRESS = 0.5


@dataclass
class CallRecorder:
    """Log lines and progress of one call on their way to the database, not too often.

    `measure` turns the fraction that a call tells (0 to 1) into what `record_progress` takes.
    """

    claim: Claim
    kind: Kind
    outbox: Outbox
    measure: Callable[[float], float] = float
    lines: list[tuple[LogLevel, str]] = field(default_factory=list)
    transfers: TransferState | None = None
    written_at: float = field(default_factory=time.monotonic)
    progress_at: float = 0.0

    async def add(self, message: LogLine | CallProgress | TransferState) -> None:
        if isinstance(message, LogLine):
            self.lines.append((message.level, message.message))
            if time.monotonic() - self.written_at >= SECONDS_PER_COMMIT:
                await self.write()
            return
        if isinstance(message, TransferState):
            self.transfers = message
        if time.monotonic() - self.progress_at < SECONDS_PER_PROGRESS:
            return
        self.progress_at = time.monotonic()
        if isinstance(message, TransferState):
            await self._write_transfers()
        else:
            await record_progress(self.claim, self.measure(_fraction_of(message)), self.kind, self.outbox)

    async def write(self) -> None:
        self.written_at = time.monotonic()
        if self.lines:
            lines, self.lines = self.lines, []
            await record_lines(self.claim, lines, self.outbox)
        await self._write_transfers()

    async def _write_transfers(self) -> None:
        """The last state is told in any case: what a call learnt of its files stays."""
        state, self.transfers = self.transfers, None
        if state is not None:
            await record_transfers(self.claim, state, self.measure(state.fraction), self.kind, self.outbox)


@dataclass
class SliceRecorder:
    """Results of a claim on their way to the database: those that wait, and in `left` the items that are to come, ascending."""

    claim: Claim
    kind: Kind
    outbox: Outbox
    left: list[int] = field(default_factory=list)
    minute_price: float = 0.0
    waiting: list[ItemResult] = field(default_factory=list)
    files: list[tuple[int, NewFile]] = field(default_factory=list)
    recorded: int = 0
    asked: range = range(0)
    committed_at: float = field(default_factory=time.monotonic)

    def begin_call(self, count: int) -> None:
        """The next call is asked for `count` items first: of these alone its progress tells."""
        ended = self.recorded + len(self.waiting)
        self.asked = range(ended, ended + count)

    def wanted(self, results: Sequence[ItemResult]) -> list[ItemResult]:
        """Those of `results` that are still to come here: slices may have been given back meanwhile."""
        return [result for result in results if result.index in self.left]

    def measure(self, fraction: float) -> float:
        """Items, counted in parts, that a call which is done to `fraction` is ahead of what is recorded."""
        return max(self.asked.start + fraction * len(self.asked) - self.recorded, 0.0)

    def add(self, result: ItemResult, files: list[NewFile]) -> None:
        """Take a result; one that was not asked for is dropped, so that no item has two."""
        if result.index in self.left:
            self.left.remove(result.index)
            self.waiting.append(_with_an_end(result))
            self.files.extend((result.index, file) for file in files)

    def has_left(self, indices: Sequence[int]) -> bool:
        """Whether the first item without a result is one of `indices`."""
        return bool(self.left) and self.left[0] in indices

    def fail_next(self, message: str) -> None:
        """The first item that has no result, if there is one, is the one that failed."""
        if self.left:
            self.fail(self.left[0], ErrorCode.PROCESSING_FAILED, message)

    def fail(self, index: int, code: ErrorCode, message: str) -> None:
        """Item `index` failed; where that has a result, the first that has none."""
        if self.left:
            at_fault = index if index in self.left else self.left[0]
            error = ItemError(code, message, is_retryable=True)
            self.add(ItemResult(at_fault, ItemStatus.FAILED, error=error), [])

    async def begin(self, index: int) -> None:
        """Item `index` is in work; with it go the results that wait, or two would seem to be."""
        if index in self.left:
            await self.commit(is_done=False, begun=index)

    async def commit_if_due(self) -> None:
        is_old = time.monotonic() - self.committed_at >= SECONDS_PER_COMMIT
        if self.left and (is_old or len(self.waiting) >= RESULTS_PER_COMMIT):
            await self.commit(is_done=False)

    async def commit_waiting(self) -> None:
        if self.waiting:
            await self.commit(is_done=False)

    async def commit(self, *, is_done: bool, begun: int | None = None) -> None:
        waiting, self.waiting = self.waiting, []
        files, self.files = self.files, []
        self.committed_at = time.monotonic()
        await record_items(
            self.claim,
            waiting,
            files,
            self.kind,
            self.outbox,
            is_done=is_done,
            begun=begun,
            minute_price=self.minute_price,
        )
        self.recorded += len(waiting)


def _fraction_of(progress: CallProgress) -> float:
    """0 to 1; 0 where what the processor told makes no sense."""
    match progress:
        case CallProgress(done=int() | float() as done, total=int() | float() as total) if total > 0:
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
