"""Rows of jobs as clients see them, each in its own type."""

from collections.abc import Callable

import models
from base.words import JobType
from schema.context import Context, Info, selected_names
from schema.types.download import Download, download_type
from schema.types.job import Batch, Job, Task, batch_type, task_type
from schema.types.progress import Progress
from schema.types.rows import columns_of

_ROW_TYPES = (Task, Batch, Download, Progress)
_TYPES: dict[JobType, Callable[[models.Job, Context], Job]] = {
    JobType.TASK: task_type,
    JobType.BATCH: batch_type,
    JobType.DOWNLOAD: download_type,
}


def job_type(job: models.Job, context: Context) -> Job:
    """The row as clients see it, in its own type."""
    return _TYPES[job.type](job, context)


def selected_columns(info: Info) -> frozenset[str]:
    """The columns of jobs that the operation needs below the field that is being answered: all of these and no others."""
    return columns_of(selected_names(info), *_ROW_TYPES)
