"""Watches of log lines: of one job without a hole, or of all."""

from collections.abc import AsyncGenerator, AsyncIterator

from base.words import LogLevel
from events.mailbox import StateLost
from events.messages import job_topic, logs_topic
from execution.groups.watches import Change
from jobs.contents import levels_from
from jobs.queries import find_job
from jobs.snapshots import job_of_event, lines_after, newest_line_id, read_with_retry
from resolvers.watches import HubWatch
from schema.context import Context
from schema.types.history import LogEntry, line_type


class LinesWatch(HubWatch):
    """The new lines of all jobs that the viewer sees; each subscriber has its own."""

    def __init__(self, context: Context, min_level: LogLevel, *topics: str, interval: float = 0) -> None:
        own = logs_topic() if context.viewer.is_admin else logs_topic(owner_id=context.viewer.user_id)
        super().__init__(context, *(topics or (own,)), interval=interval)
        self._levels = set(levels_from(min_level))

    async def changes(self) -> AsyncGenerator[Change, None]:
        async for line in self._lines():
            if line.level in self._levels:
                yield Change(line)

    async def _lines(self) -> AsyncIterator[LogEntry]:
        while True:
            try:
                yield line_type((await self.mailbox.get()).row)
            except StateLost:
                continue


class JobLinesWatch(LinesWatch):
    """The lines of one job, from `after` on where that is given; it ends with the job.

    Without a hole: whenever an event does not follow on the line before it, the database is asked.
    """

    def __init__(self, context: Context, min_level: LogLevel, job_id: str, after: str | None) -> None:
        super().__init__(context, min_level, job_topic(job_id), logs_topic(job_id=job_id), interval=1)
        self._job_id = job_id
        self._after = after

    async def _lines(self) -> AsyncIterator[LogEntry]:
        await read_with_retry(find_job, self.viewer, self._job_id)
        seen = int(self._after) if self._after is not None else await read_with_retry(newest_line_id, self._job_id)
        is_whole = False
        while True:
            if not is_whole:
                job = await read_with_retry(find_job, self.viewer, self._job_id)
                for row in await read_with_retry(lines_after, self._job_id, seen):
                    seen = row["id"]
                    yield line_type(row)
                if not job.status.is_active:
                    return
            is_whole, line = await self._next_line(seen)
            if line is not None:
                seen = int(line.id)
                yield line

    async def _next_line(self, seen: int) -> tuple[bool, LogEntry | None]:
        """The line after `seen`; or, where the next event does not tell it, whether the database need not be asked."""
        try:
            event = await self.mailbox.get()
        except StateLost:
            return False, None
        if event.kind == "job":
            return job_of_event(event).status.is_active, None
        if event.row["id"] <= seen:
            return True, None
        follows = (event.row["previous_id"] or 0) == seen
        return follows, line_type(event.row) if follows else None
