"""What parent and child say to each other: a call one way, messages the other, and the frames and lines they travel in.

Nothing that a child says is unpickled: a frame is one letter, a length and JSON, and results stay raw JSON text.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import orjson

from base.errors import ErrorCode
from base.words import FileRole, ItemStatus, LogLevel, SlicePhase
from processors.contract import ItemError, ItemResult, MadeFile, PlannedSlice, Slice, Source

HEADER = struct.Struct(">cI")
"""The letter of a frame and the length of its body in bytes."""
MAX_FRAME_BYTES = 64 * 2**20
CALL, SLICE, RESULTS, FILE, PROGRESS, LOG, END = b"C", b"S", b"R", b"F", b"P", b"L", b"E"


@dataclass(frozen=True, slots=True)
class ChildCall:
    """One call of a processor; `inputs` belongs to PLAN, `part` to PROCESS, `results_path` to FINISH.

    `reference` is `module:Class`; `folder` exists and is empty; `results_path` holds `write_results` lines. Each result
    of a careful call leaves the child before the next item begins, so that a crash can be laid at one item's door.
    """

    reference: str
    phase: SlicePhase
    options: dict[str, Any]
    folder: Path
    spool: dict[str, Path] = field(default_factory=dict)
    inputs: Sequence[Source] = ()
    part: Slice | None = None
    results_path: Path | None = None
    is_careful: bool = False
    answered: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ResultBatch:
    """Results of `process` that left the child together, in the order in which they were yielded; never empty."""

    results: list[ItemResult]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call is, in the processor's own unit; at most ten a second."""

    done: float
    total: float | None


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line for the job's log, at most 2,000 characters."""

    level: LogLevel
    message: str


Outcome = Literal["done", "refused", "asks", "memory", "bug", "crash"]


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended; `code` to `retry_after` are a refusal's, `code` and `message` those of a question, too.

    `detail` (a traceback, or what was printed) is for the log alone. `exit_code` is there when the process died: its
    own, or minus the number of the signal.
    """

    outcome: Outcome
    code: str = ""
    message: str = ""
    field: str | None = None
    retry_after: float | None = None
    detail: str = ""
    exit_code: int | None = None
    is_retiring: bool = False
    """The process cannot be used again, or has grown too large for it."""


Message = PlannedSlice | ResultBatch | MadeFile | Progress | LogLine


def frame(letter: bytes, body: bytes) -> bytes:
    """`body` as it travels. Raises ValueError above MAX_FRAME_BYTES."""
    if len(body) > MAX_FRAME_BYTES:
        text = f"a message of {len(body)} bytes; at most {MAX_FRAME_BYTES} pass"
        raise ValueError(text)
    return HEADER.pack(letter, len(body)) + body


def encode_call(call: ChildCall) -> bytes:
    """`call` as JSON, its paths absolute."""
    return orjson.dumps(call, default=lambda value: str(value.absolute()) if isinstance(value, Path) else list(value))


def decode_call(body: bytes) -> ChildCall:
    """The call of `encode_call`."""
    raw = orjson.loads(body)
    return ChildCall(
        reference=raw["reference"],
        phase=SlicePhase(raw["phase"]),
        options=raw["options"],
        folder=Path(raw["folder"]),
        spool={name: Path(path) for name, path in raw["spool"].items()},
        inputs=[Source(**{**source, "path": Path(source["path"])}) for source in raw["inputs"]],
        part=Slice(**raw["part"]) if raw["part"] else None,
        results_path=Path(raw["results_path"]) if raw["results_path"] else None,
        is_careful=raw["is_careful"],
        answered=raw["answered"],
    )


def encode_file(made: MadeFile) -> bytes:
    """`made` as a JSON array."""
    return orjson.dumps(_file_values(made))


def _file_values(made: MadeFile) -> tuple[str, str, str, str]:
    return str(made.path), made.name, made.content_type, made.role


def _made_file(path: str, name: str, content_type: str, role: str) -> MadeFile:
    return MadeFile(Path(path), name, content_type, FileRole(role))


def encode_result(item: ItemResult) -> bytes:
    """`item` as one line without its end: a JSON array, a tab, and `item.result` untouched (it holds no line feed)."""
    error = item.error and (item.error.code, item.error.message, item.error.is_retryable)
    files = [_file_values(made) for made in item.files]
    head = orjson.dumps((item.index, item.status, error, item.skip_reason, item.needs_review, files))
    return head + b"\t" + (item.result or b"")


def decode_result(line: bytes) -> ItemResult:
    """The item of `encode_result`. Raises ValueError, TypeError for anything else."""
    head, _, result = line.partition(b"\t")
    index, status, error, skip_reason, needs_review, files = orjson.loads(head)
    return ItemResult(
        index,
        ItemStatus(status),
        result or None,
        ItemError(ErrorCode(error[0]), error[1], error[2]) if error else None,
        skip_reason,
        needs_review,
        [_made_file(*values) for values in files] if files else (),
    )


def write_results(file: BinaryIO, items: Iterable[ItemResult]) -> None:
    """Append `items` to what a `finish` call will read, one line each."""
    file.writelines(encode_result(item) + b"\n" for item in items)


def read_results(path: Path) -> Iterator[ItemResult]:
    """The items that `write_results` wrote, in the same order, one at a time."""
    with path.open("rb") as file:
        for line in file:
            yield decode_result(line.removesuffix(b"\n"))


def decode_message(letter: bytes, body: bytes) -> Message:
    """What a child sent. Raises ValueError, TypeError or KeyError when it is not one of the messages."""
    if letter == RESULTS:
        return ResultBatch([decode_result(line) for line in body.split(b"\n")])
    raw = orjson.loads(body)
    if letter == SLICE:
        return PlannedSlice(raw["names"], raw["payload"])
    if letter == FILE:
        return _made_file(*raw)
    if letter == PROGRESS:
        return Progress(*raw)
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


def files_of(message: Message) -> list[MadeFile]:
    """The files that `message` hands over."""
    if isinstance(message, ResultBatch):
        return [made for item in message.results for made in item.files]
    return [message] if isinstance(message, MadeFile) else []
