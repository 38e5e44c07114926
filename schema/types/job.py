"""Jobs: the interface and what implements it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson
import strawberry

import models
from auth.viewer import Viewer
from base import words
from execution.batches import batch_field
from jobs.actions import actions_of, can_retry
from jobs.contents import list_events, list_items, list_lines
from jobs.inputs import Inputs
from jobs.retention import Retention
from jobs.scheduling.external import Lease
from models.fields import now
from results.links import bundle_path
from schema.context import Context, Info
from schema.types.alignment import Alignment, alignment_type
from schema.types.arguments import After, Before, First, Last, MinLevel, NeedsReview, Offset, RoleOfFiles, StatusOfItems
from schema.types.connection import Connection, Window, connection_of, counted, nested_connections
from schema.types.enums import JobAction, JobStatus, LogLevel, WaitReason
from schema.types.error import JobError, error_type
from schema.types.file import File, file_type
from schema.types.history import JobEvent, LogEntry, event_type, line_type
from schema.types.item import JobItem, item_type
from schema.types.node import Node
from schema.types.people import User, owners_of_rows
from schema.types.progress import STAGE_COLUMNS, Progress, Stage, stages_of
from schema.types.rows import column, derived, reads
from schema.types.scalars import BigInt, Json
from schema.types.upload import Upload, upload_columns, upload_row_type
from schema.viewer_fields import DEPENDS_ON_VIEWER

JobRow = models.Job
ALIGNMENT = "alignment"
RETRY_COLUMNS = (
    "status", "completed_items", "failed_items", "skipped_items", "total_slices", "error_is_retryable",
)  # fmt: skip
"""Of which depends whether a job can be done again."""


async def _queue_positions(roots: Sequence["Job"], info: Info) -> list[int | Exception | None]:
    waiting = [root.id for root in roots if _waits_for_a_worker(root.row)]
    places = dict(zip(waiting, await info.context.loaders.queue_positions.load_each(waiting), strict=True))
    return [places.get(root.id) for root in roots]


def _waits_for_a_worker(job: JobRow) -> bool:
    return job.status is words.JobStatus.PENDING and job.wait_reason is None


async def _actions(roots: Sequence["Job"], info: Info) -> list[list[JobAction] | Exception]:
    viewer = info.context.viewer
    states = await _inputs_of([root.row for root in roots if _depends_on_inputs(root.row, viewer)], info)
    return [
        state if isinstance(state, Exception) else actions_of(root.row, viewer, state)
        for root in roots
        for state in (states.get(root.id, Inputs.COMPLETE),)
    ]


def _depends_on_inputs(job: JobRow, viewer: Viewer) -> bool:
    return actions_of(job, viewer, Inputs.COMPLETE) != actions_of(job, viewer, Inputs.GONE)


async def _errors(roots: Sequence["Job"], info: Info) -> list[JobError | Exception | None]:
    jobs = [root.row for root in roots]
    states = await _inputs_of([job for job in jobs if job.error_code is not None and job.error_is_retryable], info)
    return [_error(job, states.get(job.id, Inputs.GONE)) for job in jobs]


def _error(job: JobRow, inputs: Inputs | Exception) -> JobError | Exception | None:
    if isinstance(inputs, Exception):
        return inputs
    is_retryable = job.error_is_retryable and can_retry(job, inputs)
    return error_type(job.error_code, job.error_message, is_retryable=is_retryable, at=job.error_at or job.updated_at)


async def _inputs_of(jobs: Sequence[JobRow], info: Info) -> dict[str, Inputs | Exception]:
    ids = [job.id for job in jobs]
    return dict(zip(ids, await info.context.loaders.inputs.load_each(ids), strict=True))


async def _leases(roots: Sequence["Job"], info: Info) -> list[Lease | Exception | None]:
    """Under which the viewer holds the jobs."""
    viewer = info.context.viewer
    if viewer.role is not words.Role.WORKER:
        return [None] * len(roots)
    return await info.context.loaders.leases.load_each([(viewer, root.id) for root in roots])


async def _lease_ids(roots: Sequence["Task"], info: Info) -> list[strawberry.ID | Exception | None]:
    held = [root for root in roots if root.row.status is words.JobStatus.PROCESSING]
    leases = dict(zip((root.id for root in held), await _leases(held, info), strict=True))
    return [_lease_id(leases.get(root.id)) for root in roots]


def _lease_id(lease: Lease | Exception | None) -> strawberry.ID | Exception | None:
    return strawberry.ID(lease.id) if isinstance(lease, Lease) else lease


async def _alignments(roots: Sequence["Task"], info: Info) -> list[Alignment | Exception | None]:
    ids = [root.id for root in roots if root.row.kind == ALIGNMENT]
    summaries = dict(zip(ids, await info.context.loaders.summaries.load_each(ids), strict=True))
    return [_alignment(root, summaries.get(root.id)) for root in roots]


def _alignment(root: "Task", summary: dict[str, Any] | Exception | None) -> Alignment | Exception | None:
    return alignment_type(root.id, summary, _bundle_url(root)) if isinstance(summary, dict) else summary


async def _options(roots: Sequence["Job"], info: Info) -> list[Json | Exception]:
    """As they are stored: parsed, they would take twenty times the memory, for nothing."""
    context = info.context
    most = context.services.settings.max_answer_size
    texts = await context.loaders.options.load_each([(most, root.id) for root in roots])
    return [text if isinstance(text, Exception) else Json(orjson.Fragment(text)) for text in texts]


async def _uploads(
    roots: Sequence["Job"], info: Info, first: First = None, after: After = None
) -> list[Connection[Upload] | Exception]:
    leases = await _leases(roots, info)
    window, ids = counted(info, Window(first, after)), tuple(root.id for root in roots)
    pages = await info.context.loaders.job_uploads.load((window, upload_columns(info), ids))
    return [
        lease if isinstance(lease, Exception) else connection_of(page, _input_type(info.context, lease))
        for lease, page in zip(leases, pages, strict=True)
    ]


def _input_type(context: Context, lease: Lease | None) -> Callable[[dict[str, Any]], Upload]:
    return upload_row_type(context, None if lease is None else lease.links_end_at)


async def _files(roots: Sequence["Job"], info: Info, role: RoleOfFiles = None) -> list[list[File] | Exception]:
    found = await info.context.loaders.job_files.load_each([root.id for root in roots])
    return [
        files
        if isinstance(files, Exception)
        else [file_type(file, info.context) for file in files if role is None or file.role is role]
        for files in found
    ]


async def _items(
    roots: Sequence["Job"],
    info: Info,
    status: StatusOfItems = None,
    needs_review: NeedsReview = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    offset: Offset = None,
) -> list[Connection[JobItem]]:
    listing, window = list_items(status, needs_review=needs_review), Window(first, after, last, before, offset)
    return await nested_connections(info, listing, roots, window, item_type)


async def _logs(
    roots: Sequence["Job"],
    info: Info,
    min_level: MinLevel = LogLevel.INFO,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[LogEntry]]:
    return await nested_connections(info, list_lines(min_level), roots, Window(first, after, last, before), line_type)


async def _events(
    roots: Sequence["Job"],
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[JobEvent]]:
    return await nested_connections(info, list_events(), roots, Window(first, after, last, before), event_type)


def _bundle_url(root: "Job") -> str | None:
    moment, context = now(), root.context
    results_end = Retention.of(context.services.settings).end_of_results(root.row.finished_at)
    if root.row.status is not words.JobStatus.COMPLETED or (results_end is not None and moment >= results_end):
        return None
    return context.base_url + bundle_path(context.services.signer, root.id, moment)


def _expires_at(root: "Job") -> datetime | None:
    return Retention.of(root.context.services.settings).end_of_job(root.row.finished_at)


@strawberry.interface(
    description="Work that can be watched: one life cycle, one progress, one set of verbs for all three types."
)
class Job(Node):
    """See `models.Job`."""

    row: strawberry.Private[models.Job]
    context: strawberry.Private[Context]
    kind: str = column("kind", description="Name of the processor: see serverInfo.processors.")
    title: str | None = column("title", description="The client's title.")
    external_id: str | None = column(
        "external_id",
        description="The client's own key, unique per owner: creating again with the same key returns the same job.",
    )
    owner: User = batch_field(owners_of_rows, description="Whose it is.")
    status: JobStatus = column("status", description="Where it stands.")
    status_message: str = column("status_message", description="One sentence for people.")
    is_active: bool = derived(
        attrgetter("row.status.is_active"),
        "status",
        description="Not finished: false for COMPLETED, FAILED, CANCELLED and SKIPPED, true otherwise.",
    )
    awaiting: str | None = column(
        "awaiting", description="What an AWAITING_INPUT job waits for: start, missingWords, or a processor's own word."
    )
    has_failures: bool = derived(
        lambda root: root.row.failed_items > 0, "failed_items", description="Some items failed."
    )
    actions: list[JobAction] = batch_field(
        _actions,
        description="What its viewer may do with it now.",
        metadata={**DEPENDS_ON_VIEWER, **reads("status", "deleted_at", *RETRY_COLUMNS)},
    )
    stage: str | None = column("stage", description="Name of the stage that it is in.")
    stages: list[Stage] = derived(
        lambda root: stages_of(root.row), *STAGE_COLUMNS, description="All stages with their progress."
    )
    progress: Progress = derived(lambda root: Progress(row=root.row), description="How far it is.")
    error: JobError | None = batch_field(
        _errors,
        description="Why it failed.",
        metadata=reads("error_code", "error_message", "error_at", "updated_at", *RETRY_COLUMNS),
    )
    attempt: int = column("attempt", description="From 1; retryJob adds one.")
    version: int = column("version", description="Grows with every change that a subscriber can see.")
    priority: int = column("priority", description="Higher goes first.")
    queue_position: int | None = batch_field(
        _queue_positions,
        description="1 = next; null when not PENDING, and while there is a waitReason.",
        metadata=reads("status", "wait_reason"),
    )
    wait_reason: WaitReason | None = column(
        "wait_reason",
        description="Why its work cannot be done at present, for no fault of its own: it goes on by itself. Null otherwise.",
    )
    wait_until: datetime | None = column(
        "wait_until",
        description="When it is tried again at the earliest, while there is a waitReason: after 5 s, later up to 60 s.",
    )
    uploads: Connection[Upload] = batch_field(_uploads, description="Its inputs.", metadata=DEPENDS_ON_VIEWER)
    files: list[File] = batch_field(_files, description="The job's own files; those of an item are at the item.")
    bundle_url: str | None = derived(
        _bundle_url,
        "status",
        "finished_at",
        description="Signed link to one ZIP of inputs and results under their original names, streamed, with Range; "
        "null until COMPLETED, and when its results were removed.",
    )
    items: Connection[JobItem] = batch_field(_items, description="Its items, by index.")
    logs: Connection[LogEntry] = batch_field(_logs, description="Its log: the newest 1,000 lines.")
    events: Connection[JobEvent] = batch_field(
        _events, description="The history of status and stage, oldest first, across attempts: the newest 1,000 lines."
    )
    created_at: datetime = column("created_at", description="When it was created.")
    updated_at: datetime = column("updated_at", description="When its state last changed.")
    started_at: datetime | None = column("started_at", description="When this attempt's work began.")
    finished_at: datetime | None = column("finished_at", description="When it ended.")
    expires_at: datetime | None = derived(
        _expires_at, "finished_at", description="When it will be removed with all that is its own; null while active."
    )
    deleted_at: datetime | None = column("deleted_at", description="Set in the last message about a deleted job.")


@strawberry.type(
    description="One piece of work over many alike items (leads, sheets), each with its own state and result."
)
class Batch(Job):
    """A job of type BATCH."""

    options: Json = batch_field(_options, description="What it was created with; its shape is the processor's.")
    total_size: BigInt = column("total_size", description="Bytes of its uploads.")
    reference: str | None = column(
        "reference",
        description="The business number, 8 digits for sheets; read from the first sheet's QR code where the strategy says so.",
    )


@strawberry.type(description="One piece of work on one or a few files, with one result.")
class Task(Job):
    """A job of type TASK."""

    options: Json = batch_field(_options, description="What it was created with; its shape is the processor's.")
    cost: float | None = column(
        "cost",
        description="What it has cost so far, in the operator's money: minutes of sound that were aligned, times their price. "
        "It stays as it is when the task is cancelled. Null before anything is done, and where its kind has no price.",
    )
    lease_id: strawberry.ID | None = batch_field(
        _lease_ids,
        description="For the worker that holds the task; null for everyone else.",
        metadata={**DEPENDS_ON_VIEWER, **reads("status")},
    )
    alignment: Alignment | None = batch_field(
        _alignments,
        description="Null unless kind is alignment, and until the words are counted.",
        metadata=reads("kind", "status", "finished_at"),
    )


def batch_type(job: models.Job, context: Context) -> Batch:
    """The row as clients see it."""
    return Batch(id=strawberry.ID(job.id), row=job, context=context)


def task_type(job: models.Job, context: Context) -> Task:
    """The row as clients see it."""
    return Task(id=strawberry.ID(job.id), row=job, context=context)
