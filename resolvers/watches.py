"""Watches of jobs and uploads: the present state, then each change."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from base.words import JobType
from events.mailbox import Mailbox, StateLost
from events.messages import Event, job_topic, jobs_topic, upload_topic
from execution.groups.watches import Change, Watch
from jobs.queries import JobCriteria, find_job, read_jobs
from jobs.snapshots import (
    JobRow,
    active_jobs,
    in_pages,
    is_listed,
    is_told_anew,
    is_told_deleted,
    job_event,
    job_of_event,
    read_with_retry,
)
from schema.context import Context
from schema.types.job import Job
from schema.types.jobs import job_type
from schema.types.upload import upload_type
from uploads.queries import find_upload, is_arriving, upload_event, upload_of_event

Row = TypeVar("Row")


class HubWatch(Watch):
    """Watches topics of the hub; progress is paced to one change per `interval` seconds and key.

    Raises:
        Refusal: Nobody is signed in.
    """

    mailbox: Mailbox

    def __init__(self, context: Context, *topics: str, interval: float = 0) -> None:
        self.viewer = context.viewer
        self.context = context
        self._topics = topics
        self._interval = interval

    def listen(self) -> None:
        self.mailbox = Mailbox(self._interval)
        for topic in self._topics:
            self.context.services.hub.add(topic, self.mailbox)

    def leave(self) -> None:
        for topic in self._topics:
            self.context.services.hub.remove(topic, self.mailbox)

    def count(self, subscribers: int) -> None:
        self.mailbox.listeners = subscribers

    def expect(self, change: Change) -> None:
        self.mailbox.expect(change.key)


class OneWatch(HubWatch, Generic[Row]):
    """One row, until it has come to its end; nothing of it stays from one change to the next."""

    _goes_on = True

    async def snapshot(self) -> AsyncGenerator[Change, None]:
        yield self._change(await self._read())

    async def changes(self) -> AsyncGenerator[Change, None]:
        while self._goes_on:
            yield await self._next_change()

    async def _next_change(self) -> Change:
        try:
            row, is_urgent = self._row_of(await self.mailbox.get()), self.mailbox.is_urgent
        except StateLost:
            row, is_urgent = await self._read(), True
            self.mailbox.seen(self._event_of(row))
        change = self._change(row, is_urgent=is_urgent)
        self._goes_on = not change.is_last
        return change

    @abstractmethod
    async def _read(self) -> Row:
        """The row as it is now, if its subscriber may see it."""

    @abstractmethod
    def _row_of(self, event: Event) -> Row:
        """The row whose new state the event tells."""

    @abstractmethod
    def _event_of(self, row: Row) -> Event:
        """The state of a row that was read."""

    @abstractmethod
    def _change(self, row: Row, *, is_urgent: bool = True) -> Change:
        """The row as its subscribers see it."""


class JobWatch(OneWatch[JobRow]):
    """One job, shown as `shape` makes it; `type_` is what it must be."""

    def __init__(
        self,
        context: Context,
        job_id: str,
        interval: float,
        type_: JobType | None = None,
        shape: Callable[[JobRow, Context], Job] | None = None,
    ) -> None:
        super().__init__(context, job_topic(job_id), interval=interval)
        self.scope = self._id = job_id
        self._type = type_
        self._shape = shape or job_type

    async def _read(self) -> JobRow:
        return await read_with_retry(find_job, self.viewer, self._id, self._type)

    def _row_of(self, event: Event) -> JobRow:
        return job_of_event(event)

    def _event_of(self, row: JobRow) -> Event:
        return job_event(row)

    def _change(self, row: JobRow, *, is_urgent: bool = True) -> Change:
        return Change(self._shape(row, self.context), f"job:{row.id}", row.version, is_urgent, not row.status.is_active)


class UploadWatch(OneWatch[Any]):
    """One upload."""

    def __init__(self, context: Context, upload_id: str, interval: float) -> None:
        super().__init__(context, upload_topic(upload_id), interval=interval)
        self.scope = self._id = upload_id

    async def _read(self) -> Any:
        return await read_with_retry(find_upload, self.viewer, self._id)

    def _row_of(self, event: Event) -> Any:
        return upload_of_event(event)

    def _event_of(self, row: Any) -> Event:
        return upload_event(row)

    def _change(self, row: Any, *, is_urgent: bool = True) -> Change:
        return Change(upload_type(row, self.context), f"upload:{row.id}", row.version, is_urgent, not is_arriving(row))


class JobsWatch(HubWatch):
    """The jobs that match: the active ones first, and those that ended since a moment; then all that changes."""

    def __init__(
        self, context: Context, criteria: JobCriteria, interval: float, ended_since: datetime | None = None
    ) -> None:
        viewer = context.viewer
        topic = jobs_topic(criteria.owner_id if viewer.is_admin else viewer.user_id)
        super().__init__(context, topic, interval=interval)
        self.scope = topic
        self._criteria = criteria
        self._ended_since = ended_since
        self._shown: dict[str, bool] = {}
        """Of each job that was told and matched then, whether it was active."""

    def expect(self, change: Change) -> None:
        super().expect(change)
        self._shown[change.value.id] = change.value.is_active

    async def snapshot(self) -> AsyncGenerator[Change, None]:
        ids = await read_with_retry(active_jobs, self.viewer, self._criteria, self._ended_since)
        async for job in self._read(ids):
            yield self._change(job)

    async def changes(self) -> AsyncGenerator[Change, None]:
        while True:
            try:
                async for event in self.mailbox:
                    job, is_urgent = job_of_event(event), self.mailbox.is_urgent
                    if await self._is_told(job):
                        yield self._change(job, is_urgent=is_urgent)
                    self._forget_ended(event, job)
            except StateLost:
                ids = await read_with_retry(active_jobs, self.viewer, self._criteria)
                async for job in self._read((*ids, *_missed(self._shown, ids))):
                    event = job_event(job)
                    self.mailbox.seen(event)
                    self._shown[job.id] = job.status.is_active
                    yield self._change(job)
                    self._forget_ended(event, job)

    async def _read(self, ids: Collection[str]) -> AsyncIterator[JobRow]:
        for part in in_pages(ids):
            for job in await read_with_retry(read_jobs, self.viewer, part):
                yield job

    async def _is_told(self, job: JobRow) -> bool:
        """Whether the list holds `job`, held it until now, or is to hear that it was deleted or begun anew."""
        is_match = await read_with_retry(is_listed, self.viewer, self._criteria, job)
        is_told = is_match or job.id in self._shown or is_told_deleted(self._criteria, job)
        is_told = is_told or await read_with_retry(is_told_anew, self._criteria, job)
        if is_match:
            self._shown[job.id] = job.status.is_active
        else:
            self._shown.pop(job.id, None)
        return is_told

    def _forget_ended(self, event: Event, job: JobRow) -> None:
        if not job.status.is_active:
            self.mailbox.forget(event.key)

    def _change(self, job: JobRow, *, is_urgent: bool = True) -> Change:
        return Change(job_type(job, self.context), f"job:{job.id}", job.version, is_urgent)


def _missed(shown: Mapping[str, bool], active: Collection[str]) -> list[str]:
    """The jobs that were active when they were told last and are not among `active`: their end was missed."""
    return sorted({id_ for id_, was_active in shown.items() if was_active}.difference(active))
