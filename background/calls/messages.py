"""A processor call, and the messages that come back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from base.words import LogLevel, SlicePhase
from processors.contract import (
    AssignedSlice,
    FetchedBlob,
    ItemResult,
    MadeFile,
    PlannedSlice,
    Reference,
    Source,
    Summary,
    TransferState,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a processor; `inputs` belongs to PLAN (and to PROCESS, where the kind reads them), `parts` to PROCESS, `results_path` to FINISH.

    `reference` is where the manifest of its kind lies (`module:NAME`); `folder` exists and is empty; `results_path` leads
    to what `encode_results` made, through a pipe. Each result of a careful call leaves the child before the next item begins,
    so that a crash can be laid at one item's door. A child begins no part but the first later than `begin_seconds` after it
    took the call, and ends the call then.
    """

    reference: str
    phase: SlicePhase
    options: dict[str, Any]
    folder: Path
    spool: dict[str, Path] = field(default_factory=dict)
    inputs: Sequence[Source] = ()
    parts: Sequence[AssignedSlice] = ()
    begin_seconds: float = 0.0
    results_path: Path | None = None
    is_careful: bool = False
    answered: Sequence[str] = ()
    job_id: str = ""
    resources: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResultBatch:
    """Results of `process` that left the child together, in the order in which they were yielded; never empty."""

    results: list[ItemResult]


@dataclass(frozen=True, slots=True)
class CallProgress:
    """How far a call is, in the processor's own unit; at most ten a second."""

    done: float
    total: float | None


@dataclass(frozen=True, slots=True)
class Begun:
    """The item `index` has been in work for a while; no frame brings it, see `background.child.current_item`."""

    index: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line for the job's log, at most 2,000 characters."""

    level: LogLevel
    message: str


Message = PlannedSlice | Reference | Summary | ResultBatch | MadeFile | CallProgress | TransferState | LogLine | Begun


def files_of(message: Message) -> list[MadeFile | FetchedBlob]:
    """The files that `message` hands over."""
    if isinstance(message, ResultBatch):
        return [made for item in message.results for made in item.files]
    return [message] if isinstance(message, MadeFile) else []
