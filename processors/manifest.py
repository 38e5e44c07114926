"""Manifests of kinds of work: what is known of one without loading what does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, NewType

from pydantic import BaseModel, ConfigDict

from base.words import JobType

UploadId = NewType("UploadId", str)
"""An option that names one of the uploads of its job."""


class ExecutorName(StrEnum):
    """How a kind is done: CHILD in a child process, ASYNC_IO as a coroutine of the worker, OUTSIDE by another program.

    ASYNC_IO is for what waits for networks; whatever computes for longer than a moment belongs into a CHILD.
    """

    CHILD = "child"
    ASYNC_IO = "async_io"
    OUTSIDE = "outside"


class ResourceClass(StrEnum):
    """What running jobs of a kind use up; each class has a budget of its own per user."""

    CPU = "cpu"
    NETWORK = "network"


class Options(BaseModel):
    """Base of every processor's options: unknown names are refused, values are checked, JSON names are camelCase.

    Attributes:
        max_bytes: Of all of them as JSON; every reader of the job and every worker has them in memory.
    """

    max_bytes: ClassVar[int] = 64 * 1024
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def needed_settings(self) -> dict[str, str]:
        """Settings of the operator without which such work cannot be done, each with the option that asks for it."""
        return {}


CheckReview = Callable[[Options, dict[str, Any]], None]
"""Raises ValueError, with a sentence for people, for a review that makes no sense."""


ListLanguages = Callable[[Mapping[str, Path]], list[str]]
"""Languages as BCP 47 tags, the most usual first."""


@dataclass(frozen=True, slots=True)
class StageInfo:
    """One stage of a processor: `name` is for programs (`read`), `label` for people ("Reading rows").

    `share` is the part of the whole percentage that it fills; the three shares of a processor add up to 100.
    """

    name: str
    label: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The manifest of one kind of work.

    Attributes:
        name: What clients and entry points call it (`leads`).
        job_type: The type of its jobs.
        description: What it does, a sentence for people.
        invitation: What a client asks for with it, a sentence that goes on from nothing ("Check a file of leads.").
        stages: In the order in which they are done; three, of plan, process and finish, where a processor does it.
        options: What a client may say; its docstring, and the description of each field, become those of the API.
        accept: File name endings, lower case, with the dot; empty = any file.
        min_files: Uploads that a job must have.
        max_files: Uploads that a job may have.
        processor: `module:Class` of a `Processor` or, for ASYNC_IO, an `AsyncProcessor`; empty for OUTSIDE.
        executor: How it is done.
        resource_class: What its running jobs use up.
        buffer_bytes: For ASYNC_IO: how much memory one call may hold at a time. So many calls run at once as fit into
            `WAYBILL_WORKER_MEMORY`, and no result may be larger.
        max_result_bytes: Of the result of one item as JSON: a page of items must fit into an answer. A larger one fails its item.
        reads_inputs: Whether `process` gets the inputs, too (`Work.inputs`); else what it needs comes in the spool.
        reviewer: `module:function` that checks what a person says about an item, given the options: a `CheckReview`;
            empty where items are not reviewed.
        finish_options: Options, by their names in JSON, that a finished job may still be given: only the finish is done
            again with them.
        reads_item_files: Whether `finish` gets the files of items with their results.
        languages: `module:function` that tells the languages (BCP 47) that it knows, given the operator's resources: a
            `ListLanguages`; empty where language does not matter. A kind with it has the option `language`.

    Raises:
        ValueError: The manifest contradicts itself.
    """

    name: str
    job_type: JobType
    description: str
    invitation: str = ""
    stages: tuple[StageInfo, ...]
    options: type[Options] = Options
    accept: tuple[str, ...] = ()
    min_files: int = 0
    max_files: int = 1
    processor: str = ""
    executor: ExecutorName = ExecutorName.CHILD
    resource_class: ResourceClass = ResourceClass.CPU
    buffer_bytes: int = 16 * 2**20
    max_result_bytes: int = 64 * 1024
    reads_inputs: bool = False
    reads_item_files: bool = False
    reviewer: str = ""
    languages: str = ""
    finish_options: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        is_outside = self.executor is ExecutorName.OUTSIDE
        if is_outside == bool(self.processor):
            raise ValueError(f"{self.name}: a processor belongs to every kind but those of executor outside")
        if not is_outside and len(self.stages) != 3:
            raise ValueError(f"{self.name}: the stages are three, of plan, process and finish")
        if abs(sum(stage.share for stage in self.stages) - 100) > 0.01:
            raise ValueError(f"{self.name}: the shares of the stages add up to 100")

    @property
    def phases(self) -> tuple[StageInfo, StageInfo, StageInfo]:
        """The stages of plan, process and finish. Raises ValueError where another program does the work."""
        plan, process, finish = self.stages
        return plan, process, finish
