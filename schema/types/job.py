"""Jobs: the interface and what implements it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import strawberry

import models
from base import words
from base.errors import Refusal
from jobs.actions import actions_of
from jobs.inputs import Inputs
from jobs.progress import UPLOAD_STAGE, completion_of, seconds_left
from jobs.queries import list_events, list_items, list_job_uploads, list_lines
from jobs.retention import Retention
from models.fields import now
from processors.contract import StageInfo
from processors.registry import find_kind
from results.links import bundle_path
from schema.context import Context, Info
from schema.types.connection import Connection, Window, nested_connection
from schema.types.enums import FileRole, ItemStatus, JobAction, JobStatus, LogLevel
from schema.types.error import JobError, error_type
from schema.types.file import File, file_type
from schema.types.history import JobEvent, LogEntry, event_type, line_type
from schema.types.item import JobItem, item_row_type
from schema.types.node import Node
from schema.types.people import User, user_type
from schema.types.scalars import BigInt, Json
from schema.types.upload import Upload, upload_row_type

JobRow = models.Job


@strawberry.type(description="One part of a job's work.")
class Stage:
    """Stages come in the order in which they are done."""

    name: str = strawberry.field(description="For programs; see serverInfo.processors.")
    label: str = strawberry.field(description="For people.")
    status: ItemStatus = strawberry.field(description="Where it stands.")
    percentage: float = strawberry.field(description="0 to 100 of this stage alone.")


@strawberry.type(description="How far a job is, computed by the server from what is committed.")
class Progress:
    """Counts, bytes and times of one job."""

    percentage: float = strawberry.field(
        description="0 to 100, two decimals; never falls within one attempt; 100 only when COMPLETED."
    )
    total_items: int | None = strawberry.field(
        description="Null until known. Leads, sheets, audio files, downloaded files."
    )
    processed_items: int = strawberry.field(description="Completed + failed + skipped.")
    failed_items: int = strawberry.field(description="Items that failed.")
    skipped_items: int = strawberry.field(description="Items that were not needed.")
    total_batches: int | None = strawberry.field(
        description="The slices that workers take (a leads file of 100 in slices of 10 has 10)."
    )
    completed_batches: int = strawberry.field(description="Slices that are done.")
    total_bytes: BigInt | None = strawberry.field(description="Bytes of the inputs; null while one is unknown.")
    processed_bytes: BigInt = strawberry.field(description="Bytes of the inputs that are here.")
    bytes_per_second: float | None = strawberry.field(description="Moving average; null when nothing moves.")
    eta_seconds: float | None = strawberry.field(description="Seconds until it is done, by the rate so far.")
    estimated_completion: datetime | None = strawberry.field(description="When it will be done, by the rate so far.")


async def _owner(root: "Job", info: Info) -> User:
    user = await info.context.loaders.users.load(root.row.owner_id)
    assert user is not None  # noqa: S101  owners are never removed
    return user_type(user)


async def _queue_position(root: "Job", info: Info) -> int | None:
    if root.row.status is not words.JobStatus.PENDING:
        return None
    return await info.context.loaders.queue_positions.load(root.row.id)


async def _actions(root: "Job", info: Info) -> list[JobAction]:
    job, viewer = root.row, info.context.viewer
    if actions_of(job, viewer, Inputs.COMPLETE) == actions_of(job, viewer, Inputs.GONE):
        return actions_of(job, viewer, Inputs.COMPLETE)
    return actions_of(job, viewer, await info.context.loaders.inputs.load(job.id))


async def _lease_id(root: "Task", info: Info) -> strawberry.ID | None:
    viewer = info.context.viewer
    if viewer.role is not words.Role.WORKER or root.row.status is not words.JobStatus.PROCESSING:
        return None
    lease_id = await info.context.loaders.leases.load((viewer, root.row.id))
    return None if lease_id is None else strawberry.ID(lease_id)


async def _uploads(root: "Job", info: Info, first: int | None = None, after: str | None = None) -> Connection[Upload]:
    listing = list_job_uploads(root.row.id)
    return await nested_connection(info, listing, Window(first, after), upload_row_type(info.context))


async def _files(root: "Job", info: Info, role: FileRole | None = None) -> list[File]:
    files = await info.context.loaders.job_files.load(root.row.id)
    return [file_type(file, info.context) for file in files if role is None or file.role is role]


async def _items(
    root: "Job",
    info: Info,
    status: ItemStatus | None = None,
    needs_review: bool | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    offset: int | None = None,
) -> Connection[JobItem]:
    listing = list_items(root.row.id, status, needs_review=needs_review)
    return await nested_connection(info, listing, Window(first, after, last, before, offset), item_row_type)


async def _logs(
    root: "Job",
    info: Info,
    min_level: LogLevel = LogLevel.INFO,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection[LogEntry]:
    listing = list_lines(root.row.id, min_level)
    return await nested_connection(info, listing, Window(first, after, last, before), line_type)


async def _events(
    root: "Job",
    info: Info,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection[JobEvent]:
    listing = list_events(root.row.id)
    return await nested_connection(info, listing, Window(first, after, last, before), event_type)


@strawberry.interface(
    description="Work that can be watched: one life cycle, one progress, one set of verbs for all three types."
)
class Job(Node):
    """See `models.Job`."""

    row: strawberry.Private[models.Job]
    kind: str = strawberry.field(description="Name of the processor: see serverInfo.processors.")
    title: str | None = strawberry.field(description="The client's title.")
    external_id: str | None = strawberry.field(
        description="The client's own key, unique per owner: creating again with the same key returns the same job."
    )
    owner: User = strawberry.field(resolver=_owner, description="Whose it is.")
    status: JobStatus = strawberry.field(description="Where it stands.")
    status_message: str = strawberry.field(description="One sentence for people.")
    is_active: bool = strawberry.field(
        description="Not finished: false for COMPLETED, FAILED, CANCELLED and SKIPPED, true otherwise."
    )
    awaiting: str | None = strawberry.field(
        description="What an AWAITING_INPUT job waits for: start, missingWords, or a processor's own word."
    )
    has_failures: bool = strawberry.field(description="Some items failed.")
    actions: list[JobAction] = strawberry.field(resolver=_actions, description="What its viewer may do with it now.")
    stage: str | None = strawberry.field(description="Name of the stage that it is in.")
    stages: list[Stage] = strawberry.field(description="All stages with their progress.")
    progress: Progress = strawberry.field(description="How far it is.")
    error: JobError | None = strawberry.field(description="Why it failed.")
    attempt: int = strawberry.field(description="From 1; retryJob adds one.")
    version: int = strawberry.field(description="Grows with every change that a subscriber can see.")
    priority: int = strawberry.field(description="Higher goes first.")
    queue_position: int | None = strawberry.field(
        resolver=_queue_position, description="1 = next; null when not PENDING."
    )
    uploads: Connection[Upload] = strawberry.field(resolver=_uploads, description="Its inputs.")
    files: list[File] = strawberry.field(
        resolver=_files, description="The job's own files; those of an item are at the item."
    )
    bundle_url: str | None = strawberry.field(
        description="Signed link to one ZIP of inputs and results under their original names, streamed, with Range; "
        "null until COMPLETED, and when its results were removed."
    )
    items: Connection[JobItem] = strawberry.field(resolver=_items, description="Its items, by index.")
    logs: Connection[LogEntry] = strawberry.field(resolver=_logs, description="Its log: the newest 1,000 lines.")
    events: Connection[JobEvent] = strawberry.field(
        resolver=_events, description="The history of status and stage, oldest first, across attempts."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When its state last changed.")
    started_at: datetime | None = strawberry.field(description="When this attempt's work began.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    expires_at: datetime | None = strawberry.field(
        description="When it will be removed with all that is its own; null while active."
    )
    deleted_at: datetime | None = strawberry.field(description="Set in the last message about a deleted job.")


@strawberry.type(
    description="One piece of work over many alike items (leads, sheets), each with its own state and result."
)
class Batch(Job):
    """A job of type BATCH."""

    options: Json = strawberry.field(description="What it was created with; its shape is the processor's.")
    total_size: BigInt = strawberry.field(description="Bytes of its uploads.")
    reference: str | None = strawberry.field(
        description="The business number, 8 digits for sheets; read from the first sheet's QR code where the strategy says so."
    )


@strawberry.type(description="One piece of work on one or a few files, with one result.")
class Task(Job):
    """A job of type TASK."""

    options: Json = strawberry.field(description="What it was created with; its shape is the processor's.")
    cost: float | None = strawberry.field(
        description="What it cost; null where its kind has no price, as none has yet."
    )
    lease_id: strawberry.ID | None = strawberry.field(
        resolver=_lease_id, description="For the worker that holds the task; null for everyone else."
    )


def job_type(job: models.Job, context: Context) -> Job:
    """The row as clients see it, in its own type."""
    return _TYPES[job.type](job, context)


def batch_type(job: models.Job, context: Context) -> Batch:
    """The row as clients see it."""
    return Batch(
        **_shared_fields(job, context), options=job.options, total_size=BigInt(job.total_size), reference=job.reference
    )


def task_type(job: models.Job, context: Context) -> Task:
    """The row as clients see it."""
    return Task(**_shared_fields(job, context), options=job.options, cost=None)


def _shared_fields(job: models.Job, context: Context) -> dict[str, Any]:
    """The fields of the interface."""
    moment, retention = now(), Retention.of(context.means.settings)
    results_end = retention.end_of_results(job.finished_at)
    has_bundle = job.status is words.JobStatus.COMPLETED and (results_end is None or moment < results_end)
    return {
        "row": job,
        "id": strawberry.ID(job.id),
        "kind": job.kind,
        "title": job.title,
        "external_id": job.external_id,
        "status": job.status,
        "status_message": job.status_message,
        "is_active": job.status.is_active,
        "awaiting": job.awaiting,
        "has_failures": job.failed_items > 0,
        "stage": job.stage,
        "stages": stages_of(job),
        "progress": progress_of(job, moment),
        "error": error_type(
            job.error_code, job.error_message, is_retryable=job.error_is_retryable, at=job.error_at or moment
        ),
        "attempt": job.attempt,
        "version": job.version,
        "priority": job.priority,
        "bundle_url": context.base_url + bundle_path(context.means.signer, job.id, moment) if has_bundle else None,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "expires_at": retention.end_of_job(job.finished_at),
        "deleted_at": job.deleted_at,
    }


_TYPES: dict[words.JobType, Callable[[models.Job, Context], Job]] = {
    words.JobType.TASK: task_type,
    words.JobType.BATCH: batch_type,
}


def progress_of(job: models.Job, moment: datetime) -> Progress:
    """The counters of `job` as clients see them at `moment`."""
    return Progress(
        percentage=round(job.percentage, 2),
        total_items=job.total_items,
        processed_items=job.completed_items + job.failed_items + job.skipped_items,
        failed_items=job.failed_items,
        skipped_items=job.skipped_items,
        total_batches=job.total_slices,
        completed_batches=job.completed_slices,
        total_bytes=None if job.total_bytes is None else BigInt(job.total_bytes),
        processed_bytes=BigInt(job.processed_bytes),
        bytes_per_second=_byte_rate(job),
        eta_seconds=seconds_left(job, moment),
        estimated_completion=completion_of(job, moment),
    )


def stages_of(job: models.Job) -> list[Stage]:
    """The stages of `job`, the upload first."""
    bytes_done = 100 * job.processed_bytes / job.total_bytes if job.total_bytes else 0.0
    is_uploading = job.status is words.JobStatus.UPLOADING
    has_bytes = not is_uploading and job.processed_bytes == job.total_bytes
    stages = [_stage(UPLOAD_STAGE, "Receiving the file", 100.0 if has_bytes else bytes_done, job)]
    before = 0.0
    for stage in _stages_of_kind(job.kind):
        stages.append(_stage(stage.name, stage.label, _part_of(stage, before, job.percentage), job))
        before += stage.share
    return stages


def _stage(name: str, label: str, percentage: float, job: models.Job) -> Stage:
    percentage = round(min(max(percentage, 0.0), 100.0), 2)
    if percentage == 100 or job.status is words.JobStatus.COMPLETED:
        return Stage(name=name, label=label, status=words.ItemStatus.COMPLETED, percentage=100.0)
    is_present = job.stage == name and job.status.is_active
    status = words.ItemStatus.PROCESSING if is_present else words.ItemStatus.PENDING
    if not job.status.is_active:
        ended = words.ItemStatus.FAILED if job.status is words.JobStatus.FAILED else words.ItemStatus.CANCELLED
        status = ended
    return Stage(name=name, label=label, status=status, percentage=percentage)


def _stages_of_kind(kind: str) -> Sequence[StageInfo]:
    """None for a kind whose package is no longer installed: its jobs stay readable."""
    try:
        return find_kind(kind).stages
    except Refusal:
        return ()


def _part_of(stage: StageInfo, before: float, percentage: float) -> float:
    return 100 * (percentage - before) / stage.share if stage.share else 0.0


def _byte_rate(job: models.Job) -> float | None:
    if job.status is not words.JobStatus.UPLOADING or not job.processed_bytes:
        return None
    seconds = (job.updated_at - job.created_at).total_seconds()
    return round(job.processed_bytes / seconds, 1) if seconds > 0 else None
