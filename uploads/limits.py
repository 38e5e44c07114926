"""How much may come in: of one file, of one user, at the same time; and how much room the disk must keep."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import ErrorCode, Refusal
from models.fields import now
from storage.local import LocalStorage
from storage.writer import disk_full
from uploads import tus
from uploads.rows import PRESENT, fetch_rows, places_for


@dataclass(frozen=True)
class Limits:
    """Numbers of bytes, uploads and seconds; 0 is no limit where a user's share is limited.

    Attributes:
        max_size_bytes: Of one file.
        bytes_per_user: Of all files of one user, announced ones included.
        open_per_user: Unfinished uploads of one user.
        running: Bodies that one process takes in at the same time, each of which takes up to 2 MiB of memory.
        idle_seconds: How long a body may be silent before its connection is given up.
        reserved_bytes: Disk space that uploads leave free, so that the database can still be written.
    """

    max_size_bytes: int = 10 * 1024**3
    bytes_per_user: int = 0
    open_per_user: int = 0
    running: int = 256
    idle_seconds: float = 60.0
    reserved_bytes: int = 64 * 1024**2

    def check_size(self, size_bytes: int) -> None:
        """Refuse a file that is too large: FILE_TOO_LARGE."""
        if size_bytes > self.max_size_bytes:
            raise tus.too_large(self.max_size_bytes)


class Places:
    """Counts the bodies that are being taken in."""

    def __init__(self) -> None:
        self._taken = 0

    @contextmanager
    def taken(self, limits: Limits) -> Iterator[None]:
        """One place while the block lasts.

        Raises:
            Refusal: SERVICE_UNAVAILABLE where none is free: a client tries again by itself.
        """
        if self._taken >= limits.running:
            message = "The server is taking in as many files as it can; try again in a moment."
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=2)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


async def check_share(db: BaseDBAsyncClient, limits: Limits, owner_id: str, more_bytes: int, *, is_new: bool) -> None:
    """Refuse what goes beyond the share of a user; within the transaction that adds `more_bytes` or an upload.

    Raises:
        Refusal: QUOTA_EXCEEDED.
    """
    checks_open = is_new and limits.open_per_user
    if not (limits.bytes_per_user and more_bytes) and not checks_open:
        return
    await _lock_owner(db, owner_id)
    used_bytes, open_uploads = await _share_of(db, owner_id)
    if limits.bytes_per_user and more_bytes and used_bytes + more_bytes > limits.bytes_per_user:
        free = max(limits.bytes_per_user - used_bytes, 0)
        message = f"You may keep {limits.bytes_per_user} bytes here, of which {free} are free: delete something first."
        raise Refusal(ErrorCode.QUOTA_EXCEEDED, message)
    if checks_open and open_uploads >= limits.open_per_user:
        message = f"You have {limits.open_per_user} unfinished uploads: finish or delete some first."
        raise Refusal(ErrorCode.QUOTA_EXCEEDED, message)


async def has_room(storage: LocalStorage, limits: Limits) -> bool:
    """Whether the disk has more left than what is kept free."""
    return await storage.free_bytes() > limits.reserved_bytes


async def check_space(storage: LocalStorage, limits: Limits, needed_bytes: int) -> None:
    """Refuse what does not fit on the disk: INSUFFICIENT_STORAGE."""
    if await storage.free_bytes() - limits.reserved_bytes < needed_bytes:
        raise disk_full()


async def _lock_owner(db: BaseDBAsyncClient, owner_id: str) -> None:
    """Let two requests of one user count one after the other; SQLite's transactions do so anyway."""
    if db.capabilities.support_for_update:
        await fetch_rows(db, "SELECT id FROM users WHERE id = $1 FOR UPDATE", owner_id)


async def _share_of(db: BaseDBAsyncClient, owner_id: str) -> tuple[int, int]:
    """Bytes that a user has announced or stored, and unfinished uploads.

    The bytes of a part that was deleted count as long as a concatenation keeps them.
    """
    statement = (
        "SELECT coalesce(sum(coalesce(size_bytes, offset_bytes)), 0) AS used_bytes,"
        " coalesce(sum(CASE WHEN status = 'UPLOADING' AND (expires_at IS NULL OR expires_at > $2) THEN 1 ELSE 0 END), 0)"
        " AS open_uploads FROM uploads WHERE owner_id = $1 AND is_stored = TRUE"
        f" AND (status IN ({places_for(PRESENT, 3)}) OR is_partial = TRUE)"
    )
    row = (await fetch_rows(db, statement, owner_id, now().timestamp(), *PRESENT))[0]
    return int(row["used_bytes"]), int(row["open_uploads"])
