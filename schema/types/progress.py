"""Progress of a job: its stages, counts, bytes and times."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

import models
from base import words
from base.errors import Refusal
from jobs.recording.progress import UPLOAD_STAGE, byte_rate, completion_of, seconds_left
from models.fields import now
from processors.contract import StageInfo
from processors.registry import find_kind
from schema.types.enums import ItemStatus
from schema.types.rows import column, derived
from schema.types.scalars import BigInt


@strawberry.type(description="One part of a job's work.")
class Stage:
    """Stages come in the order in which they are done."""

    name: str = strawberry.field(description="For programs; see serverInfo.processors.")
    label: str = strawberry.field(description="For people.")
    status: ItemStatus = strawberry.field(description="Where it stands.")
    percentage: float = strawberry.field(description="0 to 100 of this stage alone.")


_ITEMS = ("completed_items", "failed_items", "skipped_items")
_RATE = (
    "status", "progressed_at", "download", "processed_bytes", "created_at", "updated_at",
)  # fmt: skip
_TIME = (*_RATE, "working_since", "worked_seconds", "percentage", "total_bytes")


def _processed_items(root: "Progress") -> int:
    return root.row.completed_items + root.row.failed_items + root.row.skipped_items


@strawberry.type(description="How far a job is, computed by the server from what is committed.")
class Progress:
    """Counts, bytes and times of one job."""

    row: strawberry.Private[models.Job]
    percentage: float = derived(
        lambda root: round(root.row.percentage, 2),
        "percentage",
        description="0 to 100, two decimals; never falls within one attempt; 100 only when COMPLETED.",
    )
    total_items: int | None = column(
        "total_items", description="Null until known. Leads, sheets, audio files, downloaded files."
    )
    processed_items: int = derived(_processed_items, *_ITEMS, description="Completed + failed + skipped.")
    failed_items: int = column("failed_items", description="Items that failed.")
    skipped_items: int = column("skipped_items", description="Items that were not needed.")
    total_slices: int | None = column(
        "total_slices",
        description="Slices that workers take (a leads file of 100 in slices of 10 has 10); null until known.",
    )
    completed_slices: int = column("completed_slices", description="Slices that are done.")
    total_batches: int | None = column(
        "total_slices",
        description="The slices that workers take (a leads file of 100 in slices of 10 has 10).",
        deprecation_reason="A batch is a job; use totalSlices.",
    )
    completed_batches: int = column(
        "completed_slices",
        description="Slices that are done.",
        deprecation_reason="A batch is a job; use completedSlices.",
    )
    total_bytes: BigInt | None = column(
        "total_bytes", description="Bytes of the inputs, or of a download's files; null while one is unknown."
    )
    processed_bytes: BigInt = column("processed_bytes", description="Those of them that are here.")
    bytes_per_second: float | None = derived(
        lambda root: byte_rate(root.row), *_RATE, description="Moving average; null when nothing moves."
    )
    eta_seconds: float | None = derived(
        lambda root: seconds_left(root.row, now()),
        *_TIME,
        description="Seconds until it is done, by the rate so far; null while nothing moves.",
    )
    estimated_completion: datetime | None = derived(
        lambda root: completion_of(root.row, now()),
        *_TIME,
        description="When it will be done, by the rate so far; null while nothing moves.",
    )


STAGE_COLUMNS = ("kind", "status", "stage", "percentage", "processed_bytes", "total_bytes")


def stages_of(job: models.Job) -> list[Stage]:
    """The stages of `job`, the upload first; a download has none. Behind the stage that failed none had its turn."""
    stages = [] if job.type is words.JobType.DOWNLOAD else [_upload_stage(job)]
    before = 0.0
    for stage in _stages_of_kind(job.kind):
        stages.append(_stage(stage.name, stage.label, _part_of(stage, before, job.percentage), job))
        before += stage.share
    failed = next((place for place, stage in enumerate(stages) if stage.status is words.ItemStatus.FAILED), len(stages))
    for later in stages[failed + 1 :]:
        later.status = words.ItemStatus.CANCELLED
    return stages


def _upload_stage(job: models.Job) -> Stage:
    bytes_done = 100 * job.processed_bytes / job.total_bytes if job.total_bytes else 0.0
    is_uploading = job.status is words.JobStatus.UPLOADING
    has_bytes = not is_uploading and job.processed_bytes == job.total_bytes
    return _stage(UPLOAD_STAGE, "Receiving the file", 100.0 if has_bytes else bytes_done, job)


_ENDS = {words.JobStatus.FAILED: words.ItemStatus.FAILED, words.JobStatus.SKIPPED: words.ItemStatus.SKIPPED}


def _stage(name: str, label: str, percentage: float, job: models.Job) -> Stage:
    percentage = round(min(max(percentage, 0.0), 100.0), 2)
    if percentage == 100 or job.status is words.JobStatus.COMPLETED:
        return Stage(name=name, label=label, status=words.ItemStatus.COMPLETED, percentage=100.0)
    is_present = job.stage == name and job.status.is_active
    status = words.ItemStatus.PROCESSING if is_present else words.ItemStatus.PENDING
    if not job.status.is_active:
        status = _ENDS.get(job.status, words.ItemStatus.CANCELLED)
    return Stage(name=name, label=label, status=status, percentage=percentage)


def _stages_of_kind(kind: str) -> Sequence[StageInfo]:
    """None for a kind whose package is no longer installed: its jobs stay readable."""
    try:
        return find_kind(kind).stages
    except Refusal:
        return ()


def _part_of(stage: StageInfo, before: float, percentage: float) -> float:
    return 100 * (percentage - before) / stage.share if stage.share else 0.0
