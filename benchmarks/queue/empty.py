"""The kind `empty`: slices of one item in which nothing is done, so that what is measured is the way to them and back."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from processors.contract import (
    ItemResult,
    ItemStatus,
    JobType,
    MadeFile,
    Options,
    PlannedSlice,
    Slice,
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

    kind: ClassVar[str] = "empty"
    job_type: ClassVar[JobType] = JobType.TASK
    description: ClassVar[str] = "Nothing, for measurements."
    accept: ClassVar[tuple[str, ...]] = ()
    min_files: ClassVar[int] = 0
    max_files: ClassVar[int] = 1
    stages: ClassVar[tuple[StageInfo, StageInfo, StageInfo]] = (
        StageInfo("plan", "Planning", 1),
        StageInfo("process", "Processing", 98),
        StageInfo("finish", "Finishing", 1),
    )
    options: ClassVar[type[Options]] = EmptyOptions

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[PlannedSlice | MadeFile]:  # noqa: ARG002
        """As many slices as the options say."""
        assert isinstance(work.options, EmptyOptions)  # noqa: S101  of the class that stands above
        yield from (PlannedSlice([f"Item {number}"]) for number in range(work.options.slices))

    def process(self, work: Work, part: Slice) -> Iterator[ItemResult]:
        """Every item is done."""
        assert isinstance(work.options, EmptyOptions)  # noqa: S101  the same
        time.sleep(work.options.seconds)
        yield from (ItemResult(index, ItemStatus.COMPLETED) for index in part.indices)

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:  # noqa: ARG002
        """No files."""
        yield from ()


def install_empty(folder: Path) -> str:
    """Make a folder that, on PYTHONPATH, brings the kind as an installed package does; returns its path."""
    record = folder / "waybill_empty-1.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: waybill-empty\nVersion: 1\n")
    (record / "entry_points.txt").write_text(f"[waybill.processors]\nempty = {Empty.__module__}:Empty\n")
    return str(folder)
