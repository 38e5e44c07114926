"""Child processes: what they deliver, and what they are kept from."""

import asyncio
import os
import signal
import socket
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from background.calls.messages import Begun, Call, CallProgress, LogLine, Message, ResultBatch
from background.calls.result_lines import encode_results
from background.executors.child import ChildExecutor
from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, LogLevel, SlicePhase
from processors.contract import ItemError, ItemResult, MadeFile, PlannedSlice
from tests.background.calls import call_of, call_of_parts, number_told, perform, plan_of, results_of, values_of
from tests.background.scripted.kind import REFERENCE
from tests.background.worker_harness import MEMORY_BYTES


async def test_results_come_in_order_and_unchanged(children: ChildExecutor, folder: Path) -> None:
    messages = await perform(children, call_of(folder, items=20_000))
    assert [item.index for item in results_of(messages)] == list(range(20_000))
    assert [value["index"] for value in values_of(messages)] == list(range(20_000))
    assert {item.status for item in results_of(messages)} == {ItemStatus.COMPLETED}
    assert len(messages) < 200


async def test_every_field_of_a_result_comes_through(children: ChildExecutor, folder: Path) -> None:
    messages = await perform(children, call_of(folder, acts={3: "give_up_with_everything", 4: "skip"}, items=5))
    made = MadeFile(folder / "ä b\n.txt", "ä b\n.txt", "application/json", FileRole.REPORT)
    error = ItemError(ErrorCode.CORRUPT_FILE, "tab\tline\n", is_retryable=True)
    failed = ItemResult(3, ItemStatus.FAILED, '{"a":"ä"}'.encode(), error, None, needs_review=True, files=[made])
    assert results_of(messages)[3:] == [failed, ItemResult(4, ItemStatus.SKIPPED, skip_reason="twice")]


async def test_parts_of_a_call_are_done_in_order_each_in_a_folder_of_its_own(
    children: ChildExecutor, folder: Path
) -> None:
    messages = await perform(
        children, call_of_parts(folder, begin_seconds=60, acts=dict.fromkeys((1, 3), "give_up_with_everything"))
    )
    assert [item.index for item in results_of(messages)] == [0, 1, 2, 3]
    first, second = (made.path for item in results_of(messages) for made in item.files if isinstance(made, MadeFile))
    assert (first.parent, second.parent.parent, second.name) == (folder, folder, first.name)
    assert first.read_text() == second.read_text() == "made"


async def test_no_part_but_the_first_is_begun_too_late(children: ChildExecutor, folder: Path) -> None:
    messages = await perform(children, call_of_parts(folder, begin_seconds=0))
    assert [item.index for item in results_of(messages)] == [0, 1]


async def test_plan_yields_slices_spool_and_progress(children: ChildExecutor, folder: Path, tmp_path: Path) -> None:
    messages = await perform(children, plan_of(folder, REFERENCE, tmp_path / "in.txt", sizes=[2, 1], plan="tell_end"))
    assert messages == [
        LogLine(LogLevel.INFO, "Planning in.txt."),
        PlannedSlice(["Item 0", "Item 1"], {"first": 0, "text": "a b"}),
        PlannedSlice(["Item 2"], {"first": 2, "text": "a b"}),
        MadeFile(folder / "spool.txt", "spool.txt", "application/json", FileRole.INTERMEDIATE),
        CallProgress(2, 2),
    ]
    assert (folder / "spool.txt").read_text() == "a b"


async def test_finish_reads_the_results_that_were_written(
    children: ChildExecutor, folder: Path, tmp_path: Path
) -> None:
    items = [ItemResult(0, ItemStatus.COMPLETED, b'{"a":"\\n"}'), ItemResult(1, ItemStatus.SKIPPED, skip_reason="x")]
    (tmp_path / "results").write_bytes(encode_results(items))
    call = Call(REFERENCE, SlicePhase.FINISH, {}, folder, results_path=tmp_path / "results")
    made = MadeFile(folder / "report.json", "report.json", "application/json", FileRole.REPORT)
    assert await perform(children, call) == [made]
    assert orjson.loads(made.path.read_bytes()) == [[0, "COMPLETED", {"a": "\n"}], [1, "SKIPPED", None]]


async def test_a_process_is_used_again_and_starts_fresh_every_call(children: ChildExecutor, folder: Path) -> None:
    pids = {value["pid"] for _ in range(5) for value in values_of(await perform(children, call_of(folder)))}
    assert len(pids) == 1
    assert pids != {os.getpid()}


