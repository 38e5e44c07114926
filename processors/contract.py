"""Contract of a processor: three calls, their inputs, their results.

A processor is plain, synchronous Python. It runs in a child process with a memory cap, one slice per call, and may be
killed at any moment: whatever it did not yield has not happened. It knows nothing of the database, the queue or
GraphQL; what it needs comes in as arguments, and progress and log lines go out through `Work`.

To refuse a whole job (a file that cannot be read), raise `base.errors.Refusal`; its code and sentence become the job's
error, which is retryable where the refusal says when (`retry_after`). To ask its owner, raise `NeedsInput`: the job waits for startJob, and the call is made again then. Any other exception is a bug, and so is a crash: in `process` it fails the one item that it happened in, elsewhere
the job, with PROCESSING_FAILED; the details stay in the server's log.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from base.errors import ErrorCode
from base.words import FileRole, ItemStatus, JobType, LogLevel
from processors.manifest import ExecutorName, Kind, Options, ResourceClass, StageInfo
from processors.transfers import TransferState

__all__ = [
    "AssignedSlice",
    "AsyncProcessor",
    "AsyncWork",
    "Enricher",
    "ErrorCode",
    "ExecutorName",
    "FetchedBlob",
    "FileRole",
    "ItemError",
    "ItemResult",
    "ItemStatus",
    "JobType",
    "Kind",
    "Log",
    "LogLevel",
    "MadeFile",
    "NeedsInput",
    "Options",
    "PauseJob",
    "Planned",
    "PlannedSlice",
    "Processor",
    "Reference",
    "ResourceClass",
    "SkipJob",
    "Source",
    "StageInfo",
    "Summary",
    "TransferState",
    "Work",
]


Log = Callable[[LogLevel, str], None]
"""Takes one line for the job's log, for people."""


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


class PauseJob(Exception):  # noqa: N818  a request, not an error
    """The job cannot go on as things are: it is PAUSED, for the reason `message`, until its owner resumes it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SkipJob(Exception):  # noqa: N818  the same
    """There is nothing to do: the job is SKIPPED.

    Attributes:
        reason: A word for programs; it becomes `skipReason`.
        message: The sentence for people.
        duplicate_of: The job that has done the same.
    """

    def __init__(self, reason: str, message: str, duplicate_of: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.duplicate_of = duplicate_of


@dataclass(frozen=True, slots=True)
class Source:
    """One input file. `name` is the client's file name, for people only; the bytes lie at `path`, to be read only.

    `id` is that of its upload, by which options may name it.
    """

    name: str
    path: Path
    size_bytes: int
    content_type: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class PlannedSlice:
    """A run of items that one call of `process` does; items are numbered from 0 in the order in which plan yields them.

    `names` has one name per item, for people ("Row 17"), and `urls`, where items have one, the address of each;
    `payload` (JSON, small) comes back with the slice.
    """

    names: Sequence[str]
    payload: dict[str, Any] = field(default_factory=dict)
    urls: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AssignedSlice:
    """What `process` is asked to do: the items `indices` (ascending) of the slice that was planned with `payload`.

    `first_index` is the first item of the whole slice; `indices` may leave out items that are already done. `reviews`
    has for each item that a person reviewed what that person said, as JSON; its shape is the kind's.
    """

    first_index: int
    indices: Sequence[int]
    payload: dict[str, Any]
    reviews: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """The business number of the job, for people and searches, which `plan` yields once it knows it."""

    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What `plan` found out about the whole job, for clients to read before anything is done; at most 256 KiB as JSON.

    A later one takes its place. Where the job then asks its owner (`NeedsInput`), it can be read meanwhile, as can the
    files that were yielded before.
    """

    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that the processor wrote into `Work.folder`; Waybill takes it over (and hashes it) when it is yielded.

    `name` is what a person downloads it as. Role INTERMEDIATE files of `plan` come back as `Work.spool[name]`.
    """

    path: Path
    name: str
    content_type: str
    role: FileRole = FileRole.RESULT


Planned = PlannedSlice | MadeFile | Reference | Summary
"""What `plan` yields."""


@dataclass(frozen=True, slots=True)
class FetchedBlob:
    """A file that lies in the storage already, at `key`; Waybill takes it over when it is yielded, and leaves `key` as it is.

    `source` is a digest (at most 64 characters) by which the same file is found that was fetched before.
    """

    key: str
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    role: FileRole = FileRole.RESULT
    modified_at: datetime | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class ItemError:
    """Why one item failed: the code, a sentence for people, and whether the same item could succeed another time."""

    code: ErrorCode
    message: str
    is_retryable: bool = False


@dataclass(frozen=True, slots=True)
class ItemResult:
    """How one item ended: COMPLETED with `result` (JSON bytes), FAILED with `error`, or SKIPPED with `skip_reason`.

    `result` is a JSON object; FAILED and SKIPPED items may carry one too. `name` takes the place of the planned one;
    `processed_bytes` are kept of it, be it for another attempt. `audio_seconds` of sound were worked on: where that has a
    price, the job costs so much more.
    """

    index: int
    status: ItemStatus
    result: bytes | None = None
    error: ItemError | None = None
    skip_reason: str | None = None
    needs_review: bool = False
    files: Sequence[MadeFile | FetchedBlob] = ()
    name: str | None = None
    size_bytes: int | None = None
    processed_bytes: int | None = None
    audio_seconds: float = 0.0


class Work(Protocol):
    """What a call is given besides its arguments."""

    @property
    def options(self) -> Options:
        """An instance of the processor's own `Options`."""

    @property
    def folder(self) -> Path:
        """An empty folder of this call alone, removed afterwards: for scratch and for the files that it makes."""

    @property
    def inputs(self) -> Sequence[Source]:
        """The inputs of the job, in `process` of a kind that says `reads_inputs`; else empty."""

    @property
    def spool(self) -> dict[str, Path]:
        """The INTERMEDIATE files that `plan` yielded, by name; empty while planning."""

    @property
    def resources(self) -> Mapping[str, Path]:
        """Files and folders that the operator has brought for processors, by name."""

    @property
    def answered(self) -> frozenset[str]:
        """The words of all questions (`NeedsInput.awaiting`) after which the owner has let the job go on."""

    def progress(self, done: float, total: float | None = None) -> None:
        """How far this call is, in any unit; cheap to call often. `process` need not: its items are its progress."""

    def log(self, level: LogLevel, message: str) -> None:
        """One line for the job's log, for people; no paths, no personal data beyond what the file name tells."""


