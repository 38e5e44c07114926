"""Downloads: what the server fetches, where it stands, and what a URL would lead to."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import strawberry

import models
from base.errors import Refusal
from base.words import JobStatus
from downloads import download_options
from downloads.planning import FileInPlan
from execution.batches import batch_field
from schema.context import Context, Info
from schema.types.error import JobError
from schema.types.item import JobItem, item_type
from schema.types.job import Job
from schema.types.options import values_of, with_values
from schema.types.rows import derived, reads
from schema.types.scalars import BigInt


@strawberry.type(description="How a download fetches, and which files are wanted; see DownloadOptionsInput.")
@with_values(download_options.DownloadOptions, without={"url", "headers"})
class DownloadOptions:
    """All options but the URL and what is secret."""

    header_names: list[str] = strawberry.field(description="Of own headers: names only, values are never shown.")


@strawberry.type(description="A host that a download fetches from.")
class DownloadHost:
    """See `jobs.recording.transfers.HostState`."""

    name: str = strawberry.field(description="Its name.")
    active_transfers: int = strawberry.field(description="Files of this download that come from it now.")
    waiting_until: datetime | None = strawberry.field(
        description="It is left alone until then: asked by the host (429, 503), or after failures. Null otherwise."
    )


async def _settings(roots: Sequence["Download"], info: Info) -> list[DownloadOptions | Exception]:
    context = info.context
    most = context.services.settings.max_answer_size
    texts = await context.loaders.options.load_each([(most, root.id) for root in roots])
    return [text if isinstance(text, Exception) else _settings_in(text) for text in texts]


def _settings_in(text: str) -> DownloadOptions:
    options = download_options.DownloadOptions.model_validate(orjson.loads(text))
    values = {name: value for name, value in values_of(options).items() if name not in {"url", "headers"}}
    return DownloadOptions(**values, header_names=list(options.header_names))


async def _active_items(roots: Sequence["Download"], info: Info) -> list[list[JobItem] | Exception]:
    running = [root.id for root in roots if root.row.status is JobStatus.PROCESSING]
    found = dict(zip(running, await info.context.loaders.active_items.load_each(running), strict=True))
    return [
        rows if isinstance(rows, Exception) else [item_type(row) for row in rows]
        for rows in (found.get(root.id, ()) for root in roots)
    ]


def _told(name: str) -> Callable[["Download"], Any]:
    """Reads what `jobs.recording.transfers` has written of a download."""
    return lambda root: (root.row.download or {}).get(name)


def _hosts(root: "Download") -> list[DownloadHost]:
    is_running = root.row.status is JobStatus.PROCESSING
    return [_host_type(host) for host in _told("hosts")(root) or ()] if is_running else []


async def _duplicate_of(root: "Download", info: Info) -> "Download | None":
    """None, too, where it is gone."""
    download_id = (root.row.download or {}).get("duplicateOf")
    if download_id is None:
        return None
    context = info.context
    try:
        return download_type(await context.loaders.found_jobs.load((context.viewer, download_id)), context)
    except Refusal:
        return None


@strawberry.type(description="The server fetches what one URL leads to.")
class Download(Job):
    """A job of type DOWNLOAD."""

    settings: DownloadOptions = batch_field(_settings, description="How it fetches, and what is wanted.")
    url: str = derived(
        lambda root: _told("url")(root) or "", "download", description="What was asked for, without credentials."
    )
    final_url: str | None = derived(
        _told("finalUrl"),
        "download",
        description="Where it led to, after redirects, without credentials; null until known.",
    )
    active_items: list[JobItem] = batch_field(
        _active_items, description="The files in transfer now.", metadata=reads("status")
    )
    skip_reason: str | None = derived(_told("skipReason"), "download", description="Why a SKIPPED one was not fetched.")
    duplicate_of: "Download | None" = strawberry.field(
        resolver=_duplicate_of,
        description="The earlier download that has the same file; null, too, when that is gone.",
        metadata=reads("download"),
    )
    resumable: bool | None = derived(
        _told("resumable"),
        "download",
        description="Whether a pause or a break keeps what was fetched; null until known.",
    )
    hosts: list[DownloadHost] = derived(
        _hosts, "status", "download", description="Where it fetches from, and which host asked to wait; at most 50."
    )


@strawberry.type(description="What became of one URL: a download, or why there is none.")
class DownloadStart:
    """One answer per URL: a bad one does not stop the others."""

    url: str = strawberry.field(description="As it was given, without credentials.")
    download: Download | None = strawberry.field(description="The download; null where there is an error.")
    error: JobError | None = strawberry.field(description="Why there is none.")


@strawberry.type(description="A file that a URL leads to.")
class PlannedFile:
    """See `downloads.planning.FileInPlan`."""

    url: str = strawberry.field(description="Where it lies, without credentials.")
    name: str = strawberry.field(description="What it would be called.")
    content_type: str | None = strawberry.field(description="Media type, where its server says it; null otherwise.")
    size: BigInt | None = strawberry.field(description="Bytes, where its server says it; null otherwise.")
    will_download: bool = strawberry.field(description="Whether it would be fetched.")
    reason: str | None = strawberry.field(description="Why not; null where it would be.")


def download_type(job: models.Job, context: Context) -> Download:
    """The row as clients see it."""
    return Download(id=strawberry.ID(job.id), row=job, context=context)


def _host_type(host: dict[str, Any]) -> DownloadHost:
    until = host["waitingUntil"]
    return DownloadHost(
        name=host["name"],
        active_transfers=host["activeTransfers"],
        waiting_until=None if until is None else datetime.fromtimestamp(until, UTC),
    )


def planned_file_type(file: FileInPlan) -> PlannedFile:
    """The file as clients see it."""
    return PlannedFile(
        url=file.url,
        name=file.name,
        content_type=file.content_type,
        size=None if file.size_bytes is None else BigInt(file.size_bytes),
        will_download=file.reason is None,
        reason=file.reason,
    )