async def test_two_calls_at_once_run_in_two_processes_and_a_third_waits(
    children: ChildExecutor, tmp_path: Path
) -> None:
    tasks = {name: asyncio.create_task(perform(children, call_of(tmp_path / name, "wait"))) for name in "abc"}
    pids = [await number_told(tmp_path / name) for name in "ab"]
    assert len(set(pids)) == 2
    assert not (tmp_path / "c" / "pid").exists()
    (tmp_path / "a" / "go").touch()
    assert await number_told(tmp_path / "c") == pids[0]
    for name in "bc":
        (tmp_path / name / "go").touch()
    assert [len(results_of(messages)) for messages in await asyncio.gather(*tasks.values())] == [8, 8, 8]


async def test_a_refusal_passes_as_it_was_raised_after_the_results(children: ChildExecutor, folder: Path) -> None:
    received: list[Message] = []
    with pytest.raises(Refusal) as caught, capture_logs() as logs:
        await perform(children, call_of(folder, "refuse_for_now"), received)
    assert vars(caught.value) == vars(
        Refusal(ErrorCode.CORRUPT_FILE, "The file cannot be read.", "input.uploadIds", retry_after=2.5)
    )
    assert [item.index for item in results_of(received)] == [0, 1, 2]
    assert logs == []


async def test_options_that_do_not_fit_are_refused(children: ChildExecutor, folder: Path) -> None:
    with pytest.raises(Refusal) as caught:
        await perform(children, call_of(folder, size="large"))
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "options.size")


async def test_a_slow_receiver_makes_the_child_wait(children: ChildExecutor, folder: Path) -> None:
    may_go_on = asyncio.Event()
    received: list[Message] = []

    async def keep(message: Message) -> None:
        await may_go_on.wait()
        received.append(message)

    task = asyncio.create_task(
        children.run(call_of(folder, acts=dict.fromkeys(range(40), "pour"), items=40, size=1024), keep)
    )
    await number_told(folder, "poured")
    await asyncio.sleep(0.5)
    assert int((folder / "poured").read_text()) < 5
    may_go_on.set()
    await task
    assert [item.index for item in results_of(received)] == list(range(40))


async def test_printing_and_reading_disturb_nobody(
    children: ChildExecutor, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert len(results_of(await perform(children, call_of(folder, "print_much")))) == 8
    assert capfd.readouterr() == ("", "")


async def test_too_many_and_too_long_log_lines_are_cut(children: ChildExecutor, folder: Path) -> None:
    messages = await perform(children, call_of(folder, "talk"))
    lines = [message for message in messages if isinstance(message, LogLine)]
    assert lines[0] == LogLine(LogLevel.INFO, "z" * 2000)
    assert lines[1:-1] == [LogLine(LogLevel.DEBUG, str(number)) for number in range(999)]
    assert lines[-1] == LogLine(LogLevel.WARNING, "More than 1000 lines in one call: the rest is left out.")


async def test_progress_comes_ten_times_a_second_and_its_last_word_before_the_end(
    children: ChildExecutor, folder: Path
) -> None:
    messages = await perform(children, call_of(folder, "tell_progress_often"))
    done = [message.done for message in messages if isinstance(message, CallProgress)]
    assert 3 <= len(done) <= 7
    assert all(early < late for early, late in pairwise(done))
    assert done[-1] > 1000


async def test_what_a_thread_says_after_the_end_never_reaches_the_next_call(
    children: ChildExecutor, folder: Path
) -> None:
    await perform(children, call_of(folder, "talk_later"))
    messages = await perform(children, call_of(folder, seconds=0.05))
    assert [message for message in messages if not isinstance(message, ResultBatch | Begun)] == []


async def test_a_child_inherits_neither_sockets_nor_secrets(
    children: ChildExecutor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYBILL_SECRET_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        seen = values_of(await perform(children, call_of(folder, "look_around", items=4)))[3]
    kinds = [descriptor.split(":")[0] for descriptor in seen["descriptors"]]
    assert kinds == ["/dev/null", "pipe", "pipe", "socket", "/memfd"]  # the last is the mark
    assert (seen["names"], seen["niceness"]) == ([], os.nice(0) + 5)
    assert seen["group"] != os.getpgrp()


async def test_what_the_server_blocks_is_not_blocked_in_a_child(folder: Path) -> None:
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        async with ChildExecutor(1, MEMORY_BYTES) as children:
            pid = values_of(await perform(children, call_of(folder)))[0]["pid"]
            status = Path(f"/proc/{pid}/status").read_text()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    assert "SigBlk:\t0000000000000000\n" in status
