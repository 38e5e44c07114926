"""Workers of other programs: claiming tasks and reporting on them."""

from strawberry import ID

from jobs.external import claim_task
from jobs.reports import report_task
from schema.context import Info
from schema.types.inputs import ReportTaskInput
from schema.types.job import Task, task_type


async def resolve_claim_task(info: Info, queue: str = "default", lease_seconds: int = 60) -> Task | None:
    task = await claim_task(info.context.viewer, queue, lease_seconds, info.context.means.outbox)
    return None if task is None else task_type(task, info.context)


async def resolve_report_task(info: Info, id: ID, lease_id: ID, input: ReportTaskInput) -> Task:  # noqa: A002  contract
    means = info.context.means
    task = await report_task(info.context.viewer, id, lease_id, input.as_report(), means.storage, means.outbox)
    return task_type(task, info.context)
