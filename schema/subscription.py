"""Root fields that go on: the present state first, then every change."""

from collections.abc import AsyncIterator

import strawberry

from resolvers.live import (
    resolve_batch_updated,
    resolve_download_updated,
    resolve_job_updated,
    resolve_jobs_updated,
    resolve_logs,
    resolve_task_updated,
    resolve_upload_updated,
)
from schema.types.download import Download
from schema.types.history import LogEntry
from schema.types.job import Batch, Job, Task
from schema.types.upload import Upload

_PACE = "Changes of status come at once, progress at most maxPerSecond times a second (0.1 to 20)."


@strawberry.type(description="What can be watched.")
class Subscription:
    """See `resolvers/live.py`."""

    job_updated: AsyncIterator[Job] = strawberry.subscription(
        resolver=resolve_job_updated,
        description=f"The present state at once, then each change; ends by itself when the job is finished. {_PACE}",
    )
    task_updated: AsyncIterator[Task] = strawberry.subscription(
        resolver=resolve_task_updated, description=f"As jobUpdated, for a task. {_PACE}"
    )
    batch_updated: AsyncIterator[Batch] = strawberry.subscription(
        resolver=resolve_batch_updated, description=f"As jobUpdated, for a batch. {_PACE}"
    )
    download_updated: AsyncIterator[Download] = strawberry.subscription(
        resolver=resolve_download_updated, description=f"As jobUpdated, for a download. {_PACE}"
    )
    upload_updated: AsyncIterator[Upload] = strawberry.subscription(
        resolver=resolve_upload_updated,
        description=f"The present state at once, then each change; ends with the upload. {_PACE}",
    )
    jobs_updated: AsyncIterator[Job] = strawberry.subscription(
        resolver=resolve_jobs_updated,
        description="Every visible job that matches; one subscription serves a whole page. Starts with the active ones, and with `endedSince` also with "
        "those that ended since. Also "
        "sends a job whose last change made it stop matching, or deleted it. maxPerSecond is per job.",
    )
    logs: AsyncIterator[LogEntry] = strawberry.subscription(
        resolver=resolve_logs,
        description="With `after` (needs jobId): from there on, without a hole, then live; new lines only when it is left out.",
    )
