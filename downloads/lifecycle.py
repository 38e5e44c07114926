"""Life of a download as its owner begins and changes it; the rest of it is that of any job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
from anyio.to_thread import run_sync
from tortoise.transactions import in_transaction

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, JobType
from downloads.download_options import DownloadOptions
from downloads.kind import KIND
from downloads.proxies import check_proxy
from downloads.secrets import fresh_link, seal_options, seal_url
from downloads.urls import parse_address, shown_url
from downloads.wiring import DownloadServices
from egress.addresses import is_address, is_public
from jobs.creation import NewJob
from jobs.inputs import check_options
from jobs.lifecycle import create_jobs
from jobs.outbox import Outbox, OutboxMessages
from jobs.queries import find_job
from jobs.rows import change_job, job_of, lock_job
from jobs.scheduling.external import check_may_own
from jobs.text import sanitise
from models import Job
from models.sql import Row

MAX_URLS = 1_000
RELINKABLE = frozenset({JobStatus.PAUSED, JobStatus.FAILED})
_OPTIONS_FIELD = "input.options"
_ANY_URL = "https://host/"
"""Stands for each URL where the options are looked at that all of them share."""


@dataclass(frozen=True, slots=True)
class NewDownloads:
    """What a client asks for; `options` under the names of the API, without the URL, with headers and passwords as given."""

    urls: Sequence[str]
    options: dict[str, Any]
    title: str | None = None
    external_id: str | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class StartedDownload:
    """What became of one URL: a job, or the refusal; `url` is without credentials."""

    url: str
    job: Job | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class DownloadChanges:
    """What is to change of a download; None stays as it is.

    Attributes:
        bandwidth_limit: KiB per second; 0 = unlimited.
        url: A fresh link to the same bytes, with its credentials.
    """

    bandwidth_limit: int | None = None
    url: str | None = None


async def start_downloads(
    viewer: Viewer, new: NewDownloads, services: DownloadServices, outbox: Outbox
) -> list[StartedDownload]:
    """Begin a download for each URL, in their order; one that is refused stops none of the others.

    Raises:
        Refusal: FORBIDDEN for workers; BAD_INPUT for too many URLs, or an option that is wrong, with its field;
            URL_NOT_ALLOWED for a proxy that may not be used. Nothing was begun.
    """
    check_may_own(viewer)
    if not 1 <= len(new.urls) <= MAX_URLS:
        raise Refusal(ErrorCode.BAD_INPUT, f"Give 1 to {MAX_URLS:,} URLs: {len(new.urls):,} are given.", "input.urls")
    shared = _sealed(services, {**new.options, "url": _ANY_URL}, _OPTIONS_FIELD)
    check_options(KIND, shared, _OPTIONS_FIELD)
    checked = await run_sync(lambda: [_checked_job(new, index, shared, services) for index in range(len(new.urls))])
    good = [one for one in checked if isinstance(one, NewJob)]
    made = iter(await create_jobs(viewer, KIND, good, outbox, max_unfinished=services.max_unfinished))
    outcomes = [next(made) if isinstance(one, NewJob) else one for one in checked]
    return [
        StartedDownload(shown_url(url), refusal=outcome)
        if isinstance(outcome, Refusal)
        else StartedDownload(shown_url(url), outcome)
        for url, outcome in zip(new.urls, outcomes, strict=True)
    ]


async def update_download(
    viewer: Viewer,
    job_id: str,
    changes: DownloadChanges,
    columns: Mapping[str, Any],
    services: DownloadServices,
    outbox: Outbox,
) -> Job:
    """Change a download, and `columns` (title, priority) of its job with it, all or nothing.

    A transfer that runs reads its options often, and heeds another bandwidth; the next one begins at another URL, and takes nothing but the file that
    was begun.

    Raises:
        Refusal: *_NOT_FOUND; BAD_INPUT where it is no download, and for what is out of range; URL_NOT_ALLOWED; INVALID_STATE
            for a URL where it is neither PAUSED nor FAILED.
    """
    field = "input.url" if changes.url is not None else "input.bandwidthLimit"
    job = await find_job(viewer, job_id)
    if job.type is not JobType.DOWNLOAD:
        raise Refusal(ErrorCode.BAD_INPUT, "Only downloads have a URL and a bandwidth.", field)
    given = {name: sanitise(value) if isinstance(value, str) else value for name, value in columns.items()}
    messages = OutboxMessages()
    async with in_transaction() as db:
        locked = await lock_job(db, job_id)
        if locked is None or locked["deleted_at"] is not None:
            return await find_job(viewer, job_id)
        row = await change_job(db, job_id, list(JobStatus), **given, **_changed(locked, changes, services))
    assert row is not None  # noqa: S101  locked, and not deleted
    messages.job_changed(row)
    await outbox.send(messages)
    return job_of(row)


def _checked_job(new: NewDownloads, index: int, shared: dict[str, Any], services: DownloadServices) -> NewJob | Refusal:
    """The job for one URL, or why there is none."""
    url, external_id = new.urls[index], new.external_id
    if external_id is not None and len(new.urls) > 1:
        external_id = f"{external_id}/{index}"
    try:
        check_url(url, services)
        options = {**shared, **seal_url(services.sealer, url)}
        check_options(KIND, options, _OPTIONS_FIELD)
    except Refusal as refusal:
        return refusal
    return NewJob(
        KIND.name, options, [], new.title, external_id, new.priority, field=_OPTIONS_FIELD, download_url=options["url"]
    )


def stored_options(services: DownloadServices, options: dict[str, Any], field: str) -> DownloadOptions:
    """Options with their URL, which a client gave in `field`, as a download has them.

    Raises:
        Refusal: BAD_INPUT for an option that is wrong, with its field; URL_NOT_ALLOWED for a proxy that may not be used.
    """
    return cast("DownloadOptions", check_options(KIND, _sealed(services, options, field), field))


def _sealed(services: DownloadServices, options: dict[str, Any], field: str) -> dict[str, Any]:
    """The options as they are stored, once it is known that their proxy may be used."""
    if options.get("proxyUrl"):
        check_proxy(str(options["proxyUrl"]), services.allowed_proxies, f"{field}.proxyUrl")
    return seal_options(services.sealer, options, field)


def check_url(url: str, services: DownloadServices) -> None:
    """Refuse what can be known not to be fetched without asking anybody; where a name leads to is looked at later.

    Raises:
        Refusal: BAD_INPUT for what is no URL; URL_NOT_ALLOWED for another scheme than http and https, and for an address
            that is not public.
    """
    host = parse_address(url).host
    if is_address(host) and not is_public(host) and not services.is_private_allowed:
        raise Refusal(ErrorCode.URL_NOT_ALLOWED, "This address is not public: it cannot be fetched from here.")


def _changed(job: Row, changes: DownloadChanges, services: DownloadServices) -> dict[str, Any]:
    """The columns of `job` (locked) that change."""
    options: dict[str, Any] = dict(job_of(job).options)
    columns: dict[str, Any] = {}
    if changes.bandwidth_limit is not None:
        options["bandwidthLimit"] = changes.bandwidth_limit
    if changes.url is not None:
        if job["status"] not in RELINKABLE:
            message = f"This download is {job['status']}: only a PAUSED or FAILED one takes another URL."
            raise Refusal(ErrorCode.INVALID_STATE, message, "input.url")
        check_url(changes.url, services)
        options |= fresh_link(services.sealer, changes.url)
        document = {**job_of(job).download, "url": options["url"], "finalUrl": None}
        columns["download"] = orjson.dumps(document).decode()
        if job["status"] == JobStatus.FAILED:
            columns["error_is_retryable"] = True
    check_options(KIND, options, "input")
    return {**columns, "options": orjson.dumps(options).decode()}
