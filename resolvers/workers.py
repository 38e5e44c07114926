"""Workers of other programs: claiming tasks and reporting on them."""

from jobs.recording.reports import report_task
from jobs.scheduling.external import claim_task
from schema.context import Info
from schema.types.arguments import LeaseId, LeaseSeconds, Queue, TaskId, TaskReport, TaskToClaim
from schema.types.job import Task, task_type


async def resolve_claim_task(
    info: Info,
    queue: Queue = "default",
    lease_seconds: LeaseSeconds = 60,
    id: TaskToClaim = None,  # noqa: A002  the contract's name
) -> Task | None:
    task = await claim_task(info.context.viewer, queue, lease_seconds, info.context.services.outbox, id)
    return None if task is None else task_type(task, info.context)


async def resolve_report_task(info: Info, id: TaskId, lease_id: LeaseId, input: TaskReport) -> Task:  # noqa: A002  contract
    services = info.context.services
    task = await report_task(info.context.viewer, id, lease_id, input.as_report(), services.storage, services.outbox)
    return task_type(task, info.context)
