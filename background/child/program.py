"""Main loop of a child process. It takes a call, has the processor do it, sends the results, and takes the next.

Imported by every child at its start, so it imports little. It is started by `background.executors.child`, never by hand.
"""

import contextlib
import ctypes
import faulthandler
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import orjson

from background.calls.checks import check_result, expect_result
from background.calls.ends import CallEnd, end_of_error
from background.calls.messages import Call
from background.calls.result_lines import encode_file, encode_result, encode_summary, read_results
from background.calls.work import CallWork
from background.child.current_item import CurrentItem
from background.child.frames import FILE, HEADER, REFERENCE, RESULTS, SLICE, SUMMARY, decode_call
from background.child.writer import MessageWriter, Ticker
from base.words import SlicePhase
from processors.contract import AssignedSlice, ItemResult, Kind, MadeFile, Options, Processor, Reference, Summary
from processors.loading import load_kind, load_processor
from processors.options import read_options

GROWTH_BYTES = 128 * 2**20
"""A child that holds this much more after a call than at its start is not used again."""
PR_SET_PDEATHSIG = 1


def main(memory_bytes: int, descriptor: int) -> None:
    """Answer calls until the parent is gone.

    Args:
        memory_bytes: What a call may need on top of an idle child.
        descriptor: Of the memory of the current item.
    """
    channel = _detach_channel()
    current = CurrentItem(descriptor)
    os.close(descriptor)
    _die_with_parent(channel)
    _yield_to_server()
    _limit_memory(memory_bytes)
    ticker = Ticker()
    idle_bytes = _memory_bytes("VmRSS")
    while True:
        call = decode_call(_next_body(channel))
        writer = MessageWriter(channel, ticker, is_careful=call.is_careful)
        end = answer(call, writer, current)
        is_retiring = end.outcome == "memory" or _memory_bytes("VmRSS") - idle_bytes > GROWTH_BYTES
        writer.close(replace(end, is_retiring=is_retiring))


def answer(call: Call, writer: MessageWriter, current: CurrentItem) -> CallEnd:
    """Do `call`; whatever the processor raises becomes the end of the call."""
    try:
        kind = load_kind(call.reference)
        options = read_options(kind, call.options, "options")
        if call.phase == SlicePhase.PROCESS:
            _process(kind, options, call, writer, current)
        else:
            _perform(load_processor(kind), CallWork(call, options, writer), call, writer)
    except BaseException as error:  # noqa: BLE001  SystemExit too: the child must live on and say what happened
        return end_of_error(error)
    return CallEnd("done")


def _process(kind: Kind, options: Options, call: Call, writer: MessageWriter, current: CurrentItem) -> None:
    """Do the parts of `call` that can be begun in time, each with a processor and an empty folder."""
    end = time.monotonic() + call.begin_seconds
    folder = call.folder
    for place, part in enumerate(call.parts):
        if place and time.monotonic() >= end:
            return
        if place and any(folder.iterdir()):  # the files of its items may wait there to be taken over
            folder = Path(mkdtemp(dir=call.folder))
        work = CallWork(replace(call, folder=folder), options, writer)
        _send_results(_results_of(load_processor(kind), work, part), part.indices, writer, current)


def _perform(processor: Processor, work: CallWork, call: Call, writer: MessageWriter) -> None:
    if call.phase == SlicePhase.PLAN:
        for planned in processor.plan(work, call.inputs):
            if isinstance(planned, MadeFile):
                writer.add(FILE, encode_file(planned))
            elif isinstance(planned, Reference):
                writer.add(REFERENCE, orjson.dumps(planned.text))
            elif isinstance(planned, Summary):
                writer.add(SUMMARY, encode_summary(planned))
            else:
                writer.add(
                    SLICE,
                    orjson.dumps(
                        {"names": list(planned.names), "payload": planned.payload, "urls": list(planned.urls)}
                    ),
                )
    elif call.phase == SlicePhase.FINISH and call.results_path is not None:
        for made in processor.finish(work, read_results(call.results_path)):
            writer.add(FILE, encode_file(made))


def _results_of(processor: Processor, work: CallWork, part: AssignedSlice) -> Iterator[ItemResult]:
    """The results, of which not even the first is begun before it is asked for."""
    yield from processor.process(work, part)


def _send_results(
    results: Iterator[ItemResult], indices: Iterable[int], writer: MessageWriter, current: CurrentItem
) -> None:
    for index in indices:
        current.begin(index)
        writer.add(RESULTS, encode_result(check_result(expect_result(index, next(results, None)))))
    expect_result(None, next(results, None))


def _detach_channel() -> int:
    """Move the channel away from standard input and what libraries print to standard error.

    Neither the processor nor a program that it starts then holds or disturbs the channel.
    """
    channel = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # so that a crash does not lose it
    return channel


def _die_with_parent(channel: int) -> None:
    """Have the kernel end this process with its parent, and, for systems without that, a thread that sees it go."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def wait_and_die() -> None:
        poll = select.poll()
        poll.register(channel, 0)
        poll.poll()
        os.killpg(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait_and_die, daemon=True).start()


def _yield_to_server() -> None:
    """Leave processor, memory and Ctrl-C to the server first; a crash leaves its stack but no core file.

    Signals that the server blocks for a thread of its own are not blocked in what a processor starts.
    """
    os.nice(5)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable()


def _limit_memory(memory_bytes: int) -> None:
    """RLIMIT_DATA, which counts private writable memory: RLIMIT_AS would count what threads only reserve.

    Linux alone: elsewhere it does not bind what `malloc` maps.
    """
    if sys.platform == "linux":
        limit = _memory_bytes("VmData") + memory_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _memory_bytes(name: str) -> int:
    """`VmRSS` (held now) or `VmData` (private and writable) of this process; 0 where there is no /proc."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _next_body(channel: int) -> bytes:
    _, length = HEADER.unpack(_read(channel, HEADER.size))
    return _read(channel, length)


def _read(channel: int, length: int) -> bytes:
    """Exactly `length` bytes; the process ends when the parent has closed the channel."""
    data = bytearray()
    while len(data) < length:
        if not (chunk := os.read(channel, length - len(data))):
            os._exit(0)
        data += chunk
    return bytes(data)
