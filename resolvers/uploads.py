"""Uploads: announcing one, sending a small one, reading one or many."""

from strawberry import ID

from schema.context import Info
from schema.types.arguments import (
    After,
    Before,
    ExternalIds,
    FilePart,
    FileToSend,
    First,
    Last,
    Offset,
    UploadId,
    UploadStatuses,
)
from schema.types.connection import Connection, Window, connection_of, counted
from schema.types.upload import Upload, upload_columns, upload_row_type, upload_type
from uploads.body import Body
from uploads.finishing import wait_until_finished
from uploads.lifecycle import NewUpload, create_upload, delete_upload
from uploads.metadata import described
from uploads.queries import find_upload, page_uploads
from uploads.receiving import create_with_bytes


async def resolve_create_upload(info: Info, input: FileToSend) -> Upload:  # noqa: A002  the contract's name
    await info.context.services.upload_services.check_creator(info.context.viewer)
    description = described(input.filename, input.content_type, input.external_id, "input.externalId")
    new = NewUpload(info.context.viewer.user_id, description, input.size)
    return upload_type(await create_upload(info.context.services.upload_services, new), info.context)


async def resolve_upload_file(info: Info, file: FilePart) -> Upload:
    upload_services = info.context.services.upload_services
    await upload_services.check_creator(info.context.viewer)
    new = NewUpload(info.context.viewer.user_id, described(file.filename, file.content_type, None), file.size_bytes)
    upload = await create_with_bytes(upload_services, new, Body(file.size_bytes, file.read()))
    return upload_type(await wait_until_finished(upload_services, upload), info.context)


async def resolve_upload(info: Info, id: UploadId) -> Upload | None:  # noqa: A002  the contract's name
    return upload_type(await find_upload(info.context.viewer, id), info.context)


async def resolve_uploads(
    info: Info,
    statuses: UploadStatuses = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    offset: Offset = None,
    external_ids: ExternalIds = None,
) -> Connection[Upload]:
    window = counted(info, Window(first, after, last, before, offset))
    page = await page_uploads(info.context.viewer, statuses, window, external_ids, upload_columns(info))
    return connection_of(page, upload_row_type(info.context))


async def resolve_delete_upload(info: Info, id: UploadId) -> ID:  # noqa: A002  the contract's name
    viewer = info.context.viewer
    upload = await find_upload(viewer, id)
    return ID((await delete_upload(info.context.services.upload_services, upload.id, viewer.user_id)).id)
