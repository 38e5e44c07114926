"""What runs inside a child process: take a call, have the processor do it, send what it yields, take the next.

Imported by every child at its start, so it imports little. It is started by `background.children`, never by hand.
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
import traceback
from collections.abc import Iterable
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from background.messages import (
    FILE,
    HEADER,
    RESULTS,
    SLICE,
    CallEnd,
    ChildCall,
    decode_call,
    encode_file,
    encode_result,
    read_results,
)
from background.sender import CallWork, Sender
from base.errors import ErrorCode, Refusal
from base.words import SlicePhase
from processors.contract import ItemResult, MadeFile, NeedsInput, Options, Processor
from processors.registry import load_processor

DETAIL_CHARACTERS = 20_000
GROWTH_BYTES = 128 * 2**20
"""A child that holds this much more after a call than at its start is not used again."""
PR_SET_PDEATHSIG = 1


def main(memory_bytes: int) -> None:
    """Answer calls until the parent is gone; `memory_bytes` is what a call may need on top of an idle child."""
    channel = _take_channel()
    _die_with_parent(channel)
    _yield_to_server()
    _limit_memory(memory_bytes)
    idle_bytes = _memory_bytes("VmRSS")
    while True:
        call = decode_call(_next_body(channel))
        sender = Sender(channel, is_careful=call.is_careful)
        end = answer(call, sender)
        is_retiring = end.outcome == "memory" or _memory_bytes("VmRSS") - idle_bytes > GROWTH_BYTES
        sender.close(replace(end, is_retiring=is_retiring))


def answer(call: ChildCall, sender: Sender) -> CallEnd:
    """Do `call`; whatever the processor raises becomes the end of the call."""
    try:
        processor = load_processor(call.reference)
        work = CallWork(call, _checked_options(processor, call.options), sender)
        _perform(processor, work, call, sender)
    except NeedsInput as question:
        return CallEnd("asks", question.awaiting, question.message)
    except Refusal as refusal:
        return CallEnd("refused", refusal.code, refusal.message, refusal.field, refusal.retry_after)
    except BaseException as error:  # noqa: BLE001  SystemExit too: the child must live on and say what happened
        if _is_lack_of_memory(error):
            return CallEnd("memory")
        return CallEnd("bug", detail=traceback.format_exc()[-DETAIL_CHARACTERS:])
    return CallEnd("done")


def _perform(processor: Processor, work: CallWork, call: ChildCall, sender: Sender) -> None:
    if call.phase == SlicePhase.PROCESS and call.part is not None:
        _send_results(processor.process(work, call.part), call.part.indices, sender)
    elif call.phase == SlicePhase.PLAN:
        for planned in processor.plan(work, call.inputs):
            if isinstance(planned, MadeFile):
                sender.add(FILE, encode_file(planned))
            else:
                sender.add(SLICE, orjson.dumps({"names": list(planned.names), "payload": planned.payload}))
    elif call.phase == SlicePhase.FINISH and call.results_path is not None:
        for made in processor.finish(work, read_results(call.results_path)):
            sender.add(FILE, encode_file(made))


def _send_results(results: Iterable[ItemResult], indices: Iterable[int], sender: Sender) -> None:
    for item, index in zip_longest(results, indices):
        if item is None or item.index != index:
            text = f"result {index} was expected, the processor yielded {item and item.index}"
            raise ValueError(text)
        sender.add(RESULTS, encode_result(_checked(item)))


def _checked(item: ItemResult) -> ItemResult:
    """`item` with its result known to be a JSON object on one line, which nothing after this looks into again."""
    if item.result is None:
        return item
    if not isinstance(value := orjson.loads(item.result), dict):
        text = f"the result of item {item.index} is not a JSON object"
        raise TypeError(text)
    return replace(item, result=orjson.dumps(value)) if b"\n" in item.result else item


def _checked_options(processor: Processor, options: dict[str, Any]) -> Options:
    try:
        return processor.options.model_validate(options)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in ("options", *first["loc"]))
        raise Refusal(ErrorCode.BAD_INPUT, f"{place}: {first['msg']}.", place) from None


def _is_lack_of_memory(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, MemoryError):
        error = error.__cause__ or error.__context__
    return error is not None


def _take_channel() -> int:
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
