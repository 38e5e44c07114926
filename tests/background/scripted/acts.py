"""Acts of the processor of tests: what it does at an item, and yields for it."""

import contextlib
import errno
import faulthandler
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from base.errors import ErrorCode, Refusal
from processors.contract import FileRole, ItemError, ItemResult, ItemStatus, LogLevel, MadeFile, NeedsInput, Work
from tests.background.scripted.kind import script_of

KEPT: list[bytearray] = []


def result(index: int, **values: Any) -> ItemResult:
    return ItemResult(index, ItemStatus.COMPLETED, orjson.dumps({"index": index, "pid": os.getpid(), **values}))


def written(work: Work, name: str, text: str, role: FileRole = FileRole.RESULT) -> MadeFile:
    path = work.folder / name
    path.write_text(text)
    return MadeFile(path, name, "application/json", role)


def folder_of(work: Work) -> Path:
    """Where the processor and its test tell each other how far they are."""
    return Path(script_of(work).folder or work.folder)


def tell(work: Work, name: str, value: int) -> None:
    """Tell the test a number in a file, which appears whole."""
    waiting = folder_of(work) / f"{name}.new"
    waiting.write_text(str(value))
    waiting.rename(folder_of(work) / name)


def has_space(work: Work) -> bool:
    return (folder_of(work) / "room").exists()


def nothing(_work: Work, index: int) -> list[ItemResult]:
    return [result(index)]


# ------------------------------------------------------------------------------------------------ ends of the call


def refuse(_work: Work, _index: int) -> list[ItemResult]:
    raise Refusal(ErrorCode.CORRUPT_FILE, "The file cannot be read.")


def refuse_for_now(_work: Work, _index: int) -> list[ItemResult]:
    raise Refusal(ErrorCode.CORRUPT_FILE, "The file cannot be read.", "input.uploadIds", 2.5)


def ask(work: Work, index: int) -> list[ItemResult]:
    if "password" in work.answered:
        return [result(index)]
    raise NeedsInput("password", "The server wants a password.")


def fail(_work: Work, _index: int) -> list[ItemResult]:
    """Have a bug."""
    text = "secret /srv/path"
    raise KeyError(text)


def leave(_work: Work, _index: int) -> list[ItemResult]:
    """Have a library that calls sys.exit."""
    sys.exit(7)


def leave_at_once(_work: Work, _index: int) -> list[ItemResult]:
    """Die without a signal."""
    os._exit(9)


def abort(_work: Work, _index: int) -> list[ItemResult]:
    """Die as C code dies, after a word on standard output."""
    print("last words")
    os.abort()


def burn(work: Work, _index: int) -> list[ItemResult]:
    """Never end, in Python."""
    tell(work, "pid", os.getpid())
    while True:
        pass


def burn_once(work: Work, index: int) -> list[ItemResult]:
    """Burn at the first attempt to do the item; do it at the next."""
    return [result(index)] if (folder_of(work) / "pid").exists() else burn(work, index)


def sleep(work: Work, index: int) -> list[ItemResult]:
    """Never end, and do nothing."""
    tell(work, "pid", os.getpid())
    time.sleep(3600)
    return [result(index)]


def hold_gil(work: Work, index: int) -> list[ItemResult]:
    """Never end, inside one C function that neither frees the GIL nor looks at signals."""
    tell(work, "pid", os.getpid())
    sum(itertools.repeat(1))
    return [result(index)]


