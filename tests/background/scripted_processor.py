"""A processor that does, in a real child process, what its options say at each item, in `plan` and in `finish`."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import orjson
from pydantic import Field

from base.errors import ErrorCode, Refusal
from processors.contract import (
    FileRole,
    ItemError,
    ItemResult,
    ItemStatus,
    JobType,
    LogLevel,
    MadeFile,
    Options,
    PlannedSlice,
    Slice,
    Source,
    StageInfo,
    Work,
)


class Script(Options):
    """What happens.

    Attributes:
        sizes: Items of each slice.
        acts: What is done at the items of these indices, see ACTS; nothing special at all others.
        plan: What is done after the slices were yielded.
        finish: What is done before the report is yielded.
        seconds: How long each item takes.
        folder: Where an act tells the test that it goes on.
        files: Whether `finish` makes one.
    """

    sizes: list[int] = Field(default_factory=lambda: [4])
    acts: dict[int, str] = Field(default_factory=dict)
    plan: str = "nothing"
    finish: str = "nothing"
    seconds: float = 0
    folder: str = ""
    files: bool = True


class Scripted:
    """Yields `{"index": n, "pid": …}` for each item for which the script has nothing else."""

    kind: ClassVar[str] = "scripted"
    job_type: ClassVar[JobType] = JobType.BATCH
    description: ClassVar[str] = "Acts for the tests."
    accept: ClassVar[tuple[str, ...]] = (".txt",)
    min_files: ClassVar[int] = 1
    max_files: ClassVar[int] = 3
    stages: ClassVar[tuple[StageInfo, StageInfo, StageInfo]] = (
        StageInfo("read", "Reading", 10),
        StageInfo("work", "Working", 80),
        StageInfo("write", "Writing", 10),
    )
    options: ClassVar[type[Options]] = Script

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[PlannedSlice | MadeFile]:
        script = script_of(work)
        work.log(LogLevel.INFO, f"Planning {inputs[0].name}.")
        first = 0
        for size in script.sizes:
            yield PlannedSlice([f"Item {index}" for index in range(first, first + size)], {"first": first})
            first += size
        yield written(work, "spool.txt", "spooled", FileRole.INTERMEDIATE)
        ACTS[script.plan](work, script, 0)

    def process(self, work: Work, part: Slice) -> Iterator[ItemResult]:
        script = script_of(work)
        assert work.spool["spool.txt"].read_text() == "spooled"
        assert part.payload == {"first": part.first_index}
        for index in part.indices:
            time.sleep(script.seconds)
            yield from ACTS[script.acts.get(index, "nothing")](work, script, index)

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
        script = script_of(work)
        ACTS[script.finish](work, script, 0)
        report = [[item.index, item.status, orjson.loads(item.result or b"null")] for item in results]
        if script.files:
            yield written(work, "report.json", orjson.dumps(report).decode(), FileRole.REPORT)


def script_of(work: Work) -> Script:
    assert isinstance(work.options, Script)
    return work.options


def written(work: Work, name: str, text: str, role: FileRole = FileRole.RESULT) -> MadeFile:
    path = work.folder / name
    path.write_text(text)
    return MadeFile(path, name, "application/json", role)


def result(index: int, **values: Any) -> ItemResult:
    return ItemResult(index, ItemStatus.COMPLETED, orjson.dumps({"index": index, "pid": os.getpid(), **values}))


def nothing(_work: Work, _script: Script, index: int) -> list[ItemResult]:
    return [result(index)]


def abort(_work: Work, _script: Script, _index: int) -> list[ItemResult]:
    os.abort()


def leave(_work: Work, _script: Script, _index: int) -> list[ItemResult]:
    os._exit(3)


def fail(_work: Work, _script: Script, _index: int) -> list[ItemResult]:
    text = "secret /srv/path"
    raise KeyError(text)


def refuse(_work: Work, _script: Script, _index: int) -> list[ItemResult]:
    raise Refusal(ErrorCode.CORRUPT_FILE, "The file cannot be read.")


def hog(_work: Work, _script: Script, index: int) -> list[ItemResult]:
    taken = [bytearray(2**24) for _ in range(100)]
    return [result(index, taken=len(taken))]


def burn(_work: Work, script: Script, _index: int) -> list[ItemResult]:
    waiting = Path(script.folder, "pid.new")
    waiting.write_text(str(os.getpid()))
    waiting.rename(Path(script.folder, "pid"))
    while True:
        pass


def burn_once(work: Work, script: Script, index: int) -> list[ItemResult]:
    """Burn at the first attempt to do the item; do it at the next."""
    return [result(index)] if Path(script.folder, "pid").exists() else burn(work, script, index)


def give_up(_work: Work, _script: Script, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.FAILED, error=ItemError(ErrorCode.CORRUPT_FILE, "Unreadable."))]


def give_up_once(work: Work, script: Script, index: int) -> list[ItemResult]:
    """Fail at the first attempt, with a file; succeed at the next."""
    mark = Path(script.folder, f"failed-{index}")
    if mark.exists():
        return [result(index)]
    mark.touch()
    error = ItemError(ErrorCode.CORRUPT_FILE, "Unreadable.")
    return [ItemResult(index, ItemStatus.FAILED, error=error, files=[written(work, f"{index}.txt", "why")])]


def skip(_work: Work, _script: Script, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.SKIPPED, skip_reason="twice")]


def yield_twice(_work: Work, _script: Script, index: int) -> list[ItemResult]:
    return [result(index), result(index, again=True)]


def yield_nothing(_work: Work, _script: Script, _index: int) -> list[ItemResult]:
    return []


def yield_unknown(_work: Work, _script: Script, index: int) -> list[ItemResult]:
    return [result(index + 1000)]


def yield_no_end(_work: Work, _script: Script, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.PENDING, b"{}")]


def yield_no_reason(_work: Work, _script: Script, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.FAILED, b"{}")]


def yield_odd_text(work: Work, _script: Script, index: int) -> list[ItemResult]:
    work.log(LogLevel.INFO, "odd\0line")
    return [result(index, text="a\0b", big="x" * 2**20)]


def make_file(work: Work, _script: Script, index: int) -> list[ItemResult]:
    files = [written(work, f"{index}.txt", str(index))]
    return [ItemResult(index, ItemStatus.COMPLETED, b"{}", files=files)]


def tell_strange_progress(work: Work, _script: Script, index: int) -> list[ItemResult]:
    for done, total in ((float("nan"), 1), (1, float("nan")), (1, 0), (5, 1), (-1, 1)):
        work.progress(done, total)
        time.sleep(0.15)
    return [result(index)]


def tell_progress(work: Work, _script: Script, index: int) -> list[ItemResult]:
    for done in range(8):
        work.progress(done, 10)
        time.sleep(0.1)
    return [result(index)]


ACTS: dict[str, Callable[[Work, Script, int], list[ItemResult]]] = {
    act.__name__: act
    for act in (
        nothing, abort, leave, fail, refuse, hog, burn, burn_once, give_up, give_up_once, skip, yield_twice,
        yield_nothing, yield_unknown, yield_no_end, yield_no_reason, yield_odd_text, make_file, tell_strange_progress,
        tell_progress,
    )
}  # fmt: skip
