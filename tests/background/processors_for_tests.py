"""Processors that do, inside a real child process, what the tests of `background.children` ask of them."""

import contextlib
import faulthandler
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import orjson

from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, JobType, LogLevel
from processors.contract import ItemError, ItemResult, MadeFile, Options, PlannedSlice, Slice, Source, StageInfo, Work


class ActingOptions(Options):
    """What to do before item 3, or in `plan` and `finish`."""

    act: str = "nothing"
    size: int = 20


class Acting:
    """Yields `{"number": n, "pid": …}` for each item, and before item 3 does what `options.act` names.

    What an act yields takes the place of item 3 and of all that follow.
    """

    kind: ClassVar[str] = "acting"
    job_type: ClassVar[JobType] = JobType.BATCH
    description: ClassVar[str] = "Acts for the tests."
    accept: ClassVar[tuple[str, ...]] = (".txt",)
    min_files: ClassVar[int] = 1
    max_files: ClassVar[int] = 1
    stages: ClassVar[tuple[StageInfo, StageInfo, StageInfo]] = (
        StageInfo("plan", "Planning", 10),
        StageInfo("process", "Processing", 80),
        StageInfo("finish", "Finishing", 10),
    )
    options: ClassVar[type[Options]] = ActingOptions

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[PlannedSlice | MadeFile]:
        """One slice per input line, and the file itself as spool."""
        lines = inputs[0].path.read_text().splitlines()
        for number, line in enumerate(lines):
            work.progress(number + 1, len(lines))
            yield PlannedSlice(line.split(), {"line": number})
        spool = work.folder / "spool.txt"
        spool.write_text("\n".join(lines))
        yield MadeFile(spool, "spool.txt", "text/plain", FileRole.INTERMEDIATE)

    def process(self, work: Work, part: Slice) -> Iterator[ItemResult]:
        """See the class."""
        options = work.options
        assert isinstance(options, ActingOptions)
        for index in part.indices:
            if index == 3 and (rest := ACTS[options.act](work, options)) is not None:
                yield from rest
                return
            yield completed(index, number=index, pid=os.getpid())

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
        """A file with the indices and results that came in."""
        path = work.folder / "result.txt"
        path.write_text("\n".join(f"{item.index} {item.status} {item.result!r}" for item in results))
        yield MadeFile(path, "Result.txt", "text/plain")


def completed(index: int, **values: Any) -> ItemResult:
    """A completed item with `values` as its result."""
    return ItemResult(index, ItemStatus.COMPLETED, orjson.dumps(values))


def nothing(_work: Work, _options: ActingOptions) -> None:
    """Do nothing."""


def refuse(_work: Work, _options: ActingOptions) -> None:
    """Refuse the job."""
    raise Refusal(ErrorCode.CORRUPT_FILE, "The file cannot be read.", "input.uploadIds", 2.5)


def fail(_work: Work, _options: ActingOptions) -> None:
    """Have a bug."""
    text = "secret /srv/path"
    raise KeyError(text)


def leave(_work: Work, _options: ActingOptions) -> None:
    """Have a library that calls sys.exit."""
    sys.exit(7)


def abort(_work: Work, _options: ActingOptions) -> None:
    """Die as C code dies, after a word on standard output."""
    print("last words")
    os.abort()


def leave_at_once(_work: Work, _options: ActingOptions) -> None:
    """Die without a signal."""
    os._exit(9)


def hog(_work: Work, options: ActingOptions) -> None:
    """Take 16 MiB more, again and again, until `size` times."""
    taken = [bytearray(2**24) for _ in range(options.size)]
    assert taken


def hog_and_keep(_work: Work, options: ActingOptions) -> None:
    """Take `size` times 16 MiB and keep them after the call."""
    KEPT.extend(bytearray(os.urandom(1) * 2**24) for _ in range(options.size))


def hog_like_rust(_work: Work, _options: ActingOptions) -> None:
    """Die as a Rust extension dies for lack of memory."""
    os.write(2, b"memory allocation of 536870912 bytes failed\n")
    faulthandler.disable()
    os.abort()


def burn(work: Work, _options: ActingOptions) -> None:
    """Never end, in Python."""
    tell_pid(work)
    while True:
        pass


def sleep(work: Work, _options: ActingOptions) -> None:
    """Never end, and do nothing."""
    tell_pid(work)
    time.sleep(3600)


def hold_gil(work: Work, _options: ActingOptions) -> None:
    """Never end, inside one C function that neither frees the GIL nor looks at signals."""
    tell_pid(work)
    sum(itertools.repeat(1))


