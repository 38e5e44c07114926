"""The kind `demo`: plays any life on command, so that a front end can be built before its processor exists."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, cast

import orjson
from pydantic import Field

from base.errors import Refusal
from processors.contract import (
    ErrorCode,
    FileRole,
    ItemError,
    ItemResult,
    ItemStatus,
    JobType,
    LogLevel,
    MadeFile,
    NeedsInput,
    Options,
    PlannedSlice,
    Slice,
    Source,
    StageInfo,
    Work,
)

QUESTION = "answer"
"""What an asking demo awaits."""


class DemoOptions(Options):
    """What is to happen; items are counted from 0.

    Attributes:
        items: How many there are.
        seconds: How long all of them take together.
        fail_items: These fail, each alone.
        fail_at: At this item the whole job fails.
        stall_at: At this item the work stands still until it is stopped.
        ask_at: Before this item the owner is asked, once.
    """

    items: int = Field(20, ge=0, le=100_000)
    seconds: float = Field(5, ge=0, le=86_400, allow_inf_nan=False)
    fail_items: tuple[int, ...] = Field((), alias="failItems", max_length=10_000)
    fail_at: int | None = Field(None, alias="failAt")
    stall_at: int | None = Field(None, alias="stallAt")
    ask_at: int | None = Field(None, alias="askAt")


class DemoProcessor:
    """Counts, waits, and does what it was told to do."""

    kind: ClassVar[str] = "demo"
    job_type: ClassVar[JobType] = JobType.TASK
    description: ClassVar[str] = "Plays any life of a job on command: items, failures, an error, a stall, a question."
    accept: ClassVar[tuple[str, ...]] = ()
    min_files: ClassVar[int] = 0
    max_files: ClassVar[int] = 2_000
    stages: ClassVar[tuple[StageInfo, StageInfo, StageInfo]] = (
        StageInfo("prepare", "Preparing", 2),
        StageInfo("play", "Playing", 96),
        StageInfo("write", "Writing the result", 2),
    )
    options: ClassVar[type[Options]] = DemoOptions

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[PlannedSlice | MadeFile]:
        """One slice, so that `seconds` is what it takes however many child processes there are."""
        count = _options(work).items
        work.log(LogLevel.INFO, f"Playing {count} items over {len(inputs)} files.")
        if count:
            yield PlannedSlice([f"Item {index}" for index in range(count)])

    def process(self, work: Work, part: Slice) -> Iterator[ItemResult]:
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
                raise Refusal(ErrorCode.PROCESSING_FAILED, f"Item {index} broke everything, as it was told to.")
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
