"""The manifest of the kind `external`: a program of somebody else claims the task and reports (docs/workers.md)."""

from typing import Any

from pydantic import Field

from base.words import JobType
from processors.manifest import ExecutorName, Kind, Options, StageInfo


class ExternalOptions(Options):
    """Work done by somebody else's program: it claims the task and reports."""

    queue: str = Field(
        "default",
        min_length=1,
        max_length=100,
        description="Which workers: claimTask names it, too; 1 to 100 characters.",
    )
    options: Any = Field(None, description="For the worker, which finds it in Task.options; at most 64 KiB as JSON.")


KIND = Kind(
    name="external",
    job_type=JobType.TASK,
    description="Work of another program: it claims the task, reports progress and hands in the results.",
    invitation="Have another program do it.",
    stages=(StageInfo("work", "Working", 100),),
    options=ExternalOptions,
    max_files=2_000,
    executor=ExecutorName.OUTSIDE,
)
