"""Jobs: creating, reading, stopping and doing again."""

from typing import Any

from strawberry import ID

from base.errors import ErrorCode, Refusal
from base.words import JobType
from jobs.lifecycle import cancel_job, create_job, job_of, retry_job, start_job
from jobs.queries import find_job, list_jobs, page_jobs
from processors.registry import find_processor
from schema.context import Info
from schema.types.connection import Connection, Window, connection_of
from schema.types.enums import OrderDirection
from schema.types.inputs import CreateBatchInput, JobFilter, JobOrder, StartJobInput, criteria_of
from schema.types.job import Batch, Job, batch_type, job_type


async def resolve_create_batch(info: Info, input: CreateBatchInput) -> Batch:  # noqa: A002  the contract's name
    viewer = info.context.viewer
    new = input.as_new_job()
    processor = find_processor(new.kind)
    if processor.job_type is not JobType.BATCH:
        raise Refusal(ErrorCode.BAD_INPUT, f"{new.kind} is not done in batches.", "input.work.custom.kind")
    return batch_type(await create_job(viewer, processor, new, info.context.means.outbox), info.context)


async def resolve_start_job(info: Info, id: ID, input: StartJobInput | None = None) -> Job:  # noqa: A002  contract
    given = input or StartJobInput()
    if given.options is not None and not isinstance(given.options, dict):
        raise Refusal(ErrorCode.BAD_INPUT, "Options are a JSON object.", "input.options")
    options: dict[str, Any] | None = given.options
    uploads = [str(upload_id) for upload_id in given.add_upload_ids]
    job = await start_job(
        info.context.viewer, id, find_processor, info.context.means.outbox, add_upload_ids=uploads, options=options
    )
    return job_type(job, info.context)


async def resolve_cancel_job(info: Info, id: ID) -> Job:  # noqa: A002  the contract's name
    return job_type(await cancel_job(info.context.viewer, id, info.context.means.outbox), info.context)


async def resolve_retry_job(info: Info, id: ID, only_failed_items: bool = False) -> Job:  # noqa: A002
    means = info.context.means
    job, freed = await retry_job(info.context.viewer, id, means.outbox, only_failed_items=only_failed_items)
    for key in freed:
        await means.storage.remove(key)
    return job_type(job, info.context)


async def resolve_job(info: Info, id: ID) -> Job | None:  # noqa: A002  the contract's name
    return job_type(await find_job(info.context.viewer, id), info.context)


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
    order = order_by or JobOrder()
    listing = list_jobs(
        info.context.viewer, criteria_of(filter), order.field, is_descending=order.direction is OrderDirection.DESC
    )
    page = await page_jobs(listing, Window(first, after, last, before, offset))
    return connection_of(page, lambda row: job_type(job_of(row), info.context))


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
    order = order_by or JobOrder()
    listing = list_jobs(
        info.context.viewer,
        criteria_of(filter, JobType.BATCH),
        order.field,
        is_descending=order.direction is OrderDirection.DESC,
    )
    page = await page_jobs(listing, Window(first, after, last, before, offset))
    return connection_of(page, lambda row: batch_type(job_of(row), info.context))
