"""Uploads: announcing one, sending a small one, reading one or many."""

from strawberry import ID

from schema.context import Info
from schema.types.connection import Connection, Window, connection_of
from schema.types.enums import UploadStatus
from schema.types.inputs import CreateUploadInput
from schema.types.scalars import FileUpload
from schema.types.upload import Upload, upload_row_type, upload_type
from uploads.body import Body
from uploads.finishing import settled
from uploads.lifecycle import NewUpload, create_upload, delete_upload
from uploads.metadata import described
from uploads.queries import find_upload, page_uploads
from uploads.receiving import create_with_bytes


async def resolve_create_upload(info: Info, input: CreateUploadInput) -> Upload:  # noqa: A002  the contract's name
    await info.context.means.receiver.check_creator(info.context.viewer)
    description = described(input.filename, input.content_type, input.external_id)
    new = NewUpload(info.context.viewer.user_id, description, input.size)
    return upload_type(await create_upload(info.context.means.receiver, new), info.context)


async def resolve_upload_file(info: Info, file: FileUpload) -> Upload:
    receiver = info.context.means.receiver
    await receiver.check_creator(info.context.viewer)
    new = NewUpload(info.context.viewer.user_id, described(file.filename, file.content_type, None), file.size_bytes)
    upload = await create_with_bytes(receiver, new, Body(file.size_bytes, file.read()))
    return upload_type(await settled(receiver, upload), info.context)


async def resolve_upload(info: Info, id: ID) -> Upload | None:  # noqa: A002  the contract's name
    return upload_type(await find_upload(info.context.viewer, id), info.context)


async def resolve_uploads(
    info: Info,
    statuses: list[UploadStatus] | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    offset: int | None = None,
) -> Connection[Upload]:
    window = Window(first, after, last, before, offset)
    return connection_of(await page_uploads(info.context.viewer, statuses, window), upload_row_type(info.context))


async def resolve_delete_upload(info: Info, id: ID) -> ID:  # noqa: A002  the contract's name
    viewer = info.context.viewer
    upload = await find_upload(viewer, id)
    return ID((await delete_upload(info.context.means.receiver, upload.id, viewer.user_id)).id)
