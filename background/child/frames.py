"""Frames between a parent and its child: one letter, a length and JSON.

Nothing that a child sends is unpickled, and results stay raw JSON text.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import orjson

from background.calls.ends import CallEnd, Outcome
from background.calls.messages import Call, CallProgress, LogLine, Message, ResultBatch
from background.calls.result_lines import decode_file, decode_result
from base.errors import ErrorCode
from base.words import LogLevel, SlicePhase
from processors.contract import AssignedSlice, PlannedSlice, Reference, Source, Summary

HEADER = struct.Struct(">cI")
"""The letter of a frame and the length of its body in bytes."""
MAX_FRAME_BYTES = 64 * 2**20
CALL, SLICE, REFERENCE, SUMMARY, RESULTS, FILE = b"C", b"S", b"N", b"U", b"R", b"F"
PROGRESS, LOG, END = b"P", b"L", b"E"
_OF_JOB: dict[bytes, Callable[[Any], Message]] = {
    REFERENCE: lambda raw: Reference(str(raw)),
    SUMMARY: lambda raw: Summary(dict(raw)),
}


def frame(letter: bytes, body: bytes) -> bytes:
    """`body` as it travels. Raises ValueError above MAX_FRAME_BYTES."""
    if len(body) > MAX_FRAME_BYTES:
        text = f"a message of {len(body)} bytes; at most {MAX_FRAME_BYTES} pass"
        raise ValueError(text)
    return HEADER.pack(letter, len(body)) + body


def encode_call(call: Call) -> bytes:
    """`call` as JSON, its paths absolute."""

    def default(value: Any) -> Any:
        return str(value.absolute()) if isinstance(value, Path) else list(value)

    return orjson.dumps(call, default=default, option=orjson.OPT_NON_STR_KEYS)


def decode_call(body: bytes) -> Call:
    """The call of `encode_call`."""
    raw = orjson.loads(body)
    return Call(
        reference=raw["reference"],
        phase=SlicePhase(raw["phase"]),
        options=raw["options"],
        folder=Path(raw["folder"]),
        spool={name: Path(path) for name, path in raw["spool"].items()},
        inputs=[Source(**{**source, "path": Path(source["path"])}) for source in raw["inputs"]],
        parts=[_decode_part(part) for part in raw["parts"]],
        begin_seconds=raw["begin_seconds"],
        results_path=Path(raw["results_path"]) if raw["results_path"] else None,
        is_careful=raw["is_careful"],
        answered=raw["answered"],
        job_id=raw["job_id"],
        resources={name: Path(path) for name, path in raw["resources"].items()},
    )


def _decode_part(raw: dict[str, Any]) -> AssignedSlice:
    """JSON has texts for the numbers of items."""
    reviews = {int(index): review for index, review in raw["reviews"].items()}
    return AssignedSlice(raw["first_index"], raw["indices"], raw["payload"], reviews)


def decode_message(letter: bytes, body: bytes) -> Message:
    """What a child sent. Raises ValueError, TypeError or KeyError when it is not one of the messages."""
    if letter == RESULTS:
        return ResultBatch([decode_result(line) for line in body.split(b"\n")])
    raw = orjson.loads(body)
    if letter == SLICE:
        return PlannedSlice(raw["names"], raw["payload"], tuple(raw["urls"]))
    if letter in _OF_JOB:
        return _OF_JOB[letter](raw)
    if letter == FILE:
        return decode_file(*raw)
    if letter == PROGRESS:
        return CallProgress(*raw)
    if letter == LOG:
        return LogLine(LogLevel(raw[0]), raw[1])
    text = f"no message begins with {letter!r}"
    raise ValueError(text)


def decode_end(body: bytes) -> CallEnd:
    """How a child says that the call ended. Raises ValueError or TypeError when it is not an end."""
    end = CallEnd(**orjson.loads(body))
    if end.outcome not in get_args(Outcome) or (end.outcome == "refused" and not ErrorCode(end.code)):
        text = f"no call ends with {end.outcome!r}"
        raise ValueError(text)
    return end
