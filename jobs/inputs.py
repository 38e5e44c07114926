"""What a new job is made of: checking its uploads and its options before anything is written."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError
from tortoise.backends.base.client import BaseDBAsyncClient

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from models import Upload
from models.ids import type_of_id
from processors.contract import Options, Processor

_FIELD = "input.uploadIds"
_USABLE = {UploadStatus.UPLOADING, UploadStatus.FINALISING, UploadStatus.COMPLETED}


async def check_inputs(
    db: BaseDBAsyncClient, viewer: Viewer, processor: Processor, upload_ids: Sequence[str]
) -> list[Upload]:
    """The uploads in the order of their ids, locked against nothing: they may still be coming in.

    Raises:
        Refusal: BAD_INPUT (too few, too many, twice), UPLOAD_NOT_FOUND, INVALID_STATE (gone), UNSUPPORTED_TYPE.
    """
    if len(set(upload_ids)) != len(upload_ids):
        raise Refusal(ErrorCode.BAD_INPUT, "The same upload is named twice.", _FIELD)
    if not 1 <= len(upload_ids) <= processor.max_files:
        raise Refusal(ErrorCode.BAD_INPUT, f"{processor.kind} takes 1 to {processor.max_files} uploads.", _FIELD)
    for id_ in upload_ids:
        if type_of_id(id_, _FIELD) != "upload":
            raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "There is no such upload.", _FIELD)
    found = {upload.id: upload for upload in await Upload.filter(id__in=upload_ids).using_db(db)}
    return [_check_upload(viewer, processor, found.get(id_)) for id_ in upload_ids]


def check_options(processor: Processor, options: dict[str, Any]) -> Options:
    """`options` as the processor's own type.

    Raises:
        Refusal: BAD_INPUT with the first option that is wrong.
    """
    try:
        return processor.options.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise Refusal(ErrorCode.BAD_INPUT, f"Option {name}: {message}", f"input.work.{processor.kind}.{name}") from None


def _check_upload(viewer: Viewer, processor: Processor, upload: Upload | None) -> Upload:
    if upload is None or not viewer.may_see(upload.owner_id) or upload.status is UploadStatus.DELETED:
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "There is no such upload.", _FIELD)
    if upload.status not in _USABLE:
        raise Refusal(ErrorCode.INVALID_STATE, f"The upload “{upload.filename}” is {upload.status.lower()}.", _FIELD)
    ending = PurePosixPath(upload.filename).suffix.lower()
    if ending and ending not in processor.accept:
        message = f"{processor.kind} takes {', '.join(processor.accept)}; “{upload.filename}” is none of them."
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, message, _FIELD)
    return upload
