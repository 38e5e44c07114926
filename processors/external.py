"""The kind `external`: work of somebody else's program, which claims the task and reports on it (docs/workers.md)."""

from typing import Any, ClassVar

from pydantic import Field

from processors.contract import JobType, Options, StageInfo

MAX_FILES = 2_000


class ExternalOptions(Options):
    """Which workers are meant, and what they are told; `options` is theirs alone."""

    queue: str = Field("default", min_length=1, max_length=100)
    options: Any = None


class External:
    """Waits in a queue of its own until a worker claims it."""

    kind: ClassVar[str] = "external"
    job_type: ClassVar[JobType] = JobType.TASK
    description: ClassVar[str] = (
        "Work of another program: it claims the task, reports progress and hands in the results."
    )
    accept: ClassVar[tuple[str, ...]] = ()
    min_files: ClassVar[int] = 0
    max_files: ClassVar[int] = MAX_FILES
    stages: ClassVar[tuple[StageInfo, ...]] = (StageInfo("work", "Working", 100),)
    options: ClassVar[type[Options]] = ExternalOptions
