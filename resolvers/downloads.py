"""Downloads: starting and reading; the verbs of jobs do the rest."""

from base.errors import ErrorCode
from base.words import JobType
from downloads.lifecycle import StartedDownload, start_downloads
from downloads.planning import plan_download
from jobs.queries import find_job
from resolvers.jobs import page_of_jobs
from schema.context import Context, Info
from schema.types.arguments import (
    After,
    Before,
    DownloadId,
    First,
    JobsInOrder,
    JobsWanted,
    Last,
    NewDownloads,
    Offset,
    OptionsOfPlan,
    UrlToPlan,
)
from schema.types.connection import Connection, Window
from schema.types.download import Download, DownloadStart, PlannedFile, download_type, planned_file_type
from schema.types.error import JobError, refusal_type
from schema.types.jobs import selected_columns


async def resolve_start_downloads(info: Info, input: NewDownloads) -> list[DownloadStart]:  # noqa: A002  contract
    services = info.context.services
    new = input.as_new_downloads()
    started = await start_downloads(info.context.viewer, new, services.downloads, services.outbox)
    return [_start_type(one, info.context) for one in started]


async def resolve_download(info: Info, id: DownloadId) -> Download | None:  # noqa: A002  the contract's name
    job = await find_job(info.context.viewer, id, JobType.DOWNLOAD, selected_columns(info))
    return download_type(job, info.context)


async def resolve_downloads(
    info: Info,
    filter: JobsWanted = None,  # noqa: A002  the contract's name
    order_by: JobsInOrder = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    offset: Offset = None,
) -> Connection[Download]:
    window = Window(first, after, last, before, offset)
    return await page_of_jobs(info, filter, order_by, window, download_type, JobType.DOWNLOAD)


async def resolve_plan_download(info: Info, url: UrlToPlan, options: OptionsOfPlan = None) -> list[PlannedFile]:
    given = options.as_options() if options else {}
    files = await plan_download(info.context.viewer, url, given, info.context.services.downloads)
    return [planned_file_type(file) for file in files]


def _start_type(started: StartedDownload, context: Context) -> DownloadStart:
    download = None if started.job is None else download_type(started.job, context)
    return DownloadStart(url=started.url, download=download, error=_error_of(started))


def _error_of(started: StartedDownload) -> JobError | None:
    if started.refusal is None:
        return None
    return refusal_type(started.refusal, is_retryable=started.refusal.code is ErrorCode.QUOTA_EXCEEDED)