def ignore_signals(work: Work, _options: ActingOptions) -> None:
    """Never end, and do not listen."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    burn(work, _options)


def start_program(work: Work, _options: ActingOptions) -> None:
    """Never end, waiting for a program."""
    program = subprocess.Popen(["/bin/sleep", "3600"])
    (work.folder / "program").write_text(str(program.pid))
    tell_pid(work)
    program.wait()


def print_much(_work: Work, _options: ActingOptions) -> None:
    """Print as libraries do, to both outputs, more than a pipe holds; and read what is not there."""
    print("x" * 300_000)
    print("y" * 300_000, file=sys.stderr, flush=True)
    os.write(1, b"from C\n")
    assert sys.stdin.read() == ""


def pour(_work: Work, options: ActingOptions) -> Iterator[ItemResult]:
    """`size` results of a megabyte each, telling in a file how many have left."""
    for index in range(3, 3 + options.size):
        (_work.folder / "poured").write_text(str(index - 2))
        yield completed(index, text="x" * 2**20)


def talk(work: Work, _options: ActingOptions) -> None:
    """Say too much, then a line that is too long."""
    work.log(LogLevel.INFO, "z" * 5000)
    for number in range(1500):
        work.log(LogLevel.DEBUG, str(number))
        work.progress(number, 1500)


def talk_later(work: Work, _options: ActingOptions) -> None:
    """Leave a thread behind that talks after the end of the call."""

    def chatter() -> None:
        for number in itertools.count():
            work.log(LogLevel.INFO, "from another call" * 100)
            work.progress(number)
            time.sleep(0.002)

    threading.Thread(target=chatter, daemon=True).start()


def progress_slowly(work: Work, _options: ActingOptions) -> None:
    """Half a second of progress, very often."""
    end = time.monotonic() + 0.5
    for number in itertools.count():
        if time.monotonic() > end:
            break
        work.progress(number)


def pause(_work: Work, _options: ActingOptions) -> None:
    """Take a while."""
    time.sleep(0.5)


def give_all_kinds(work: Work, _options: ActingOptions) -> Iterator[ItemResult]:
    """A failed item with a file and a skipped one, with odd characters."""
    path = work.folder / "ä b\n.txt"
    path.write_text("made")
    error = ItemError(ErrorCode.CORRUPT_FILE, "tab\tline\n", is_retryable=True)
    made = MadeFile(path, "ä.txt", "text/plain", FileRole.REPORT)
    yield ItemResult(3, ItemStatus.FAILED, b'{\n "a": "\xc3\xa4"}', error, needs_review=True, files=[made])
    yield ItemResult(4, ItemStatus.SKIPPED, skip_reason="twice")


def give_wrong_index(_work: Work, _options: ActingOptions) -> Iterator[ItemResult]:
    """An item that was not asked for."""
    yield completed(99)


def give_bad_json(_work: Work, _options: ActingOptions) -> Iterator[ItemResult]:
    """A result that is not an object."""
    yield ItemResult(3, ItemStatus.COMPLETED, b"[1]")


def give_outside_file(work: Work, _options: ActingOptions) -> Iterator[ItemResult]:
    """A link in the folder to a file outside."""
    (work.folder / "link").symlink_to("/etc/hostname")
    made = MadeFile(work.folder / "link", "a.txt", "text/plain")
    yield ItemResult(3, ItemStatus.COMPLETED, b"{}", files=[made])


def look_around(_work: Work, _options: ActingOptions) -> Iterator[ItemResult]:
    """Which descriptors, secrets and group this process has."""
    descriptors = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            descriptors.append(str(link.readlink()))
    names = [name for name in os.environ if name.startswith(("WAYBILL_", "AWS_"))]
    yield completed(3, descriptors=descriptors, names=names, group=os.getpgrp(), niceness=os.nice(0))


def tell_pid(work: Work) -> None:
    """Tell the test which process this is."""
    waiting = work.folder / "pid.new"
    waiting.write_text(str(os.getpid()))
    waiting.rename(work.folder / "pid")


KEPT: list[bytearray] = []
ACTS: dict[str, Callable[[Work, ActingOptions], Iterator[ItemResult] | None]] = {
    act.__name__: act
    for act in (
        nothing, refuse, fail, leave, abort, leave_at_once, hog, hog_and_keep, hog_like_rust, burn, sleep, hold_gil,
        ignore_signals, start_program, print_much, pour, talk, talk_later, progress_slowly, pause, give_all_kinds,
        give_wrong_index, give_bad_json, give_outside_file, look_around,
    )
}  # fmt: skip
