"""Coroutines: what they deliver, how they end, and that they end with everything that should end them."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from background.calls.failures import CallFailed, DiskFull, ExecutorClosed, FailureKind
from background.calls.messages import Begun, Call, CallProgress, LogLine, Message, ResultBatch
from background.calls.result_lines import encode_results
from background.coroutine.watchdog import LoopWatchdog
from background.executors.async_io import MAX_SLOTS, AsyncIoExecutor, slots_for
from base.errors import ErrorCode, Refusal
from base.words import FileRole, LogLevel, SlicePhase
from processors.contract import MadeFile, NeedsInput, PlannedSlice
from tests.background.answering import Answering, answering
from tests.background.calls import call_of, perform, plan_of, results_of, values_of
from tests.background.scripted.acts import result
from tests.background.scripted.coroutines import LEFT_BEHIND, STEPS
from tests.background.scripted.kind import ASYNC_KIND, ASYNC_REFERENCE
from tests.background.worker_harness import wait_until


@pytest.fixture
async def server() -> AsyncIterator[Answering]:
    async with answering() as state:
        yield state


@pytest.fixture
async def executor() -> AsyncIterator[AsyncIoExecutor]:
    STEPS.clear()
    async with AsyncIoExecutor(2) as opened:
        yield opened


def reading(folder: Path, server: Answering | None = None, act: str = "read", *, items: int = 6, **script: Any) -> Call:
    """A call that reads items from the server, and does `act` at item 3."""
    url = server.url if server else ""
    return call_of(folder, act, reference=ASYNC_REFERENCE, items=items, url=url, **script)


async def test_results_of_a_server_come_in_order_and_together(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    messages = await perform(executor, reading(folder, server))
    assert values_of(messages) == [
        {"index": index, "pid": os.getpid(), "text": f"number {index}"} for index in range(6)
    ]
    assert server.answered == list("012345")


async def test_plan_yields_slices_and_spool(executor: AsyncIoExecutor, folder: Path, tmp_path: Path) -> None:
    messages = await perform(executor, plan_of(folder, ASYNC_REFERENCE, tmp_path / "in.txt", sizes=[2, 1]))
    assert messages == [
        LogLine(LogLevel.INFO, "Planning in.txt."),
        PlannedSlice(["Item 0", "Item 1"], {"first": 0, "text": "a b"}),
        PlannedSlice(["Item 2"], {"first": 2, "text": "a b"}),
        MadeFile(folder / "spool.txt", "spool.txt", "application/json", FileRole.INTERMEDIATE),
    ]
    assert (folder / "spool.txt").read_text() == "a b"


async def test_finish_reads_the_results_that_were_written(
    executor: AsyncIoExecutor, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "results").write_bytes(encode_results(map(result, range(250))))
    call = Call(ASYNC_REFERENCE, SlicePhase.FINISH, {}, folder, results_path=tmp_path / "results")
    (made,) = await perform(executor, call)
    assert isinstance(made, MadeFile)
    report = orjson.loads(made.path.read_bytes())
    assert report == [[index, "COMPLETED", {"index": index, "pid": os.getpid()}] for index in range(250)]


async def test_two_calls_run_at_once_and_a_third_waits(
    executor: AsyncIoExecutor, server: Answering, tmp_path: Path
) -> None:
    tasks = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        call = reading(folder, server, acts={number: "read_forever"}, items=number + 1)
        tasks.append(asyncio.create_task(perform(executor, call)))
    await wait_until(lambda: len(server.kept) == 2)
    assert server.kept == {"0", "1"}
    tasks[0].cancel()
    await wait_until(lambda: "2" in server.kept)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_refusal_passes_as_it_was_raised_after_the_results(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    received: list[Message] = []
    with pytest.raises(Refusal) as caught:
        await perform(executor, reading(folder, server, act="refuse_for_now"), received)
    assert (caught.value.code, caught.value.field, caught.value.retry_after) == ("CORRUPT_FILE", "input.uploadIds", 2.5)
    assert [item.index for item in results_of(received)] == [0, 1, 2]


async def test_a_question_passes_and_its_answer_is_known(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    call = reading(folder, server, act="ask")
    with pytest.raises(NeedsInput) as asked:
        await perform(executor, call)
    assert (asked.value.awaiting, asked.value.message) == ("password", "The server wants a password.")
    again = replace(call, answered=["password"])
    assert len(results_of(await perform(executor, again))) == 6


async def test_options_that_do_not_fit_are_refused(executor: AsyncIoExecutor, folder: Path) -> None:
    with pytest.raises(Refusal) as caught:
        await perform(executor, reading(folder, size="large"))
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "options.size")


@pytest.mark.parametrize(
    ("act", "trace"),
    [
        ("fail", "KeyError: 'secret /srv/path'"),
        ("leave", "SystemExit: 7"),
        ("cancel_itself", "CancelledError"),
        ("yield_list", "TypeError: the result of item 3 is not a JSON object"),
        ("yield_unknown", "result 1003 was not asked for, or came before"),
        ("yield_twice", "result 3 was not asked for, or came before"),
        ("yield_outside_file", "is not a file in the folder of the call"),
    ],
)
async def test_a_bug_is_told_in_the_log_alone(
    executor: AsyncIoExecutor, server: Answering, folder: Path, act: str, trace: str
) -> None:
    received: list[Message] = []
    with capture_logs() as logs, pytest.raises(CallFailed) as caught:
        await perform(executor, reading(folder, server, act=act), received)
    assert (caught.value.kind, caught.value.code) == (FailureKind.BUG, ErrorCode.PROCESSING_FAILED)
    assert str(caught.value) == "Processing failed because of an error in the program. It was logged."
    assert [item.index for item in results_of(received)][:3] == [0, 1, 2]
    assert [(line["event"], trace in line["detail"]) for line in logs] == [("call_failed", True)]


async def test_no_room_on_the_disk_is_not_the_processors_fault(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    with pytest.raises(DiskFull):
        await perform(executor, reading(folder, server, act="run_out"))


async def test_a_result_larger_than_the_kind_may_buffer_is_too_much_memory(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    with pytest.raises(CallFailed, match=r"Processing needed more than 1 MiB of memory\.") as caught:
        await perform(executor, reading(folder, server, act="pour", size=1024))
    assert caught.value.kind is FailureKind.MEMORY


@pytest.mark.parametrize(("sizes", "slots"), [([], 0), ([2**20], MAX_SLOTS), ([2**26, 2**27], 8), ([2**40], 1)])
def test_so_many_calls_run_as_fit_into_the_memory(sizes: list[int], slots: int) -> None:
    kinds = [replace(ASYNC_KIND, buffer_bytes=size) for size in sizes]
    assert slots_for(kinds, 2**30) == slots


async def test_a_slow_receiver_makes_the_processor_wait(executor: AsyncIoExecutor, folder: Path) -> None:
    may_go_on = asyncio.Event()

    async def wait(_message: Message) -> None:
        await may_go_on.wait()

    call = reading(folder, items=500, acts=dict.fromkeys(range(500), "pour"), size=16)
    task = asyncio.create_task(executor.run(call, wait))
    await wait_until(lambda: (folder / "poured").exists() and int((folder / "poured").read_text()) > 3)
    await asyncio.sleep(0.3)
    assert int((folder / "poured").read_text()) < 12
    task.cancel()
    await asyncio.wait([task])


async def test_too_many_and_too_long_log_lines_are_cut(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    messages = await perform(executor, reading(folder, server, act="talk"))
    lines = [message for message in messages if isinstance(message, LogLine)]
    assert lines[0] == LogLine(LogLevel.INFO, "z" * 2000)
    assert lines[1:-1] == [LogLine(LogLevel.DEBUG, str(number)) for number in range(999)]
    assert lines[-1] == LogLine(LogLevel.WARNING, "More than 1000 lines in one call: the rest is left out.")


async def test_progress_comes_ten_times_a_second_at_most_and_its_last_word_before_the_end(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    messages = await perform(executor, reading(folder, server, act="tell_progress_often"))
    told = [message for message in messages if isinstance(message, CallProgress)]
    assert 1 <= len(told) <= 8
    assert told[-1] == CallProgress(-1, None)


async def test_what_a_task_says_after_the_end_never_reaches_anybody(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    await perform(executor, reading(folder, server, act="leave_task_behind"))
    await wait_until(lambda: STEPS.count("talked") > 5)
    messages = await perform(executor, reading(folder, server))
    assert not [message for message in messages if not isinstance(message, ResultBatch | Begun)]
    LEFT_BEHIND.pop().cancel()


async def test_an_item_that_takes_long_is_told_once_and_ended_when_nothing_comes(
    server: Answering, folder: Path
) -> None:
    received: list[Message] = []
    async with AsyncIoExecutor(1, silence_seconds=1.5) as executor:
        with pytest.raises(
            CallFailed, match=r"Processing gave no sign of life for 1\.5 s, and was stopped\."
        ) as caught:
            await perform(executor, reading(folder, server, act="read_forever"), received)
    assert (caught.value.kind, caught.value.code, caught.value.index) == (FailureKind.SILENT, "TIMED_OUT", 3)
    assert [message for message in received if isinstance(message, Begun)] == [Begun(3)]
    assert [item.index for item in results_of(received)] == [0, 1, 2]
    await asyncio.wait_for(server.lost.wait(), 30)


async def test_cancelling_ends_the_request_and_waits_until_it_is_cleaned_up(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    task = asyncio.create_task(perform(executor, reading(folder, server, act="clean_up_slowly")))
    await asyncio.wait_for(server.keeping.wait(), 30)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    assert STEPS == ["cleaned up"]
    await asyncio.wait_for(server.lost.wait(), 30)


async def test_a_coroutine_that_ignores_its_cancelling_is_abandoned(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    task = asyncio.create_task(perform(executor, reading(folder, server, act="ignore_cancelling")))
    await wait_until(lambda: "begun" in STEPS)
    with capture_logs() as logs:
        task.cancel()
        await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    assert "coroutine_abandoned" in [line["event"] for line in logs]
    steps = len(STEPS)
    await asyncio.sleep(0.2)
    assert len(STEPS) == steps
    assert len(results_of(await perform(executor, reading(folder, server)))) == 6


async def test_an_exception_of_the_receiver_ends_the_coroutine_and_passes(
    executor: AsyncIoExecutor, server: Answering, folder: Path
) -> None:
    async def fail(_message: Message) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await executor.run(reading(folder, server, act="read_forever"), fail)
    await asyncio.wait_for(server.lost.wait(), 30)


async def test_closing_ends_running_and_waiting_calls(server: Answering, tmp_path: Path) -> None:
    executor = AsyncIoExecutor(1)
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    tasks = [asyncio.create_task(perform(executor, reading(folder, server, act="read_forever"))) for folder in folders]
    await asyncio.wait_for(server.keeping.wait(), 30)
    await executor.close()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [ExecutorClosed, ExecutorClosed]


async def test_who_holds_the_loop_is_named_with_its_stack(server: Answering, folder: Path) -> None:
    with capture_logs() as logs:
        async with AsyncIoExecutor(1, watchdog=LoopWatchdog(0.1)) as executor:
            await perform(executor, reading(folder, server, act="hold_loop"))
    (line,) = [line for line in logs if line["event"] == "loop_held"]
    assert line["call"] == "scriptedAsync process"
    assert line["seconds"] >= 0.1
    assert "in hold_loop" in line["stack"]


async def test_a_step_that_never_ends_is_told_while_it_lasts() -> None:
    watchdog = LoopWatchdog(0.05)
    with capture_logs() as logs:
        watchdog.begin_step("reading process")
        begin = time.monotonic()
        while not logs and time.monotonic() - begin < 5:
            time.sleep(0.01)
    watchdog.end_step()
    watchdog.stop()
    assert [line["event"] for line in logs] == ["loop_held"]
