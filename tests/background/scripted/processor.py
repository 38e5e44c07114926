"""The processor of tests, which follows the script in its options."""

import time
from collections.abc import Iterable, Iterator, Sequence

import orjson

from processors.contract import (
    AssignedSlice,
    FileRole,
    ItemResult,
    LogLevel,
    MadeFile,
    Planned,
    PlannedSlice,
    Source,
    Summary,
    Work,
)
from tests.background.scripted.acts import ACTS, written
from tests.background.scripted.kind import script_of


class Scripted:
    """Yields `{"index": n, "pid": …}` for each item for which the script has nothing else."""

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[Planned]:
        yield from planned(work, inputs)
        ACTS[script_of(work).plan](work, 0)

    def process(self, work: Work, part: AssignedSlice) -> Iterator[ItemResult]:
        script = script_of(work)
        check_part(work, part)
        for index in part.indices:
            time.sleep(script.seconds)
            yield from ACTS[script.acts.get(index, "nothing")](work, index)

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
        ACTS[script_of(work).finish](work, 0)
        yield from reported(work, results)


def planned(work: Work, inputs: Sequence[Source]) -> Iterator[Planned]:
    """The slices of the script, and what the inputs say as their spool."""
    work.log(LogLevel.INFO, f"Planning {inputs[0].name}.")
    text = "".join(source.path.read_text() for source in inputs)
    first = 0
    for size in script_of(work).sizes:
        names = [f"Item {index}" for index in range(first, first + size)]
        yield PlannedSlice(names, {"first": first, "text": text})
        first += size
    yield written(work, "spool.txt", text, FileRole.INTERMEDIATE)
    if (summary := script_of(work).summary) is not None:
        yield Summary(summary)


def check_part(work: Work, part: AssignedSlice) -> None:
    """The slice and the spool are those that were planned."""
    assert part.payload == {"first": part.first_index, "text": work.spool["spool.txt"].read_text()}


def reported(work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
    """A file with the index, the status and the result of each item, unless the script wants none."""
    report = [[item.index, item.status, orjson.loads(item.result or b"null")] for item in results]
    if script_of(work).files:
        yield written(work, "report.json", orjson.dumps(report).decode(), FileRole.REPORT)
