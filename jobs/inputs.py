"""Check the uploads and options of a new job."""

from collections.abc import Sequence
from enum import Enum
from pathlib import PurePosixPath
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import JobStatus, UploadStatus
from jobs.limits import check_size
from models import JobUpload, Upload
from models.ids import type_of_id
from models.sql import fetch_rows, for_share, foresee_rows, placeholders
from processors.contract import Kind, Options
from processors.external.kind import ExternalOptions
from processors.options import read_options
from uploads.rows import OPEN, PRESENT, upload_of

_FIELD = "input.uploadIds"
_WAITING_FOR = "SELECT j.id FROM jobs j JOIN job_uploads u ON u.job_id = j.id WHERE u.upload_id = $1 AND j.status = $2 ORDER BY j.id"
_USING = "SELECT job_id FROM job_uploads WHERE upload_id = $1 ORDER BY job_id"


class Inputs(Enum):
    """Whether the uploads of a job are there: as the worst of them is. A job without uploads has all that it needs."""

    COMPLETE = "all of them are"
    ARRIVING = "some are still coming in"
    GONE = "some will never be"


async def check_inputs(db: BaseDBAsyncClient, viewer: Viewer, kind: Kind, upload_ids: Sequence[str]) -> list[Upload]:
    """The uploads in the order of `upload_ids`; they may still be coming in, but none ends before this transaction.

    Raises:
        Refusal: BAD_INPUT (too few, too many, twice), UPLOAD_NOT_FOUND, INVALID_STATE (gone), UNSUPPORTED_TYPE.
    """
    if len(set(upload_ids)) != len(upload_ids):
        raise Refusal(ErrorCode.BAD_INPUT, "The same upload is named twice.", _FIELD)
    if not kind.min_files <= len(upload_ids) <= kind.max_files:
        message = f"{kind.name} takes {_number_of_uploads(kind)}: {len(upload_ids):,} are given."
        raise Refusal(ErrorCode.BAD_INPUT, message, _FIELD)
    if not upload_ids:
        return []
    for id_ in upload_ids:
        if type_of_id(id_, _FIELD) != "upload":
            raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "There is no such upload.", _FIELD)
    places = placeholders(upload_ids)
    rows = await fetch_rows(db, f"SELECT * FROM uploads WHERE id IN ({places}) ORDER BY id{for_share(db)}", *upload_ids)
    found = {row["id"]: upload_of(row) for row in rows}
    return [_check_upload(viewer, kind, found.get(id_)) for id_ in upload_ids]


async def lock_inputs(db: BaseDBAsyncClient, job_id: str) -> list[Upload]:
    """The uploads of a job in their order, which none of them changes before this transaction ends.

    To be called before the job is locked: whoever ends an upload locks that first, and the jobs that use it then.
    """
    lock = f"SELECT id FROM uploads WHERE id IN (SELECT upload_id FROM job_uploads WHERE job_id = $1) ORDER BY id{for_share(db)}"
    await fetch_rows(db, lock, job_id)
    statement = (
        "SELECT u.* FROM uploads u JOIN job_uploads w ON w.upload_id = u.id WHERE w.job_id = $1 ORDER BY w.position"
    )
    return [upload_of(row) for row in await fetch_rows(db, statement, job_id)]


async def add_inputs(db: BaseDBAsyncClient, job_id: str, uploads: Sequence[Upload], first_position: int = 0) -> None:
    """Tie `uploads` to a job, after those that it has."""
    for position, upload in enumerate(uploads, first_position):
        await JobUpload.create(using_db=db, job_id=job_id, upload_id=upload.id, position=position)


async def state_of_inputs(db: BaseDBAsyncClient, job_id: str) -> Inputs:
    """Whether the uploads of a job are there."""
    (state,) = await _states_of_inputs(db, [job_id])
    return state


async def states_of_inputs(job_ids: Sequence[str]) -> list[Inputs]:
    """For each job whether its uploads are there."""
    return await _states_of_inputs(get_connection("default"), job_ids)


