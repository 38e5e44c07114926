"""Manifests of the tests' own processor, by each executor, and its script."""

from dataclasses import replace
from typing import Any

from pydantic import Field

from processors.contract import ExecutorName, JobType, Kind, Options, ResourceClass, StageInfo, Work


class Script(Options):
    """What happens.

    Attributes:
        sizes: Items of each slice.
        acts: What is done at the items of these indices, see `acts` and `coroutines`; nothing special at all others.
        plan: What is done after the slices were yielded.
        finish: What is done before the report is yielded.
        seconds: How long each item takes.
        size: How much of it, where an act comes in sizes.
        folder: Where an act tells the test how far it is, and the test tells it to go on; empty: that of the call.
        files: Whether `finish` makes one.
        summary: What planning tells of the whole job, if anything.
        url: Of a server that answers `/<index>`: coroutines read there at the items that have no act.
    """

    sizes: list[int] = Field(default_factory=lambda: [4])
    acts: dict[int, str] = Field(default_factory=dict)
    plan: str = "nothing"
    finish: str = "nothing"
    seconds: float = 0
    size: int = 20
    folder: str = ""
    files: bool = True
    summary: dict[str, Any] | None = None
    url: str = ""


def script_of(work: Work) -> Script:
    assert isinstance(work.options, Script)
    return work.options


KIND = Kind(
    name="scripted",
    job_type=JobType.BATCH,
    description="Acts for the tests.",
    accept=(".txt",),
    min_files=1,
    max_files=3,
    stages=(StageInfo("read", "Reading", 10), StageInfo("work", "Working", 80), StageInfo("write", "Writing", 10)),
    options=Script,
    processor="tests.background.scripted.processor:Scripted",
    max_result_bytes=2**21,
)
ASYNC_KIND = replace(
    KIND,
    name="scriptedAsync",
    processor="tests.background.scripted.coroutines:AsyncScripted",
    executor=ExecutorName.ASYNC_IO,
    resource_class=ResourceClass.NETWORK,
    buffer_bytes=2**20,
)
REFERENCE = f"{__name__}:KIND"
ASYNC_REFERENCE = f"{__name__}:ASYNC_KIND"
