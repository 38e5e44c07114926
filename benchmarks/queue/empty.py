"""The kind `empty`: slices of one item in which nothing is done, so that what is measured is the way to them and back."""

import time
from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field

from processors.contract import (
    AssignedSlice,
    ItemResult,
    ItemStatus,
    JobType,
    Kind,
    MadeFile,
    Options,
    PlannedSlice,
    Source,
    StageInfo,
    Work,
)


class EmptyOptions(Options):
    """How many slices there are, and how many seconds each takes."""

    slices: int = Field(1, ge=1, le=100_000)
    seconds: float = Field(0, ge=0)


class Empty:
    """Does nothing, as often as it is told."""

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[PlannedSlice | MadeFile]:  # noqa: ARG002
        """As many slices as the options say."""
        assert isinstance(work.options, EmptyOptions)  # noqa: S101  of the class that stands above
        yield from (PlannedSlice([f"Item {number}"]) for number in range(work.options.slices))

    def process(self, work: Work, part: AssignedSlice) -> Iterator[ItemResult]:
        """Every item is done."""
        assert isinstance(work.options, EmptyOptions)  # noqa: S101  the same
        time.sleep(work.options.seconds)
        yield from (ItemResult(index, ItemStatus.COMPLETED) for index in part.indices)

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:  # noqa: ARG002
        """No files."""
        yield from ()


KIND = Kind(
    name="empty",
    job_type=JobType.TASK,
    description="Nothing, for measurements.",
    stages=(
        StageInfo("plan", "Planning", 1),
        StageInfo("process", "Processing", 98),
        StageInfo("finish", "Finishing", 1),
    ),
    options=EmptyOptions,
    processor=f"{Empty.__module__}:Empty",
)
