"""Root fields that go on: the present state first, then every change."""

from collections.abc import AsyncIterator

import strawberry

from resolvers.live import watch_batch, watch_job, watch_jobs, watch_lines, watch_task, watch_upload
from schema.types.history import LogEntry
from schema.types.job import Batch, Job, Task
from schema.types.upload import Upload

_PACE = "Changes of status come at once, progress at most maxPerSecond times a second (0.1 to 20)."


@strawberry.type(description="What can be watched.")
class Subscription:
    """See `resolvers/live.py`."""

    job_updated: AsyncIterator[Job] = strawberry.subscription(
        resolver=watch_job,
        description=f"The present state at once, then each change; ends by itself when the job is finished. {_PACE}",
    )
    task_updated: AsyncIterator[Task] = strawberry.subscription(
        resolver=watch_task, description=f"As jobUpdated, for a task. {_PACE}"
    )
    batch_updated: AsyncIterator[Batch] = strawberry.subscription(
        resolver=watch_batch, description=f"As jobUpdated, for a batch. {_PACE}"
    )
    upload_updated: AsyncIterator[Upload] = strawberry.subscription(
        resolver=watch_upload, description=f"The present state at once, then each change; ends with the upload. {_PACE}"
    )
    jobs_updated: AsyncIterator[Job] = strawberry.subscription(
        resolver=watch_jobs,
        description="Every visible job that matches; one subscription serves a whole page. Starts with the active ones. Also "
        "sends a job whose last change made it stop matching, or deleted it. maxPerSecond is per job.",
    )
    logs: AsyncIterator[LogEntry] = strawberry.subscription(
        resolver=watch_lines,
        description="With `after` (needs jobId): from there on, without a hole, then live; new lines only when it is left out.",
    )
