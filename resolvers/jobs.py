"""Jobs: creating, reading, stopping, going on, doing again and removing."""

from collections.abc import Callable
from typing import Any, TypeVar

from strawberry import ID

from base.errors import ErrorCode, Refusal
from base.settings import PREFIX, Settings
from base.words import JobType
from downloads.lifecycle import update_download
from downloads.partials import remove_partials
from jobs.creation import NewJob
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
from jobs.purge import purge_job
from jobs.queries import find_job, list_jobs, page_jobs
from jobs.reviews import finish_anew, review_item
from jobs.rows import job_of
from jobs.scheduling.external import check_may_own, find_task
from jobs.statistics import measure_jobs
from processors.languages import check_language
from processors.manifest import Kind
from processors.options import read_options
from processors.registry import find_kind, list_kinds
from schema.context import Context, Info
from schema.types.arguments import (
    After,
    Answer,
    BatchId,
    Before,
    First,
    ItemId,
    JobChanges,
    JobId,
    JobsInOrder,
    JobsToCancel,
    JobsWanted,
    Last,
    NewBatch,
    NewTask,
    Offset,
    OnlyFailedItems,
    Review,
    TaskId,
)
from schema.types.connection import Connection, Window, connection_of, counted
from schema.types.enums import OrderDirection
from schema.types.inputs import JobFilter, JobOrder, StartJobInput, criteria_of
from schema.types.item import JobItem, item_type
from schema.types.job import Batch, Job, JobRow, Task, batch_type, task_type
from schema.types.jobs import job_type, selected_columns
from schema.types.statistics import Statistics, statistics_type
from schema.types.work import CreateBatchInput, CreateTaskInput, new_job_of
from webhooks.lifecycle import remove_deliveries

T = TypeVar("T", bound=Job)


async def resolve_create_task(info: Info, input: NewTask) -> Task:  # noqa: A002  the contract's name
    return task_type(await _create(info, input, JobType.TASK), info.context)


async def resolve_create_batch(info: Info, input: NewBatch) -> Batch:  # noqa: A002  the contract's name
    return batch_type(await _create(info, input, JobType.BATCH), info.context)


async def _create(info: Info, given: CreateTaskInput | CreateBatchInput, type_: JobType) -> JobRow:
    viewer = info.context.viewer
    check_may_own(viewer)
    new = new_job_of(given)
    kind = find_kind(new.kind, "input.work.custom.kind")
    if kind.job_type is not type_:
        kinds = [known.name for known in list_kinds() if known.job_type is type_]
        message = f'"{new.kind}" is no kind of {type_.lower()}: give one of {", ".join(kinds)}.'
        raise Refusal(ErrorCode.BAD_INPUT, message, "input.work.custom.kind")
    services = info.context.services
    _check_settings(kind, new, services.settings)
    check_language(kind, new.options, services.settings.resources, new.field)
    limit = services.settings.unfinished_jobs_per_user
    return await create_job(viewer, kind, new, services.outbox, max_unfinished=limit)


def _check_settings(kind: Kind, new: NewJob, settings: Settings) -> None:
    """Raises Refusal BAD_INPUT for an option that asks for what the operator has not set up."""
    for setting, option in read_options(kind, new.options, new.field).needed_settings().items():
        if not getattr(settings, setting):
            field = f"{new.field}.{option}"
            message = (
                f"{field}: This is not set up here; whoever runs the server names it in {PREFIX}{setting.upper()}."
            )
            raise Refusal(ErrorCode.BAD_INPUT, message, field)


async def resolve_start_job(info: Info, id: JobId, input: Answer = None) -> Job:  # noqa: A002  contract
    given = input or StartJobInput()
    if given.options is not None and not isinstance(given.options, dict):
        raise Refusal(ErrorCode.BAD_INPUT, "Options are a JSON object.", "input.options")
    options: dict[str, Any] | None = given.options
    uploads = [str(upload_id) for upload_id in given.add_upload_ids]
    services = info.context.services
    if options and not uploads:
        anew = await finish_anew(info.context.viewer, id, options, find_kind, services.outbox)
        if anew is not None:
            job, freed = anew
            for key in freed:
                await services.storage.remove(key)
            return job_type(job, info.context)
    job = await start_job(
        info.context.viewer, id, find_kind, info.context.services.outbox, add_upload_ids=uploads, options=options
    )
    return job_type(job, info.context)


async def resolve_update_job(info: Info, id: JobId, input: JobChanges) -> Job:  # noqa: A002  the contract's names
    viewer, services = info.context.viewer, info.context.services
    columns, changes = input.as_changes(), input.as_download_changes()
    if changes is None:
        return job_type(await update_job(viewer, id, columns, services.outbox), info.context)
    job = await update_download(viewer, id, changes, columns, services.downloads, services.outbox)
    return job_type(job, info.context)


