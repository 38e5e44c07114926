"""Jobs: creating, reading, stopping, going on, doing again and removing."""

from collections.abc import Callable
from typing import Any, TypeVar

from strawberry import ID

from base.errors import ErrorCode, Refusal
from base.words import JobType
from jobs.external import check_may_own
from jobs.lifecycle import (
    cancel_job,
    cancel_jobs,
    create_job,
    delete_job,
    pause_job,
    resume_job,
    retry_job,
    start_job,
    update_job,
)
from jobs.moves import job_of
from jobs.purging import purge_job
from jobs.queries import find_job, list_jobs, page_jobs
from jobs.statistics import measure_jobs
from processors.registry import find_kind
from schema.context import Context, Info, selects
from schema.types.connection import Connection, Window, connection_of
from schema.types.enums import OrderDirection
from schema.types.inputs import JobFilter, JobOrder, StartJobInput, UpdateJobInput, criteria_of
from schema.types.job import Batch, Job, JobRow, Task, batch_type, job_type, task_type
from schema.types.statistics import Statistics, statistics_type
from schema.types.work import CreateBatchInput, CreateTaskInput, new_job_of

T = TypeVar("T", bound=Job)


async def resolve_create_task(info: Info, input: CreateTaskInput) -> Task:  # noqa: A002  the contract's name
    return task_type(await _create(info, input, JobType.TASK), info.context)


async def resolve_create_batch(info: Info, input: CreateBatchInput) -> Batch:  # noqa: A002  the contract's name
    return batch_type(await _create(info, input, JobType.BATCH), info.context)


async def _create(info: Info, given: CreateTaskInput | CreateBatchInput, type_: JobType) -> JobRow:
    viewer = info.context.viewer
    check_may_own(viewer)
    new = new_job_of(given)
    kind = find_kind(new.kind)
    if kind.job_type is not type_:
        raise Refusal(ErrorCode.BAD_INPUT, f"{new.kind} is no kind of {type_.lower()}.", "input.work.custom.kind")
    return await create_job(viewer, kind, new, info.context.means.outbox)


async def resolve_start_job(info: Info, id: ID, input: StartJobInput | None = None) -> Job:  # noqa: A002  contract
    given = input or StartJobInput()
    if given.options is not None and not isinstance(given.options, dict):
        raise Refusal(ErrorCode.BAD_INPUT, "Options are a JSON object.", "input.options")
    options: dict[str, Any] | None = given.options
    uploads = [str(upload_id) for upload_id in given.add_upload_ids]
    job = await start_job(
        info.context.viewer, id, find_kind, info.context.means.outbox, add_upload_ids=uploads, options=options
    )
    return job_type(job, info.context)


async def resolve_update_job(info: Info, id: ID, input: UpdateJobInput) -> Job:  # noqa: A002  the contract's names
    input.check()
    outbox = info.context.means.outbox
    job = await update_job(info.context.viewer, id, outbox, title=input.title, priority=input.priority)
    return job_type(job, info.context)


async def resolve_pause_job(info: Info, id: ID) -> Job:  # noqa: A002  the contract's name
    return job_type(await pause_job(info.context.viewer, id, info.context.means.outbox), info.context)


async def resolve_resume_job(info: Info, id: ID) -> Job:  # noqa: A002  the contract's name
    return job_type(await resume_job(info.context.viewer, id, info.context.means.outbox), info.context)


async def resolve_cancel_job(info: Info, id: ID) -> Job:  # noqa: A002  the contract's name
    return job_type(await cancel_job(info.context.viewer, id, info.context.means.outbox), info.context)


async def resolve_cancel_jobs(info: Info, filter: JobFilter) -> list[Job]:  # noqa: A002  the contract's name
    jobs = await cancel_jobs(info.context.viewer, criteria_of(filter), info.context.means.outbox)
    return [job_type(job, info.context) for job in jobs]


async def resolve_retry_job(info: Info, id: ID, only_failed_items: bool = False) -> Job:  # noqa: A002
    means = info.context.means
    job, freed = await retry_job(info.context.viewer, id, means.outbox, only_failed_items=only_failed_items)
    for key in freed:
        await means.storage.remove(key)
    return job_type(job, info.context)


async def resolve_delete_job(info: Info, id: ID) -> ID:  # noqa: A002  the contract's name
    return ID(await delete_job(info.context.viewer, id, info.context.means.outbox))


async def resolve_purge_job(info: Info, id: ID) -> ID:  # noqa: A002  the contract's name
    return ID(await purge_job(info.context.viewer, id, info.context.means.receiver, info.context.means.outbox))


async def resolve_job(info: Info, id: ID) -> Job | None:  # noqa: A002  the contract's name
    return job_type(await find_job(info.context.viewer, id), info.context)


async def resolve_task(info: Info, id: ID) -> Task | None:  # noqa: A002  the contract's name
    return task_type(await find_job(info.context.viewer, id, JobType.TASK), info.context)


async def resolve_batch(info: Info, id: ID) -> Batch | None:  # noqa: A002  the contract's name
    return batch_type(await find_job(info.context.viewer, id, JobType.BATCH), info.context)


async def resolve_jobs(
    info: Info,
    filter: JobFilter | None = None,  # noqa: A002  the contract's name
    order_by: JobOrder | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    offset: int | None = None,
) -> Connection[Job]:
    return await _page(info, filter, order_by, Window(first, after, last, before, offset), job_type)


async def resolve_tasks(
    info: Info,
    filter: JobFilter | None = None,  # noqa: A002  the contract's name
    order_by: JobOrder | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    offset: int | None = None,
) -> Connection[Task]:
    window = Window(first, after, last, before, offset)
    return await _page(info, filter, order_by, window, task_type, JobType.TASK)


async def resolve_batches(
    info: Info,
    filter: JobFilter | None = None,  # noqa: A002  the contract's name
    order_by: JobOrder | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    offset: int | None = None,
) -> Connection[Batch]:
    window = Window(first, after, last, before, offset)
    return await _page(info, filter, order_by, window, batch_type, JobType.BATCH)


async def resolve_statistics(info: Info, filter: JobFilter | None = None) -> Statistics:  # noqa: A002  contract
    return statistics_type(await measure_jobs(info.context.viewer, criteria_of(filter)))


async def _page(
    info: Info,
    filter_: JobFilter | None,
    order_by: JobOrder | None,
    window: Window,
    as_type: Callable[[JobRow, Context], T],
    *types: JobType,
) -> Connection[T]:
    order = order_by or JobOrder()
    is_descending = order.direction is OrderDirection.DESC
    criteria = criteria_of(filter_, *types)
    has_options = selects(info, "options")
    listing = list_jobs(
        info.context.viewer, criteria, order.field, is_descending=is_descending, has_options=has_options
    )
    return connection_of(await page_jobs(listing, window), lambda row: as_type(job_of(row), info.context))
