"""Child processes: they end with everything that should end them, and with nothing else."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from background.calls.failures import CallFailed, ExecutorClosed, FailureKind
from background.calls.messages import Message
from background.child.process import Child
from background.executors.child import ChildExecutor
from tests.background.calls import call_of, number_told, perform, results_of, values_of
from tests.background.worker_harness import MEMORY_BYTES, wait_until
from tests.processes import alive

ROOT = Path(__file__).parents[2]
SERVER = """
import asyncio, sys, uvloop
from pathlib import Path
from background.executors.child import ChildExecutor
from tests.background.calls import call_of

async def ignore(message): pass

async def main():
    children = ChildExecutor(3, 2**28)
    acts = enumerate(["burn", "hold_gil"])
    await asyncio.gather(*(children.run(call_of(Path(sys.argv[1], str(n)), act), ignore) for n, act in acts))

(uvloop.run if sys.argv[2] == "uvloop" else asyncio.run)(main())
"""


@pytest.mark.parametrize(
    ("act", "trace"),
    [
        ("fail", "KeyError: 'secret /srv/path'"),
        ("leave", "SystemExit: 7"),
        ("yield_unknown", "result 3 was expected, the processor yielded 1003"),
        ("yield_list", "the result of item 3 is not a JSON object"),
        ("yield_outside_file", "is not a file in the folder of the call"),
    ],
)
async def test_a_bug_is_told_in_the_log_alone(children: ChildExecutor, folder: Path, act: str, trace: str) -> None:
    with pytest.raises(CallFailed) as caught, capture_logs() as logs:
        await perform(children, call_of(folder, act))
    assert caught.value.kind is FailureKind.BUG
    assert str(caught.value) == "Processing failed because of an error in the program. It was logged."
    assert [log["event"] for log in logs] == ["call_failed"]
    assert trace in logs[0]["detail"]
    assert len(results_of(await perform(children, call_of(folder)))) == 8


async def test_an_abort_in_a_careful_call_comes_after_the_results_before_it(
    children: ChildExecutor, folder: Path
) -> None:
    received: list[Message] = []
    with pytest.raises(CallFailed) as caught, capture_logs() as logs:
        await perform(children, call_of(folder, "abort", is_careful=True), received)
    assert [item.index for item in results_of(received)] == [0, 1, 2]
    assert (caught.value.kind, caught.value.exit_code) == (FailureKind.CRASH, -signal.SIGABRT)
    assert logs[0]["detail"].startswith("last words\nFatal Python error: Aborted")
    assert len(results_of(await perform(children, call_of(folder)))) == 8


async def test_a_process_that_leaves_tells_its_exit_code(children: ChildExecutor, folder: Path) -> None:
    with pytest.raises(CallFailed) as caught:
        await perform(children, call_of(folder, "leave_at_once"))
    assert (caught.value.kind, caught.value.exit_code) == (FailureKind.CRASH, 9)
    assert str(caught.value) == "The program that does the processing ended unexpectedly."


@pytest.mark.parametrize("act", ["hog", "hog_like_rust"])
async def test_too_much_memory_is_told_and_harms_nobody(children: ChildExecutor, folder: Path, act: str) -> None:
    received: list[Message] = []
    with pytest.raises(CallFailed) as caught:
        await perform(children, call_of(folder, act, is_careful=True), received)
    assert caught.value.kind is FailureKind.MEMORY
    assert str(caught.value) == "Processing needed more than 256 MiB of memory."
    assert [item.index for item in results_of(received)] == [0, 1, 2]
    assert len(results_of(await perform(children, call_of(folder)))) == 8


async def test_memory_below_the_cap_is_had(children: ChildExecutor, folder: Path) -> None:
    assert len(results_of(await perform(children, call_of(folder, "hog", size=14)))) == 8


async def test_a_process_that_stays_large_is_not_used_again(children: ChildExecutor, folder: Path) -> None:
    large = values_of(await perform(children, call_of(folder, "hog_and_keep", size=10)))[0]["pid"]
    assert not alive([large])
    assert values_of(await perform(children, call_of(folder)))[0]["pid"] != large


@pytest.mark.parametrize("act", ["burn", "sleep", "hold_gil", "ignore_signals"])
async def test_cancelling_ends_the_process_at_once(children: ChildExecutor, folder: Path, act: str) -> None:
    task = asyncio.create_task(perform(children, call_of(folder, act)))
    pid = await number_told(folder)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 20)
    assert not alive([pid])
    assert len(results_of(await perform(children, call_of(folder)))) == 8


async def test_cancelling_ends_the_programs_that_the_processor_started(children: ChildExecutor, folder: Path) -> None:
    task = asyncio.create_task(perform(children, call_of(folder, "start_program")))
    await number_told(folder)
    program = await number_told(folder, "program")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 20)
    await wait_until(lambda: not alive([program]))


async def test_cancelling_a_call_that_waits_disturbs_nobody(children: ChildExecutor, tmp_path: Path) -> None:
    running = [asyncio.create_task(perform(children, call_of(tmp_path / name, "wait"))) for name in "ab"]
    for name in "ab":
        await number_told(tmp_path / name)
    waiting = asyncio.create_task(perform(children, call_of(tmp_path / "c", "wait")))
    await asyncio.sleep(0)
    waiting.cancel()
    for name in "ab":
        (tmp_path / name / "go").touch()
    assert [len(results_of(messages)) for messages in await asyncio.gather(*running)] == [8, 8]
    assert waiting.cancelled()


async def test_an_exception_of_the_receiver_ends_the_process_and_passes(children: ChildExecutor, folder: Path) -> None:
    async def lose(_message: Message) -> None:
        text = "lease lost"
        raise LookupError(text)

    with pytest.raises(LookupError, match="lease lost"):
        await children.run(call_of(folder, "burn", is_careful=True), lose)
    assert len(results_of(await perform(children, call_of(folder)))) == 8


async def test_ctrl_c_alone_does_not_end_a_child(children: ChildExecutor, folder: Path) -> None:
    task = asyncio.create_task(perform(children, call_of(folder, "wait")))
    pid = await number_told(folder)
    os.kill(pid, signal.SIGINT)
    (folder / "go").touch()
    assert {value["pid"] for value in values_of(await task)} == {pid}
    assert os.getsid(pid) != os.getsid(0)


async def test_an_idle_child_that_died_is_replaced(children: ChildExecutor, folder: Path) -> None:
    pid = values_of(await perform(children, call_of(folder)))[0]["pid"]
    os.kill(pid, signal.SIGKILL)
    await wait_until(lambda: not children._idle[0].is_alive)
    assert len(results_of(await perform(children, call_of(folder)))) == 8


async def test_closing_ends_running_and_waiting_calls_in_time(folder: Path) -> None:
    children = ChildExecutor(1, MEMORY_BYTES)
    running = asyncio.create_task(perform(children, call_of(folder, "hold_gil")))
    waiting = asyncio.create_task(perform(children, call_of(folder)))
    pid = await number_told(folder)
    await asyncio.wait_for(children.close(), 20)
    ends = await asyncio.gather(running, waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [ExecutorClosed, ExecutorClosed]
    assert not alive([pid])


async def test_a_busy_child_ends_when_its_channel_closes_though_nobody_kills_it(folder: Path) -> None:
    child = await Child.start(MEMORY_BYTES)

    async def ignore(_message: Message) -> None:
        pass

    task = asyncio.create_task(child.perform(call_of(folder, "burn"), ignore))
    pid = await number_told(folder)
    task.cancel()
    child.close_channel()
    await wait_until(lambda: not alive([pid]))
    assert await child.wait() == -signal.SIGKILL


@pytest.fixture
def spaced_script(tmp_path: Path) -> Iterator[Path]:
    script = tmp_path / "a server.py"
    script.write_text(SERVER)
    yield script
    for pid in alive([int(file.read_text()) for file in tmp_path.glob("*/pid")]):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_killed_server_leaves_no_process_behind(spaced_script: Path, loop: str) -> None:
    tmp_path = spaced_script.parent
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, spaced_script, tmp_path, loop], env=environment, cwd=tmp_path) as server:
        try:
            pids = [await number_told(tmp_path / "0"), await number_told(tmp_path / "1")]
            mine = {int(pid) for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()}
            assert mine == set(pids)
        finally:
            server.kill()
    await wait_until(lambda: not alive(pids))
