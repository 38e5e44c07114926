"""Manifests of kinds that only tests know; nothing does their work."""

from dataclasses import replace
from typing import Any

from base.words import JobType
from processors.contract import Kind, Options, StageInfo


class PlainOptions(Options):
    """Nothing that matters."""

    note: str = ""


class CountingOptions(Options):
    """A number, and anything."""

    number: int = 1
    anything: Any = None


PLAIN = Kind(
    name="plain",
    job_type=JobType.BATCH,
    description="For tests.",
    stages=(
        StageInfo("plan", "Planning", 10),
        StageInfo("process", "Processing", 80),
        StageInfo("finish", "Finishing", 10),
    ),
    options=PlainOptions,
    accept=(".txt",),
    min_files=1,
    max_files=3,
    processor="tests.kinds:nobody",
)
COUNTING = replace(
    PLAIN,
    name="counting",
    description="Counts.",
    stages=(StageInfo("read", "Reading", 10), StageInfo("count", "Counting", 80), StageInfo("write", "Writing", 10)),
    options=CountingOptions,
)
COUNTING_TASK = replace(COUNTING, name="countingTask", job_type=JobType.TASK)
FETCHING = replace(COUNTING, name="fetching", job_type=JobType.DOWNLOAD, min_files=0, max_files=0)