def ignore_signals(work: Work, index: int) -> list[ItemResult]:
    """Never end, and do not listen."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return burn(work, index)


def start_program(work: Work, index: int) -> list[ItemResult]:
    """Never end, waiting for a program."""
    program = subprocess.Popen(["/bin/sleep", "3600"])
    tell(work, "program", program.pid)
    tell(work, "pid", os.getpid())
    program.wait()
    return [result(index)]


def wait(work: Work, index: int) -> list[ItemResult]:
    """Wait until the test says `go`, to all or to this item."""
    tell(work, "pid", os.getpid())
    while not any((folder_of(work) / word).exists() for word in ("go", f"go-{index}")):
        time.sleep(0.005)
    return [result(index)]


# ---------------------------------------------------------------------------------------------------------- memory


def hog(work: Work, index: int) -> list[ItemResult]:
    """Take 16 MiB more, again and again, until `size` times."""
    taken = [bytearray(2**24) for _ in range(script_of(work).size)]
    return [result(index, taken=len(taken))]


def hog_and_keep(work: Work, index: int) -> list[ItemResult]:
    """Take `size` times 16 MiB and keep them after the call."""
    KEPT.extend(bytearray(os.urandom(1) * 2**24) for _ in range(script_of(work).size))
    return [result(index)]


def hog_like_rust(_work: Work, _index: int) -> list[ItemResult]:
    """Die as a Rust extension dies for lack of memory."""
    os.write(2, b"memory allocation of 536870912 bytes failed\n")
    faulthandler.disable()
    os.abort()


# ------------------------------------------------------------------------------------------------------------ disk


def run_out(work: Work, index: int) -> list[ItemResult]:
    """Find no room on the disk until the test says that there is some."""
    if not has_space(work):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return [result(index)]


def run_out_inside(work: Work, index: int) -> list[ItemResult]:
    """As a library does that wraps what the system says."""
    try:
        return run_out(work, index)
    except OSError as error:
        text = "the sheet cannot be written"
        raise ValueError(text) from error


def run_out_of_quota(work: Work, index: int) -> list[ItemResult]:
    if not has_space(work):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    return [result(index)]


def run_out_in_sqlite(work: Work, index: int) -> list[ItemResult]:
    """A real database of the processor's own, which may have two pages."""
    with contextlib.closing(sqlite3.connect(work.folder / f"own-{index}.sqlite3")) as own:
        if not has_space(work):
            own.execute("PRAGMA max_page_count = 2")
        own.execute("CREATE TABLE rows (value)")
        own.execute("INSERT INTO rows VALUES (zeroblob(20000))")
    return [result(index)]


def run_out_for_real(work: Work, index: int) -> list[ItemResult]:
    """Write 16 MiB, for which a small disk has no room, until the test says that less will do."""
    size = 1 if has_space(work) else 16 * 2**20
    (work.folder / f"large-{index}").write_bytes(bytes(size))
    return [result(index)]


def run_out_and_die(work: Work, index: int) -> list[ItemResult]:
    """As a program does that has nobody to tell."""
    try:
        return run_out(work, index)
    except OSError as error:
        sys.stderr.write(f"fatal: {error.strerror}\n")
        sys.stderr.flush()
        os.abort()


# --------------------------------------------------------------------------------------------------------- results


def give_up(_work: Work, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.FAILED, error=ItemError(ErrorCode.CORRUPT_FILE, "Unreadable."))]


def give_up_once(work: Work, index: int) -> list[ItemResult]:
    """Fail at the first attempt, with a file; succeed at the next."""
    mark = folder_of(work) / f"failed-{index}"
    if mark.exists():
        return [result(index)]
    mark.touch()
    error = ItemError(ErrorCode.CORRUPT_FILE, "Unreadable.", is_retryable=True)
    return [ItemResult(index, ItemStatus.FAILED, error=error, files=[written(work, f"{index}.txt", "why")])]


def give_up_with_everything(work: Work, index: int) -> list[ItemResult]:
    """Fail with all that a failed item can have, in odd characters."""
    made = written(work, "ä b\n.txt", "made", FileRole.REPORT)
    error = ItemError(ErrorCode.CORRUPT_FILE, "tab\tline\n", is_retryable=True)
    content = b'{\n "a": "\xc3\xa4"}'
    return [ItemResult(index, ItemStatus.FAILED, content, error, needs_review=True, files=[made])]


def skip(_work: Work, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.SKIPPED, skip_reason="twice")]


def make_file(work: Work, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.COMPLETED, b"{}", files=[written(work, f"{index}.txt", str(index))])]


def yield_twice(_work: Work, index: int) -> list[ItemResult]:
    return [result(index), result(index, again=True)]


def yield_nothing(_work: Work, _index: int) -> list[ItemResult]:
    return []


def yield_unknown(_work: Work, index: int) -> list[ItemResult]:
    return [result(index + 1000)]


def yield_no_end(_work: Work, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.PENDING, b"{}")]


def yield_no_reason(_work: Work, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.FAILED, b"{}")]


def yield_list(_work: Work, index: int) -> list[ItemResult]:
    return [ItemResult(index, ItemStatus.COMPLETED, b"[1]")]


