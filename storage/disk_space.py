"""Disk space: the errors that say that there is none, and a trial."""

import errno
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from base.errors import ErrorCode, Refusal

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""No room for anybody, or none for this user. A file that is too large (EFBIG) stays so, however long one waits."""
SIGNS = re.compile(rb"No space left on device|Disk quota exceeded|database or disk is full")
"""What programs print before they end for lack of room (strerror of Linux and macOS, SQLite)."""
RESERVED_BYTES = 64 * 2**20
"""Uploads and the work on jobs leave so much free, so that the database can still be written."""
_TRIAL_BYTES = 64 * 1024


def is_disk_full(error: BaseException | None) -> bool:
    """Whether `error`, or one that led to it, says that there is no room."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def describe_low_space(folder: Path, reserved_bytes: int = RESERVED_BYTES) -> str | None:
    """A sentence for the operator where the disk of `folder` has so little free that nothing would be taken in."""
    there = next((each for each in (folder, *folder.absolute().parents) if each.is_dir()), None)
    free = shutil.disk_usage(there).free if there else reserved_bytes + 1
    if free > reserved_bytes:
        return None
    return (
        f"The disk of the data folder {folder} has {free // 2**20} MiB free, and uploads and jobs need more than "
        f"{reserved_bytes // 2**20} MiB: make room there, or set WAYBILL_DATA_DIR to a folder on a larger disk."
    )


def can_write(folder: Path) -> bool:
    """Whether 64 KiB can still be written to `folder`; blocks.

    A trial, because quotas and the number of files do not show in what is free.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_TRIAL_BYTES))
    except OSError as error:
        return error.errno not in FULL
    return True


def disk_full() -> Refusal:
    """There is no room for more bytes."""
    message = "The server has not enough room for this file; try again later."
    return Refusal(ErrorCode.INSUFFICIENT_STORAGE, message, retry_after=60)


@contextmanager
def full_disk_refused() -> Iterator[None]:
    """What the system says of a full disk is the refusal `disk_full` where this block is left."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise disk_full() from error
        raise