class Processor(Protocol):
    """Does one kind of work, in a child process; it is made anew for each call."""

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[Planned]:
        """Settle what concerns the whole file (header, duplicates, reference) and yield the slices in order.

        Must be deterministic: planning the same inputs with the same options again yields the same items.
        """

    def process(self, work: Work, part: AssignedSlice) -> Iterator[ItemResult]:
        """Yield the result of each item of `part.indices`, in order, each as soon as it is known."""

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
        """Make the files of the whole job. `results` has every item in index order and may be read once.

        Their `files` are those that `process` made, where the kind says `reads_item_files`; else empty.
        """


class AsyncWork(Work, Protocol):
    """What a call of executor ASYNC_IO is given."""

    @property
    def job_id(self) -> str:
        """The job that is being done."""

    def report_transfers(self, state: TransferState) -> None:
        """As `progress`, of a call that fetches files."""


class AsyncProcessor(Protocol):
    """As `Processor`, for executor ASYNC_IO: its methods are coroutines of the worker.

    Between two awaits it computes for a moment only: nothing else of the process runs meanwhile, and who computes for
    long is named in the log. It holds at most `Kind.buffer_bytes`. Cancelling raises `asyncio.CancelledError` where it
    awaits; who has not ended two seconds later is never called again. Tasks that it starts end with the call (use
    `asyncio.TaskGroup`). `process` may yield its results in any order.
    """

    def plan(self, work: AsyncWork, inputs: Sequence[Source]) -> AsyncIterator[Planned]:
        """See `Processor.plan`."""

    def process(self, work: AsyncWork, part: AssignedSlice) -> AsyncIterator[ItemResult]:
        """See `Processor.process`."""

    def finish(self, work: AsyncWork, results: AsyncIterator[ItemResult]) -> AsyncIterator[MadeFile]:
        """See `Processor.finish`."""


class Enricher(Protocol):
    """Adds to the results of a kind what another machine says of them: in the worker, which may ask, before they are recorded.

    Children reach no network and know no key, for they read the files of strangers.
    """

    async def enrich(self, options: Options, results: Sequence[ItemResult], log: Log) -> Sequence[ItemResult]:
        """`results`, some of which `process` has just yielded, in any order, each once.

        While this waits, so does the processor. Cancelling raises `asyncio.CancelledError` where it awaits.
        """
