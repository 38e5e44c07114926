"""What a processor is: the three calls it answers, what it is given, and what it gives back.

A processor is plain, synchronous Python. It runs in a child process with a memory cap, one slice per call, and may be
killed at any moment: whatever it did not yield has not happened. It knows nothing of the database, the queue or
GraphQL; what it needs comes in as arguments, and progress and log lines go out through `Work`.

To refuse a whole job (a file that cannot be read), raise `base.errors.Refusal`; its code and sentence become the job's
error. To ask its owner, raise `NeedsInput`: the job waits for startJob, and the call is made again then. Any other exception is a bug, and so is a crash: in `process` it fails the one item that it happened in, elsewhere
the job, with PROCESSING_FAILED; the details stay in the server's log.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from base.errors import ErrorCode
from base.words import FileRole, ItemStatus, JobType, LogLevel

__all__ = [
    "ErrorCode",
    "FileRole",
    "ItemError",
    "ItemResult",
    "ItemStatus",
    "JobType",
    "Kind",
    "LogLevel",
    "MadeFile",
    "NeedsInput",
    "Options",
    "PlannedSlice",
    "Processor",
    "Slice",
    "Source",
    "StageInfo",
    "Work",
]


class Options(BaseModel):
    """Base of every processor's options: unknown names are refused, values are checked, JSON names are camelCase."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class NeedsInput(Exception):  # noqa: N818  a question, not an error
    """The job cannot go on before its owner has looked at it.

    Attributes:
        awaiting: A word for programs (`missingWords`): it becomes the job's `awaiting`, and is in `Work.answered`
            from then on when the owner has let the job go on.
        message: The sentence for people.
    """

    def __init__(self, awaiting: str, message: str) -> None:
        super().__init__(message)
        self.awaiting = awaiting
        self.message = message


@dataclass(frozen=True, slots=True)
class StageInfo:
    """One stage of a processor: `name` is for programs (`read`), `label` for people ("Reading rows").

    `share` is the part of the whole percentage that it fills; the three shares of a processor add up to 100.
    """

    name: str
    label: str
    share: float


@dataclass(frozen=True, slots=True)
class Source:
    """One input file. `name` is the client's file name, for people only; the bytes lie at `path`, to be read only."""

    name: str
    path: Path
    size_bytes: int
    content_type: str


@dataclass(frozen=True, slots=True)
class PlannedSlice:
    """A run of items that one call of `process` does; items are numbered from 0 in the order in which plan yields them.

    `names` has one name per item, for people ("Row 17"); `payload` (JSON, small) comes back with the slice.
    """

    names: Sequence[str]
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slice:
    """What `process` is asked to do: the items `indices` (ascending) of the slice that was planned with `payload`.

    `first_index` is the first item of the whole slice; `indices` may leave out items that are already done.
    """

    first_index: int
    indices: Sequence[int]
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that the processor wrote into `Work.folder`; Waybill takes it over (and hashes it) when it is yielded.

    `name` is what a person downloads it as. Role INTERMEDIATE files of `plan` come back as `Work.spool[name]`.
    """

    path: Path
    name: str
    content_type: str
    role: FileRole = FileRole.RESULT


@dataclass(frozen=True, slots=True)
class ItemError:
    """Why one item failed: the code, a sentence for people, and whether the same item could succeed another time."""

    code: ErrorCode
    message: str
    is_retryable: bool = False


@dataclass(frozen=True, slots=True)
class ItemResult:
    """How one item ended: COMPLETED with `result` (JSON bytes), FAILED with `error`, or SKIPPED with `skip_reason`.

    `result` is a JSON object; FAILED and SKIPPED items may carry one too.
    """

    index: int
    status: ItemStatus
    result: bytes | None = None
    error: ItemError | None = None
    skip_reason: str | None = None
    needs_review: bool = False
    files: Sequence[MadeFile] = ()


class Work(Protocol):
    """What a call is given besides its arguments."""

    @property
    def options(self) -> Options:
        """An instance of the processor's own `Options`."""

    @property
    def folder(self) -> Path:
        """An empty folder of this call alone, removed afterwards: for scratch and for the files that it makes."""

    @property
    def spool(self) -> dict[str, Path]:
        """The INTERMEDIATE files that `plan` yielded, by name; empty while planning."""

    @property
    def answered(self) -> frozenset[str]:
        """The words of all questions (`NeedsInput.awaiting`) after which the owner has let the job go on."""

    def progress(self, done: float, total: float | None = None) -> None:
        """How far this call is, in any unit; cheap to call often. `process` need not: its items are its progress."""

    def log(self, level: LogLevel, message: str) -> None:
        """One line for the job's log, for people; no paths, no personal data beyond what the file name tells."""


class Kind(Protocol):
    """One kind of work, as clients see it."""

    kind: ClassVar[str]
    job_type: ClassVar[JobType]
    description: ClassVar[str]
    accept: ClassVar[tuple[str, ...]]
    """File name endings, lower case, with the dot; empty = any file."""
    min_files: ClassVar[int]
    max_files: ClassVar[int]
    stages: ClassVar[tuple[StageInfo, ...]]
    """In the order in which they are done."""
    options: ClassVar[type[Options]]


@runtime_checkable
class Processor(Kind, Protocol):
    """One kind of work that is done here."""

    stages: ClassVar[tuple[StageInfo, StageInfo, StageInfo]]
    """Of plan, process and finish, in this order."""

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[PlannedSlice | MadeFile]:
        """Settle what concerns the whole file (header, duplicates, reference) and yield the slices in order.

        Must be deterministic: planning the same inputs with the same options again yields the same items.
        """

    def process(self, work: Work, part: Slice) -> Iterator[ItemResult]:
        """Yield the result of each item of `part.indices`, in order, each as soon as it is known."""

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
        """Make the files of the whole job. `results` has every item in index order and may be read once."""
