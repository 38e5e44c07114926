"""Counts of many jobs."""

import strawberry

from jobs import statistics
from schema.types.enums import JobStatus


@strawberry.type(description="How many jobs are in one status.")
class StatusCount:
    """Statuses that no job has are left out."""

    status: JobStatus = strawberry.field(description="The status.")
    count: int = strawberry.field(description="Jobs in it now.")


@strawberry.type(description="What happened on one day.")
class DayCount:
    """See `jobs.statistics.Day`."""

    date: str = strawberry.field(description="UTC, as 2026-11-21.")
    created: int = strawberry.field(description="Jobs created that day.")
    completed: int = strawberry.field(description="Jobs completed that day.")
    failed: int = strawberry.field(description="Jobs failed that day.")
    items: int = strawberry.field(
        description="Items done (completed, failed or skipped) in the jobs that ended that day."
    )


@strawberry.type(description="Counts of the jobs that match a filter.")
class Statistics:
    """See `jobs.statistics.Statistics`."""

    total: int = strawberry.field(description="Jobs in all.")
    by_status: list[StatusCount] = strawberry.field(description="Without the statuses that no job has.")
    per_day: list[DayCount] = strawberry.field(
        description="Oldest first: from the first day on which anything happened to the last, of the newest 90 days."
    )
    average_run_seconds: float | None = strawberry.field(
        description="From the begin of work to the end, of the completed jobs; null where there are none."
    )
    success_rate: float | None = strawberry.field(description="Completed / (completed + failed), 0 to 1.")


def statistics_type(found: statistics.Statistics) -> Statistics:
    """The counts as clients see them."""
    return Statistics(
        total=found.total,
        by_status=[StatusCount(status=status, count=count) for status, count in found.by_status.items()],
        per_day=[
            DayCount(
                date=day.isoformat(), created=one.created, completed=one.completed, failed=one.failed, items=one.items
            )
            for day, one in found.days.items()
        ],
        average_run_seconds=found.average_run_seconds,
        success_rate=found.success_rate,
    )
