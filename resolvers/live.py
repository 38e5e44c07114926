"""Subscriptions: listen first, then the present state, then every change; each ends by itself when its object does."""

import re
from collections.abc import AsyncIterator
from typing import Any, cast

from base.errors import ErrorCode, Refusal
from base.words import JobType, LogLevel
from execution.groups.watches import Watch
from resolvers.log_watches import JobLinesWatch, LinesWatch
from resolvers.watches import JobsWatch, JobWatch, UploadWatch
from schema.context import Info
from schema.types.arguments import (
    BatchId,
    DownloadId,
    EndedSince,
    JobId,
    JobsWanted,
    LineId,
    LoggedJobId,
    MaxPerSecond,
    MinLevel,
    TaskId,
    UploadId,
)
from schema.types.download import Download, download_type
from schema.types.history import LogEntry
from schema.types.inputs import criteria_of
from schema.types.job import Batch, Job, Task, batch_type, task_type
from schema.types.upload import Upload

SLOWEST, FASTEST = 0.1, 20.0
_LINE_ID = re.compile(r"[0-9]{1,18}")


def resolve_job_updated(info: Info, id: JobId, max_per_second: MaxPerSecond = 4) -> AsyncIterator[Job]:  # noqa: A002  contract
    return _shared(JobWatch(info.context, id, interval_of(max_per_second)))


def resolve_batch_updated(info: Info, id: BatchId, max_per_second: MaxPerSecond = 4) -> AsyncIterator[Batch]:  # noqa: A002  contract
    return _shared(JobWatch(info.context, id, interval_of(max_per_second), JobType.BATCH, batch_type))


def resolve_task_updated(info: Info, id: TaskId, max_per_second: MaxPerSecond = 4) -> AsyncIterator[Task]:  # noqa: A002  contract
    return _shared(JobWatch(info.context, id, interval_of(max_per_second), JobType.TASK, task_type))


def resolve_download_updated(info: Info, id: DownloadId, max_per_second: MaxPerSecond = 4) -> AsyncIterator[Download]:  # noqa: A002  contract
    return _shared(JobWatch(info.context, id, interval_of(max_per_second), JobType.DOWNLOAD, download_type))


def resolve_upload_updated(info: Info, id: UploadId, max_per_second: MaxPerSecond = 4) -> AsyncIterator[Upload]:  # noqa: A002  contract
    return _shared(UploadWatch(info.context, id, interval_of(max_per_second)))


def resolve_jobs_updated(
    info: Info,
    filter: JobsWanted = None,  # noqa: A002  the contract's name
    max_per_second: MaxPerSecond = 4,
    ended_since: EndedSince = None,
) -> AsyncIterator[Job]:
    return _shared(JobsWatch(info.context, criteria_of(filter), interval_of(max_per_second), ended_since))


def resolve_logs(
    info: Info, job_id: LoggedJobId = None, min_level: MinLevel = LogLevel.INFO, after: LineId = None
) -> AsyncIterator[LogEntry]:
    if after is not None and (job_id is None or not _LINE_ID.fullmatch(after)):
        raise Refusal(ErrorCode.BAD_INPUT, "after is the id of a log line of the job that jobId names.", "after")
    if job_id is None:
        return _shared(LinesWatch(info.context, min_level))
    return _shared(JobLinesWatch(info.context, min_level, job_id, after))


def _shared(watch: Watch) -> AsyncIterator[Any]:
    """A watch in place of an event stream: `schema/watching.py` executes its changes, for a group of subscribers at once."""
    return cast("AsyncIterator[Any]", watch)


def interval_of(max_per_second: float) -> float:
    """Seconds between two messages of progress.

    Raises:
        Refusal: BAD_INPUT outside of 0.1 to 20 a second.
    """
    if not SLOWEST <= max_per_second <= FASTEST:
        raise Refusal(ErrorCode.BAD_INPUT, f"maxPerSecond is {SLOWEST} to {FASTEST:g}.", "maxPerSecond")
    return 1 / max_per_second
