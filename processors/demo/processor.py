"""The processor of kind `demo`."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import orjson

from base.errors import Refusal
from processors.contract import (
    AssignedSlice,
    ErrorCode,
    FileRole,
    ItemError,
    ItemResult,
    ItemStatus,
    LogLevel,
    MadeFile,
    NeedsInput,
    PlannedSlice,
    Source,
    Work,
)
from processors.demo.options import DemoOptions

QUESTION = "answer"
"""What an asking demo awaits."""


class DemoProcessor:
    """Counts, waits, and does what it was told to do."""

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[PlannedSlice | MadeFile]:
        """One slice, so that `seconds` is what it takes however many child processes there are."""
        count = _options(work).items
        work.log(LogLevel.INFO, f"Playing {count} items over {len(inputs)} files.")
        if count:
            yield PlannedSlice([f"Item {index}" for index in range(count)])

    def process(self, work: Work, part: AssignedSlice) -> Iterator[ItemResult]:
        """Each item takes its share of `seconds`."""
        options = _options(work)
        failing = frozenset(options.fail_items)
        for index in part.indices:
            if index == options.ask_at and QUESTION not in work.answered:
                raise NeedsInput(QUESTION, f"Item {index} is next: start the job to go on.")
            if index == options.stall_at:
                work.log(LogLevel.WARNING, f"Standing still at item {index}.")
                _stall()
            time.sleep(options.seconds / options.items)
            if index == options.fail_at:
                message = f"Item {index} broke everything, as it was told to."
                raise Refusal(ErrorCode.PROCESSING_FAILED, message, retry_after=0)
            yield _failed(index) if index in failing else _completed(index)

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
        """demo.json: how many items ended how."""
        counts = dict.fromkeys((ItemStatus.COMPLETED, ItemStatus.FAILED), 0)
        for item in results:
            counts[item.status] += 1
        path = work.folder / "demo.json"
        path.write_bytes(orjson.dumps({"completed": counts[ItemStatus.COMPLETED], "failed": counts[ItemStatus.FAILED]}))
        yield MadeFile(path, "demo.json", "application/json", FileRole.RESULT)


def _options(work: Work) -> DemoOptions:
    return cast("DemoOptions", work.options)


def _completed(index: int) -> ItemResult:
    return ItemResult(index, ItemStatus.COMPLETED, orjson.dumps({"square": index * index}))


def _failed(index: int) -> ItemResult:
    error = ItemError(ErrorCode.PROCESSING_FAILED, "Failed, as it was told to.", is_retryable=True)
    return ItemResult(index, ItemStatus.FAILED, error=error)


def _stall() -> None:
    while True:
        time.sleep(60)