def yield_odd_text(work: Work, index: int) -> list[ItemResult]:
    work.log(LogLevel.INFO, "odd\0line")
    return [result(index, text="a\0b", big="x" * 2**20)]


def yield_outside_file(work: Work, index: int) -> list[ItemResult]:
    """A link in the folder to a file outside."""
    (work.folder / "link").symlink_to("/etc/hostname")
    made = MadeFile(work.folder / "link", "a.txt", "text/plain")
    return [ItemResult(index, ItemStatus.COMPLETED, b"{}", files=[made])]


def pour(work: Work, index: int) -> list[ItemResult]:
    """A result of `size` KiB, telling how far it is."""
    tell(work, "poured", index)
    return [result(index, text="x" * 2**10 * script_of(work).size)]


def look_around(_work: Work, index: int) -> list[ItemResult]:
    """Which descriptors, secrets and group this process has."""
    descriptors = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            descriptors.append(str(link.readlink()))
    names = [name for name in os.environ if name.startswith(("WAYBILL_", "AWS_"))]
    return [result(index, descriptors=descriptors, names=names, group=os.getpgrp(), niceness=os.nice(0))]


# --------------------------------------------------------------------------------------------- progress, log, output


def tell_end(work: Work, index: int) -> list[ItemResult]:
    work.progress(2, 2)
    return [result(index)]


def tell_progress(work: Work, index: int) -> list[ItemResult]:
    for done in range(8):
        work.progress(done, 10)
        time.sleep(0.1)
    return [result(index)]


def tell_strange_progress(work: Work, index: int) -> list[ItemResult]:
    for done, total in ((float("nan"), 1), (1, float("nan")), (1, 0), (5, 1), (-1, 1)):
        work.progress(done, total)
        time.sleep(0.15)
    return [result(index)]


def tell_progress_often(work: Work, index: int) -> list[ItemResult]:
    """Half a second of progress, very often."""
    end = time.monotonic() + 0.5
    for number in itertools.count():
        if time.monotonic() > end:
            break
        work.progress(number)
    return [result(index)]


def tell_progress_for_long(work: Work, index: int) -> list[ItemResult]:
    """Take three seconds, and say so now and then."""
    for number in range(15):
        work.progress(number, 15)
        time.sleep(0.2)
    return [result(index)]


def talk(work: Work, index: int) -> list[ItemResult]:
    """Say too much, after a line that is too long."""
    work.log(LogLevel.INFO, "z" * 5000)
    for number in range(1500):
        work.log(LogLevel.DEBUG, str(number))
        work.progress(number, 1500)
    return [result(index)]


def talk_later(work: Work, index: int) -> list[ItemResult]:
    """Leave a thread behind that talks after the end of the call."""

    def chatter() -> None:
        for number in itertools.count():
            work.log(LogLevel.INFO, "from another call" * 100)
            work.progress(number)
            time.sleep(0.002)

    threading.Thread(target=chatter, daemon=True).start()
    return [result(index)]


def print_much(_work: Work, index: int) -> list[ItemResult]:
    """Print as libraries do, to both outputs, more than a pipe holds; and read what is not there."""
    print("x" * 300_000)
    print("y" * 300_000, file=sys.stderr, flush=True)
    os.write(1, b"from C\n")
    assert sys.stdin.read() == ""
    return [result(index)]


ACTS: dict[str, Callable[[Work, int], list[ItemResult]]] = {
    act.__name__: act
    for act in (
        nothing, refuse, refuse_for_now, ask, fail, leave, leave_at_once, abort, burn, burn_once, sleep, hold_gil,
        ignore_signals, start_program, wait, hog, hog_and_keep, hog_like_rust, run_out, run_out_inside, run_out_of_quota,
        run_out_in_sqlite, run_out_for_real, run_out_and_die, give_up, give_up_once, give_up_with_everything, skip,
        make_file, yield_twice, yield_nothing, yield_unknown, yield_no_end, yield_no_reason, yield_list, yield_odd_text,
        yield_outside_file, pour, look_around, tell_end, tell_progress, tell_strange_progress, tell_progress_often,
        tell_progress_for_long, talk, talk_later, print_much,
    )
}  # fmt: skip
