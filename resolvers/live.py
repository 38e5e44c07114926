"""Subscriptions: listen first, then the present state, then every change; each ends by itself when its object does."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress

from strawberry import ID

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobType, LogLevel
from events.mailbox import Mailbox, StateLost
from events.messages import job_topic, jobs_topic, logs_topic, upload_topic
from jobs.live import (
    JobRow,
    active_jobs,
    is_listed,
    is_told_deleted,
    job_event,
    job_of_event,
    lines_after,
    newest_line_id,
    steadily,
)
from jobs.queries import find_job, levels_from
from schema.context import Info
from schema.types.history import LogEntry, line_type
from schema.types.inputs import JobFilter, criteria_of
from schema.types.job import Batch, Job, Task, batch_type, job_type, task_type
from schema.types.upload import Upload, upload_type
from uploads.queries import find_upload, is_arriving, upload_event, upload_of_event

SLOWEST, FASTEST = 0.1, 20.0
_LINE_ID = re.compile(r"[0-9]{1,18}")


async def watch_job(info: Info, id: ID, max_per_second: float = 4) -> AsyncIterator[Job]:  # noqa: A002  contract
    async for job in _states_of_job(info, id, max_per_second, None):
        yield job_type(job, info.context)


async def watch_batch(info: Info, id: ID, max_per_second: float = 4) -> AsyncIterator[Batch]:  # noqa: A002  contract
    async for job in _states_of_job(info, id, max_per_second, JobType.BATCH):
        yield batch_type(job, info.context)


async def watch_task(info: Info, id: ID, max_per_second: float = 4) -> AsyncIterator[Task]:  # noqa: A002  contract
    async for job in _states_of_job(info, id, max_per_second, JobType.TASK):
        yield task_type(job, info.context)


async def watch_upload(info: Info, id: ID, max_per_second: float = 4) -> AsyncIterator[Upload]:  # noqa: A002  contract
    viewer, context = info.context.viewer, info.context
    with context.means.hub.listen(upload_topic(id), interval=interval_of(max_per_second)) as mailbox:
        upload = await steadily(find_upload, viewer, id)
        mailbox.seen(upload_event(upload))
        yield upload_type(upload, context)
        while is_arriving(upload):
            try:
                upload = upload_of_event(await mailbox.get())
            except StateLost:
                upload = await steadily(find_upload, viewer, id)
                mailbox.seen(upload_event(upload))
            yield upload_type(upload, context)


async def watch_jobs(
    info: Info,
    filter: JobFilter | None = None,  # noqa: A002  the contract's name
    max_per_second: float = 4,
) -> AsyncIterator[Job]:
    viewer, context = info.context.viewer, info.context
    criteria = criteria_of(filter)
    topic = jobs_topic(criteria.owner_id if viewer.is_admin else viewer.user_id)
    shown: dict[str, bool] = {}  # whether each was active when it was told last
    with context.means.hub.listen(topic, interval=interval_of(max_per_second)) as mailbox:
        while True:
            active = await steadily(active_jobs, viewer, criteria)
            for job in (*active, *await _ended(viewer, shown, active)):
                mailbox.seen(job_event(job))
                shown[job.id] = job.status.is_active
                yield job_type(job, context)
            try:
                async for event in mailbox:
                    job = job_of_event(event)
                    is_match = await steadily(is_listed, viewer, criteria, job)
                    if is_match or job.id in shown or is_told_deleted(criteria, job):
                        yield job_type(job, context)
                    if is_match:
                        shown[job.id] = job.status.is_active
                    else:
                        shown.pop(job.id, None)
                    if not job.status.is_active:
                        mailbox.forget(event.key)
            except StateLost:
                continue


async def _ended(viewer: Viewer, shown: Mapping[str, bool], active: Sequence[JobRow]) -> list[JobRow]:
    """The jobs that were active when they were told last and are not among `active`: their end was missed."""
    missed = {id_ for id_, was_active in shown.items() if was_active} - {job.id for job in active}
    ended = []
    for id_ in sorted(missed):
        with suppress(Refusal):  # deleted meanwhile
            ended.append(await steadily(find_job, viewer, id_))
    return ended


async def watch_lines(
    info: Info, job_id: ID | None = None, min_level: LogLevel = LogLevel.INFO, after: ID | None = None
) -> AsyncIterator[LogEntry]:
    if after is not None and (job_id is None or not _LINE_ID.fullmatch(after)):
        raise Refusal(ErrorCode.BAD_INPUT, "after is the id of a log line of the job that jobId names.", "after")
    levels = set(levels_from(min_level))
    lines = _all_lines(info) if job_id is None else _lines_of_job(info, job_id, after)
    async for line in lines:
        if line.level in levels:
            yield line


def interval_of(max_per_second: float) -> float:
    """Seconds between two messages of progress.

    Raises:
        Refusal: BAD_INPUT outside of 0.1 to 20 a second.
    """
    if not SLOWEST <= max_per_second <= FASTEST:
        raise Refusal(ErrorCode.BAD_INPUT, f"maxPerSecond is {SLOWEST} to {FASTEST:g}.", "maxPerSecond")
    return 1 / max_per_second


async def _states_of_job(
    info: Info, job_id: str, max_per_second: float, type_: JobType | None
) -> AsyncIterator[JobRow]:
    viewer = info.context.viewer
    with info.context.means.hub.listen(job_topic(job_id), interval=interval_of(max_per_second)) as mailbox:
        job = await steadily(find_job, viewer, job_id, type_)
        mailbox.seen(job_event(job))
        yield job
        while job.status.is_active:
            try:
                job = job_of_event(await mailbox.get())
            except StateLost:
                job = await steadily(find_job, viewer, job_id, type_)
                mailbox.seen(job_event(job))
            yield job


async def _all_lines(info: Info) -> AsyncIterator[LogEntry]:
    viewer = info.context.viewer
    topic = logs_topic() if viewer.is_admin else logs_topic(owner_id=viewer.user_id)
    with info.context.means.hub.listen(topic) as mailbox:
        while True:
            try:
                yield line_type((await mailbox.get()).row)
            except StateLost:
                continue


async def _lines_of_job(info: Info, job_id: str, after: str | None) -> AsyncIterator[LogEntry]:
    """Without a hole: whenever an event does not follow on the line before it, the database is asked."""
    viewer = info.context.viewer
    with info.context.means.hub.listen(job_topic(job_id), logs_topic(job_id=job_id), interval=1) as mailbox:
        await steadily(find_job, viewer, job_id)
        seen = int(after) if after is not None else await steadily(newest_line_id, job_id)
        is_whole = False
        while True:
            if not is_whole:
                job = await steadily(find_job, viewer, job_id)
                for row in await steadily(lines_after, job_id, seen):
                    seen = row["id"]
                    yield line_type(row)
                if not job.status.is_active:
                    return
            is_whole, line = await _next_line(mailbox, seen)
            if line is not None:
                seen = int(line.id)
                yield line


async def _next_line(mailbox: Mailbox, seen: int) -> tuple[bool, LogEntry | None]:
    """The line after `seen`; or, where the next event does not tell it, whether the database need not be asked."""
    try:
        event = await mailbox.get()
    except StateLost:
        return False, None
    if event.kind == "job":
        return job_of_event(event).status.is_active, None
    if event.row["id"] <= seen:
        return True, None
    follows = (event.row["previous_id"] or 0) == seen
    return follows, line_type(event.row) if follows else None
