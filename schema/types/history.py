"""A job's history and its log."""

from datetime import datetime
from typing import Any

import strawberry

import models
from models.records import record_type
from schema.types.enums import JobStatus, LogLevel

_event_of = record_type(models.JobEvent)
_line_of = record_type(models.LogEntry)


@strawberry.type(
    description="A change of status or stage. Ids of events and log entries are unique in the whole system, grow within "
    "a job, and are the cursors; oldest first."
)
class JobEvent:
    """See `models.JobEvent`."""

    id: strawberry.ID = strawberry.field(description="Grows within a job.")
    at: datetime = strawberry.field(description="When it happened.")
    attempt: int = strawberry.field(description="In which attempt.")
    status: JobStatus = strawberry.field(description="The new status.")
    stage: str | None = strawberry.field(description="The new stage.")
    message: str = strawberry.field(description="One sentence for people.")


@strawberry.type(description="One line of a job's log.")
class LogEntry:
    """See `models.LogEntry`."""

    id: strawberry.ID = strawberry.field(description="Grows within a job.")
    job_id: strawberry.ID | None = strawberry.field(description="Whose log.")
    level: LogLevel = strawberry.field(description="How much it matters.")
    message: str = strawberry.field(description="For people; at most 2,000 characters.")
    at: datetime = strawberry.field(description="When it was written.")


def event_type(row: dict[str, Any]) -> JobEvent:
    """The row as clients see it."""
    event = _event_of(row)
    return JobEvent(
        id=strawberry.ID(str(event.id)),
        at=event.at,
        attempt=event.attempt,
        status=event.status,
        stage=event.stage,
        message=event.message,
    )


def line_type(row: dict[str, Any]) -> LogEntry:
    """The row as clients see it."""
    line = _line_of(row)
    return LogEntry(
        id=strawberry.ID(str(line.id)),
        job_id=strawberry.ID(line.job_id),
        level=line.level,
        message=line.message,
        at=line.at,
    )