async def _states_of_inputs(db: BaseDBAsyncClient, job_ids: Sequence[str]) -> list[Inputs]:
    statement = (
        "SELECT w.job_id, max(CASE WHEN u.status = $1 THEN 0 WHEN u.status IN ($2, $3) THEN 1 ELSE 2 END) AS worst "
        "FROM job_uploads w LEFT JOIN uploads u ON u.id = w.upload_id "
        f"WHERE w.job_id IN ({placeholders(job_ids, 4)}) GROUP BY w.job_id"
    )
    rows = await fetch_rows(db, statement, UploadStatus.COMPLETED, *OPEN, *job_ids)
    worst = {row["job_id"]: list(Inputs)[row["worst"]] for row in rows}
    return [worst.get(job_id, Inputs.COMPLETE) for job_id in job_ids]


async def count_bytes(db: BaseDBAsyncClient, job_id: str) -> dict[str, int | None]:
    """The columns of a job (locked) that tell its bytes; `total_bytes` is None while an upload's size is unknown."""
    rows = await fetch_rows(
        db,
        "SELECT u.size_bytes, u.offset_bytes FROM uploads u JOIN job_uploads w ON w.upload_id = u.id WHERE w.job_id = $1",
        job_id,
    )
    sizes = [row["size_bytes"] for row in rows]
    known = sum(size or 0 for size in sizes)
    total = None if None in sizes else known
    return {"total_size": known, "total_bytes": total, "processed_bytes": sum(row["offset_bytes"] for row in rows)}


async def jobs_waiting_for(db: BaseDBAsyncClient, upload_id: str) -> list[str]:
    """The jobs that are UPLOADING and use this upload, in the order in which they are to be locked."""
    return [row["id"] for row in await fetch_rows(db, _WAITING_FOR, upload_id, JobStatus.UPLOADING)]


def foresee_waiting(db: BaseDBAsyncClient, upload_id: str) -> None:
    """Say that `jobs_waiting_for` is asked next but one; see `models.sql.foresee_rows`."""
    foresee_rows(db, _WAITING_FOR, upload_id, JobStatus.UPLOADING)


async def jobs_using(db: BaseDBAsyncClient, upload_id: str) -> list[str]:
    """The jobs that use this upload, in the order in which they are to be locked."""
    return [row["job_id"] for row in await fetch_rows(db, _USING, upload_id)]


def foresee_using(db: BaseDBAsyncClient, upload_id: str) -> None:
    """Say that `jobs_using` is asked next but one; see `models.sql.foresee_rows`."""
    foresee_rows(db, _USING, upload_id)


def check_options(kind: Kind, options: dict[str, Any], field: str) -> Options:
    """`options`, which the client wrote in `field`, as the type of their kind.

    Raises:
        Refusal: BAD_INPUT with the first option that is wrong, or with `field` where all of them are too long.
    """
    check_size(options, kind.options, field)
    return read_options(kind, options, field)


def _number_of_uploads(kind: Kind) -> str:
    least, most = kind.min_files, kind.max_files
    if least == most:
        return "exactly one upload" if most == 1 else f"exactly {most:,} uploads"
    return f"at most {most:,} uploads" if least == 0 else f"{least:,} to {most:,} uploads"


def queue_of(options: Options) -> str | None:
    """The queue in which other programs find the job; None where the work is done here."""
    return options.queue if isinstance(options, ExternalOptions) else None


def _check_upload(viewer: Viewer, kind: Kind, upload: Upload | None) -> Upload:
    if upload is None or not viewer.may_see(upload.owner_id) or upload.status is UploadStatus.DELETED:
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "There is no such upload.", _FIELD)
    if upload.is_partial:
        message = f"The upload “{upload.filename}” is a part: name the concatenation that it belongs to."
        raise Refusal(ErrorCode.BAD_INPUT, message, _FIELD)
    if upload.status not in PRESENT:
        raise Refusal(ErrorCode.INVALID_STATE, f"The upload “{upload.filename}” is {upload.status}.", _FIELD)
    ending = PurePosixPath(upload.filename).suffix.lower()
    if ending and kind.accept and ending not in kind.accept:
        message = f"{kind.name} takes {', '.join(kind.accept)}; “{upload.filename}” is none of them."
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, message, _FIELD)
    return upload