async def resolve_pause_job(info: Info, id: JobId) -> Job:  # noqa: A002  the contract's name
    return job_type(await pause_job(info.context.viewer, id, info.context.services.outbox), info.context)


async def resolve_resume_job(info: Info, id: JobId) -> Job:  # noqa: A002  the contract's name
    return job_type(await resume_job(info.context.viewer, id, info.context.services.outbox), info.context)


async def resolve_cancel_job(info: Info, id: JobId) -> Job:  # noqa: A002  the contract's name
    return job_type(await cancel_job(info.context.viewer, id, info.context.services.outbox), info.context)


async def resolve_cancel_jobs(info: Info, filter: JobsToCancel) -> list[Job]:  # noqa: A002  the contract's name
    jobs = await cancel_jobs(info.context.viewer, criteria_of(filter), info.context.services.outbox)
    return [job_type(job, info.context) for job in jobs]


async def resolve_retry_job(info: Info, id: JobId, only_failed_items: OnlyFailedItems = False) -> Job:  # noqa: A002
    services = info.context.services
    job, freed = await retry_job(
        info.context.viewer,
        id,
        services.outbox,
        only_failed_items=only_failed_items,
        max_unfinished=services.settings.unfinished_jobs_per_user,
    )
    for key in freed:
        await services.storage.remove(key)
    return job_type(job, info.context)


async def resolve_review_item(info: Info, id: ItemId, input: Review) -> JobItem:  # noqa: A002  the contract's names
    services = info.context.services
    row, freed = await review_item(info.context.viewer, id, input.as_review(), find_kind, services.outbox)
    for key in freed:
        await services.storage.remove(key)
    return item_type(row)


async def resolve_delete_job(info: Info, id: JobId) -> ID:  # noqa: A002  the contract's name
    return ID(await delete_job(info.context.viewer, id, info.context.services.outbox))


async def resolve_purge_job(info: Info, id: JobId) -> ID:  # noqa: A002  the contract's name
    services = info.context.services

    async def remove_elsewhere(job_id: str) -> None:
        await remove_deliveries(job_id)
        await remove_partials(services.storage, job_id)

    return ID(await purge_job(info.context.viewer, id, services.upload_services, services.outbox, remove_elsewhere))


async def resolve_job(info: Info, id: JobId) -> Job | None:  # noqa: A002  the contract's name
    job = await find_job(info.context.viewer, id, None, selected_columns(info))
    return job_type(job, info.context)


async def resolve_task(info: Info, id: TaskId) -> Task | None:  # noqa: A002  the contract's name
    return task_type(await find_task(info.context.viewer, id, selected_columns(info)), info.context)


async def resolve_batch(info: Info, id: BatchId) -> Batch | None:  # noqa: A002  the contract's name
    job = await find_job(info.context.viewer, id, JobType.BATCH, selected_columns(info))
    return batch_type(job, info.context)


async def resolve_jobs(
    info: Info,
    filter: JobsWanted = None,  # noqa: A002  the contract's name
    order_by: JobsInOrder = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    offset: Offset = None,
) -> Connection[Job]:
    return await page_of_jobs(info, filter, order_by, Window(first, after, last, before, offset), job_type)


async def resolve_tasks(
    info: Info,
    filter: JobsWanted = None,  # noqa: A002  the contract's name
    order_by: JobsInOrder = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    offset: Offset = None,
) -> Connection[Task]:
    window = Window(first, after, last, before, offset)
    return await page_of_jobs(info, filter, order_by, window, task_type, JobType.TASK)


async def resolve_batches(
    info: Info,
    filter: JobsWanted = None,  # noqa: A002  the contract's name
    order_by: JobsInOrder = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    offset: Offset = None,
) -> Connection[Batch]:
    window = Window(first, after, last, before, offset)
    return await page_of_jobs(info, filter, order_by, window, batch_type, JobType.BATCH)


async def resolve_statistics(info: Info, filter: JobsWanted = None) -> Statistics:  # noqa: A002  contract
    return statistics_type(await measure_jobs(info.context.viewer, criteria_of(filter)))


async def page_of_jobs(
    info: Info,
    filter_: JobFilter | None,
    order_by: JobOrder | None,
    window: Window,
    as_type: Callable[[JobRow, Context], T],
    *types: JobType,
) -> Connection[T]:
    """A page of the jobs of these types that the viewer may see."""
    order = order_by or JobOrder()
    is_descending = order.direction is OrderDirection.DESC
    criteria = criteria_of(filter_, *types)
    columns = selected_columns(info)
    listing = list_jobs(info.context.viewer, criteria, order.field, is_descending=is_descending, columns=columns)
    page = await page_jobs(listing, counted(info, window))
    return connection_of(page, lambda row: as_type(job_of(row), info.context))
