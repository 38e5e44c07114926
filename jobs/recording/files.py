"""Rows of the files that a job has made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from base.words import FileRole
from jobs.text import sanitise
from models import File
from models.sql import Row, fetch_rows

NAME_LENGTH = 1024
"""Characters of an item's or a file's name; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that was put into storage and now gets its row; `upload_id` is the upload that brought it, if one did."""

    id: str
    role: FileRole
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    storage_key: str
    upload_id: str | None = None
    modified_at: datetime | None = None
    source: str | None = None


async def insert_files(db: BaseDBAsyncClient, job: Row, files: Iterable[NewFile], item_id: str | None = None) -> None:
    """The rows of files of a job's present attempt, or of one of its items."""
    for file in files:
        await File.create(
            using_db=db,
            id=file.id,
            job_id=job["id"],
            item_id=item_id,
            owner_id=job["owner_id"],
            attempt=job["attempt"],
            role=file.role,
            name=sanitise(file.name, NAME_LENGTH),
            content_type=sanitise(file.content_type, 255),
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            storage_key=file.storage_key,
            upload_id=file.upload_id,
            modified_at=file.modified_at,
            source=file.source,
        )


async def renew_files(db: BaseDBAsyncClient, job: Row, files: Sequence[NewFile]) -> None:
    """As `insert_files`, of planning: in the place of all that it made before it was done again."""
    statement = "DELETE FROM files WHERE job_id = $1 AND item_id IS NULL AND role <> $2"
    await fetch_rows(db, statement, job["id"], FileRole.INPUT)
    await insert_files(db, job, files)


async def replace_files(db: BaseDBAsyncClient, job: Row, files: Sequence[NewFile]) -> None:
    """As `insert_files`, in the place of the job's own files of the same role and name, which an earlier call made."""
    for file in files:
        statement = "DELETE FROM files WHERE job_id = $1 AND item_id IS NULL AND role = $2 AND name = $3"
        await fetch_rows(db, statement, job["id"], file.role, sanitise(file.name, NAME_LENGTH))
    await insert_files(db, job, files)


async def insert_item_files(db: BaseDBAsyncClient, job: Row, files: Iterable[tuple[int, NewFile]]) -> None:
    """The rows of files of a job's items, each with the index of its item."""
    for index, file in files:
        rows = await fetch_rows(db, 'SELECT id FROM items WHERE job_id = $1 AND "index" = $2', job["id"], index)
        await insert_files(db, job, [file], rows[0]["id"])
