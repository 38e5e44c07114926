"""Child processes: what they deliver, how they end, and that they end with everything that should end them."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from background.children import CallFailed, Child, Children, ChildrenClosed, FailureKind
from background.messages import ChildCall, LogLine, Message, Progress, ResultBatch, write_results
from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, LogLevel, SlicePhase
from processors.contract import ItemError, ItemResult, MadeFile, PlannedSlice, Slice, Source

ROOT = Path(__file__).parents[2]
ACTING = "tests.background.processors_for_tests:Acting"
MEMORY_BYTES = 256 * 2**20
SERVER = """
import asyncio, sys, uvloop
from pathlib import Path
from background.children import ChildCall, Children
from base.words import SlicePhase
from processors.contract import Slice

async def ignore(message): pass

async def main():
    children = Children(3, 2**28)
    calls = []
    for number, act in enumerate(["burn", "hold_gil"]):
        folder = Path(sys.argv[1], str(number))
        folder.mkdir()
        call = ChildCall("tests.background.processors_for_tests:Acting", SlicePhase.PROCESS, {"act": act}, folder,
                         part=Slice(0, range(8), {}))
        calls.append(children.run(call, ignore))
    await asyncio.gather(*calls)

(uvloop.run if sys.argv[2] == "uvloop" else asyncio.run)(main())
"""


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    async with Children(2, MEMORY_BYTES) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "a folder"
    made.mkdir()
    return made


def acting(
    folder: Path, act: str = "nothing", *, size: int = 20, items: int = 8, is_careful: bool = False
) -> ChildCall:
    options = {"act": act, "size": size}
    part = Slice(0, range(items), {})
    return ChildCall(ACTING, SlicePhase.PROCESS, options, folder, part=part, is_careful=is_careful)


async def perform(children: Children, call: ChildCall, into: list[Message] | None = None) -> list[Message]:
    received: list[Message] = [] if into is None else into

    async def keep(message: Message) -> None:
        received.append(message)

    await children.run(call, keep)
    return received


def results_of(messages: list[Message]) -> list[ItemResult]:
    return [item for message in messages if isinstance(message, ResultBatch) for item in message.results]


def values_of(messages: list[Message]) -> list[dict[str, Any]]:
    return [orjson.loads(item.result or b"null") for item in results_of(messages)]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def until(is_so: Callable[[], object], seconds: float) -> float:
    """Seconds until `is_so`."""
    begin = time.monotonic()
    while not is_so():
        assert time.monotonic() - begin < seconds
        await asyncio.sleep(0.01)
    return time.monotonic() - begin


async def pid_told(folder: Path, name: str = "pid") -> int:
    await until((folder / name).exists, 5)
    return int((folder / name).read_text())


async def test_results_come_in_order_and_unchanged(children: Children, folder: Path) -> None:
    messages = await perform(children, acting(folder, items=20_000))
    assert [item.index for item in results_of(messages)] == list(range(20_000))
    assert [value["number"] for value in values_of(messages)] == list(range(20_000))
    assert {item.status for item in results_of(messages)} == {ItemStatus.COMPLETED}
    assert len(messages) < 30


async def test_every_field_of_a_result_comes_through(children: Children, folder: Path) -> None:
    messages = await perform(children, acting(folder, "give_all_kinds", items=5))
    made = MadeFile(folder / "ä b\n.txt", "ä.txt", "text/plain", FileRole.REPORT)
    error = ItemError(ErrorCode.CORRUPT_FILE, "tab\tline\n", is_retryable=True)
    failed = ItemResult(3, ItemStatus.FAILED, '{"a":"ä"}'.encode(), error, None, needs_review=True, files=[made])
    assert results_of(messages)[3:] == [failed, ItemResult(4, ItemStatus.SKIPPED, skip_reason="twice")]


async def test_plan_yields_slices_spool_and_progress(children: Children, folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("a b\nc")
    inputs = [Source("in.txt", source, 5, "text/plain")]
    messages = await perform(children, ChildCall(ACTING, SlicePhase.PLAN, {}, folder, inputs=inputs))
    spool = MadeFile(folder / "spool.txt", "spool.txt", "text/plain", FileRole.INTERMEDIATE)
    planned = [PlannedSlice(["a", "b"], {"line": 0}), PlannedSlice(["c"], {"line": 1})]
    assert messages == [*planned, spool, Progress(2, 2)]


async def test_finish_reads_the_results_that_were_written(children: Children, folder: Path, tmp_path: Path) -> None:
    items = [ItemResult(0, ItemStatus.COMPLETED, b'{"a":"\\n"}'), ItemResult(1, ItemStatus.SKIPPED, skip_reason="x")]
    with (tmp_path / "results").open("wb") as file:
        write_results(file, items)
    call = ChildCall(ACTING, SlicePhase.FINISH, {}, folder, results_path=tmp_path / "results")
    assert await perform(children, call) == [MadeFile(folder / "result.txt", "Result.txt", "text/plain")]
    assert (folder / "result.txt").read_text() == '0 COMPLETED b\'{"a":"\\\\n"}\'\n1 SKIPPED None'


async def test_a_process_is_used_again_and_starts_fresh_every_call(children: Children, folder: Path) -> None:
    pids = {value["pid"] for _ in range(5) for value in values_of(await perform(children, acting(folder)))}
    assert len(pids) == 1
    assert pids != {os.getpid()}


async def test_two_calls_at_once_run_in_two_processes_and_a_third_waits(children: Children, tmp_path: Path) -> None:
    begin = time.monotonic()
    calls = []
    for name in "abc":
        (tmp_path / name).mkdir()
        calls.append(perform(children, acting(tmp_path / name, "pause")))
    pids = [values_of(messages)[0]["pid"] for messages in await asyncio.gather(*calls)]
    assert len(set(pids)) == 2
    assert time.monotonic() - begin > 1.0


async def test_a_refusal_passes_as_it_was_raised_after_the_results(children: Children, folder: Path) -> None:
    received: list[Message] = []
    with pytest.raises(Refusal) as caught, capture_logs() as logs:
        await perform(children, acting(folder, "refuse"), received)
    assert vars(caught.value) == vars(
        Refusal(ErrorCode.CORRUPT_FILE, "The file cannot be read.", "input.uploadIds", retry_after=2.5)
    )
    assert [item.index for item in results_of(received)] == [0, 1, 2]
    assert logs == []


async def test_options_that_do_not_fit_are_refused(children: Children, folder: Path) -> None:
    call = ChildCall(ACTING, SlicePhase.PROCESS, {"size": "large"}, folder, part=Slice(0, [0], {}))
    with pytest.raises(Refusal) as caught:
        await perform(children, call)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "options.size")


@pytest.mark.parametrize(
    ("act", "trace"),
    [
        ("fail", "KeyError: 'secret /srv/path'"),
        ("leave", "SystemExit: 7"),
        ("give_wrong_index", "result 3 was expected, the processor yielded 99"),
        ("give_bad_json", "the result of item 3 is not a JSON object"),
        ("give_outside_file", "is not a file in the folder of the call"),
    ],
)
async def test_a_bug_is_told_in_the_log_alone(children: Children, folder: Path, act: str, trace: str) -> None:
    with pytest.raises(CallFailed) as caught, capture_logs() as logs:
        await perform(children, acting(folder, act))
    assert caught.value.kind is FailureKind.BUG
    assert str(caught.value) == "Processing failed because of an error in the program. It was logged."
    assert [log["event"] for log in logs] == ["call_failed"]
    assert trace in logs[0]["detail"]
    assert len(results_of(await perform(children, acting(folder)))) == 8


async def test_an_abort_in_a_careful_call_comes_after_the_results_before_it(children: Children, folder: Path) -> None:
    received: list[Message] = []
    with pytest.raises(CallFailed) as caught, capture_logs() as logs:
        await perform(children, acting(folder, "abort", is_careful=True), received)
    assert [item.index for item in results_of(received)] == [0, 1, 2]
    assert (caught.value.kind, caught.value.exit_code) == (FailureKind.CRASH, -signal.SIGABRT)
    assert logs[0]["detail"].startswith("last words\nFatal Python error: Aborted")
    assert len(results_of(await perform(children, acting(folder)))) == 8


async def test_a_process_that_leaves_tells_its_exit_code(children: Children, folder: Path) -> None:
    with pytest.raises(CallFailed) as caught:
        await perform(children, acting(folder, "leave_at_once"))
    assert (caught.value.kind, caught.value.exit_code) == (FailureKind.CRASH, 9)
    assert str(caught.value) == "The program that does the processing ended unexpectedly."


@pytest.mark.parametrize("act", ["hog", "hog_like_rust"])
async def test_too_much_memory_is_told_and_harms_nobody(children: Children, folder: Path, act: str) -> None:
    received: list[Message] = []
    with pytest.raises(CallFailed) as caught:
        await perform(children, acting(folder, act, is_careful=True), received)
    assert caught.value.kind is FailureKind.MEMORY
    assert str(caught.value) == "Processing needed more than 256 MiB of memory."
    assert [item.index for item in results_of(received)] == [0, 1, 2]
    assert len(results_of(await perform(children, acting(folder)))) == 8


async def test_memory_below_the_cap_is_had(children: Children, folder: Path) -> None:
    assert len(results_of(await perform(children, acting(folder, "hog", size=14)))) == 8


async def test_a_process_that_stays_large_is_not_used_again(children: Children, folder: Path) -> None:
    large = values_of(await perform(children, acting(folder, "hog_and_keep", size=10)))[0]["pid"]
    assert not is_running(large)
    assert values_of(await perform(children, acting(folder)))[0]["pid"] != large


@pytest.mark.parametrize("act", ["burn", "sleep", "hold_gil", "ignore_signals"])
async def test_cancelling_ends_the_process_at_once(children: Children, folder: Path, act: str) -> None:
    task = asyncio.create_task(perform(children, acting(folder, act)))
    pid = await pid_told(folder)
    begin = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_running(pid)
    assert time.monotonic() - begin < 0.5
    assert len(results_of(await perform(children, acting(folder)))) == 8


async def test_cancelling_ends_the_programs_that_the_processor_started(children: Children, folder: Path) -> None:
    task = asyncio.create_task(perform(children, acting(folder, "start_program")))
    await pid_told(folder)
    program = await pid_told(folder, "program")
    task.cancel()
    assert await until(lambda: not is_running(program), 2) < 0.5


async def test_cancelling_a_call_that_waits_disturbs_nobody(children: Children, tmp_path: Path) -> None:
    tasks = []
    for name in "abc":
        (tmp_path / name).mkdir()
        tasks.append(asyncio.create_task(perform(children, acting(tmp_path / name, "pause"))))
    await asyncio.sleep(0.2)
    tasks[2].cancel()
    assert [len(results_of(messages)) for messages in await asyncio.gather(*tasks[:2])] == [8, 8]


async def test_an_exception_of_the_receiver_ends_the_process_and_passes(children: Children, folder: Path) -> None:
    async def lose(_message: Message) -> None:
        text = "lease lost"
        raise LookupError(text)

    with pytest.raises(LookupError, match="lease lost"):
        await children.run(acting(folder, "burn", is_careful=True), lose)
    assert len(results_of(await perform(children, acting(folder)))) == 8


async def test_a_slow_receiver_makes_the_child_wait(children: Children, folder: Path) -> None:
    may_go_on = asyncio.Event()
    received: list[Message] = []

    async def keep(message: Message) -> None:
        await may_go_on.wait()
        received.append(message)

    task = asyncio.create_task(children.run(acting(folder, "pour", size=40, items=43), keep))
    await pid_told(folder, "poured")
    await asyncio.sleep(0.5)
    assert int((folder / "poured").read_text()) < 5
    may_go_on.set()
    await task
    assert [item.index for item in results_of(received)] == list(range(43))


async def test_printing_and_reading_disturb_nobody(
    children: Children, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert len(results_of(await perform(children, acting(folder, "print_much")))) == 8
    assert capfd.readouterr() == ("", "")


async def test_too_many_and_too_long_log_lines_are_cut(children: Children, folder: Path) -> None:
    messages = await perform(children, acting(folder, "talk"))
    lines = [message for message in messages if isinstance(message, LogLine)]
    assert lines[0] == LogLine(LogLevel.INFO, "z" * 2000)
    assert lines[1:-1] == [LogLine(LogLevel.DEBUG, str(number)) for number in range(999)]
    assert lines[-1] == LogLine(LogLevel.WARNING, "More than 1000 lines in one call: the rest is left out.")


async def test_progress_comes_ten_times_a_second_and_its_last_word_before_the_end(
    children: Children, folder: Path
) -> None:
    messages = await perform(children, acting(folder, "progress_slowly"))
    done = [message.done for message in messages if isinstance(message, Progress)]
    assert 3 <= len(done) <= 7
    assert all(early < late for early, late in pairwise(done))
    assert done[-1] > 1000


async def test_what_a_thread_says_after_the_end_never_reaches_the_next_call(children: Children, folder: Path) -> None:
    await perform(children, acting(folder, "talk_later"))
    messages = await perform(children, acting(folder, "pause"))
    assert [message for message in messages if not isinstance(message, ResultBatch)] == []


async def test_a_child_inherits_neither_sockets_nor_secrets(
    children: Children, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYBILL_SECRET_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        seen = values_of(await perform(children, acting(folder, "look_around", items=4)))[3]
    kinds = [descriptor.split(":")[0] for descriptor in seen["descriptors"]]
    assert kinds == ["/dev/null", "pipe", "pipe", "socket"]
    assert (seen["names"], seen["niceness"]) == ([], os.nice(0) + 5)
    assert seen["group"] != os.getpgrp()


async def test_what_the_server_blocks_is_not_blocked_in_a_child(folder: Path) -> None:
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        async with Children(1, MEMORY_BYTES) as children:
            pid = values_of(await perform(children, acting(folder)))[0]["pid"]
            status = Path(f"/proc/{pid}/status").read_text()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    assert "SigBlk:\t0000000000000000\n" in status


async def test_ctrl_c_alone_does_not_end_a_child(children: Children, folder: Path) -> None:
    pid = values_of(await perform(children, acting(folder)))[0]["pid"]
    task = asyncio.create_task(perform(children, acting(folder, "pause")))
    await asyncio.sleep(0.2)
    os.kill(pid, signal.SIGINT)
    assert len(results_of(await task)) == 8
    assert os.getsid(pid) != os.getsid(0)


async def test_an_idle_child_that_died_is_replaced(children: Children, folder: Path) -> None:
    pid = values_of(await perform(children, acting(folder)))[0]["pid"]
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not is_running(pid), 1)
    await asyncio.sleep(0.1)
    assert len(results_of(await perform(children, acting(folder)))) == 8


async def test_closing_ends_running_and_waiting_calls_in_time(folder: Path) -> None:
    children = Children(1, MEMORY_BYTES)
    running = asyncio.create_task(perform(children, acting(folder, "hold_gil")))
    waiting = asyncio.create_task(perform(children, acting(folder)))
    pid = await pid_told(folder)
    begin = time.monotonic()
    await children.close()
    ends = await asyncio.gather(running, waiting, return_exceptions=True)
    assert time.monotonic() - begin < 2
    assert [type(end) for end in ends] == [ChildrenClosed, ChildrenClosed]
    assert not is_running(pid)


async def test_a_busy_child_ends_when_its_channel_closes_though_nobody_kills_it(folder: Path) -> None:
    child = await Child.start(MEMORY_BYTES)

    async def ignore(_message: Message) -> None:
        pass

    task = asyncio.create_task(child.perform(acting(folder, "burn"), ignore))
    pid = await pid_told(folder)
    task.cancel()
    child.close_channel()
    assert await until(lambda: not is_running(pid), 2) < 1
    assert await child.wait() == -signal.SIGKILL


@pytest.fixture
def spaced_script(tmp_path: Path) -> Iterator[Path]:
    script = tmp_path / "a server.py"
    script.write_text(SERVER)
    yield script
    for told in tmp_path.glob("*/pid"):
        if is_running(int(told.read_text())):
            os.kill(int(told.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_killed_server_leaves_no_process_behind(spaced_script: Path, loop: str) -> None:
    tmp_path = spaced_script.parent
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, spaced_script, tmp_path, loop], env=environment, cwd=tmp_path) as server:
        pids = [await pid_told(tmp_path / "0"), await pid_told(tmp_path / "1")]
        mine = {int(pid) for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()}
        assert mine == set(pids)
        server.kill()
    assert await until(lambda: not any(is_running(pid) for pid in pids), 2) < 2
