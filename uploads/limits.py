"""Limits of uploads: file, user, concurrency, free disk."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from auth.quotas import lock_quota, sharers_of
from base.errors import ErrorCode, Refusal
from models.fields import now
from models.sql import fetch_rows, placeholders
from storage.disk_space import RESERVED_BYTES, disk_full
from storage.ports import BlobStore
from uploads import tus
from uploads.rows import PRESENT


@dataclass(frozen=True)
class Limits:
    """Numbers of bytes, uploads and seconds; 0 is no limit where a user's share is limited.

    Attributes:
        max_size_bytes: Of one file.
        bytes_per_user: Of all files of one user, announced ones included.
        open_per_user: Unfinished uploads of one user.
        running: Bodies that one process takes in at the same time, each of which takes up to 2 MiB of memory.
        running_per_user: Those of one user among them.
        idle_seconds: How long a body may be silent before its connection is given up.
        min_bytes_per_second: Of one body, on average over each `pace_seconds`; a slower one is ended. 0 = any speed.
        reserved_bytes: Disk space that uploads leave free, so that the database can still be written.
    """

    max_size_bytes: int = 10 * 1024**3
    bytes_per_user: int = 0
    open_per_user: int = 0
    running: int = 256
    running_per_user: int = 0
    idle_seconds: float = 60.0
    min_bytes_per_second: int = 0
    pace_seconds: float = 60.0
    reserved_bytes: int = RESERVED_BYTES

    def check_size(self, size_bytes: int) -> None:
        """Refuse a file that is too large: FILE_TOO_LARGE."""
        if size_bytes > self.max_size_bytes:
            raise tus.too_large(self.max_size_bytes)


class ConcurrencyLimiter:
    """Counts the bodies that are being taken in, by the quota of the upload's owner."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    @contextmanager
    def slot(self, limits: Limits, quota: str) -> Iterator[None]:
        """One place for `quota` while the block lasts.

        Raises:
            Refusal: SERVICE_UNAVAILABLE where none is free, or as many are this quota's as may be. It is a 503 for both:
                of tus clients some try again by themselves after it, and give the file up after a 429.
        """
        if limits.running_per_user and self._counts[quota] >= limits.running_per_user:
            message = (
                f"You are sending {limits.running_per_user} files, as many as one user may send at the same time;"
                " try again when one of them has arrived."
            )
            raise _busy(message)
        if self._counts.total() >= limits.running:
            raise _busy("The server is taking in as many files as it can; try again in a moment.")
        self._counts[quota] += 1
        try:
            yield
        finally:
            self._counts[quota] -= 1
            if not self._counts[quota]:
                del self._counts[quota]


def _busy(message: str) -> Refusal:
    return Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=2)


async def check_share(db: BaseDBAsyncClient, limits: Limits, owner_id: str, more_bytes: int, *, is_new: bool) -> None:
    """Refuse what goes beyond the share of a user; within the transaction that adds `more_bytes` or an upload.

    Raises:
        Refusal: QUOTA_EXCEEDED.
    """
    checks_open = is_new and limits.open_per_user
    if not (limits.bytes_per_user and more_bytes) and not checks_open:
        return
    await lock_quota(db, owner_id)
    used_bytes, open_uploads = await _share_of(db, owner_id)
    if limits.bytes_per_user and more_bytes and used_bytes + more_bytes > limits.bytes_per_user:
        raise quota_exceeded(limits.bytes_per_user, limits.bytes_per_user - used_bytes)
    if checks_open and open_uploads >= limits.open_per_user:
        message = f"You have {limits.open_per_user} unfinished uploads: finish or delete some first."
        raise Refusal(ErrorCode.QUOTA_EXCEEDED, message)


async def count_free_bytes(db: BaseDBAsyncClient, limit_bytes: int, owner_id: str, download_id: str) -> int:
    """How many bytes the transfers of a download may take of the `limit_bytes` of its owner's quota.

    To be called in the transaction that reserves them, which has locked the quota.
    """
    used_bytes, _ = await _share_of(db, owner_id, but_download=download_id)
    return max(limit_bytes - used_bytes, 0)


def quota_exceeded(limit_bytes: int, free_bytes: int) -> Refusal:
    message = f"You may keep {limit_bytes} bytes here, of which {max(free_bytes, 0)} are free: delete something first."
    return Refusal(ErrorCode.QUOTA_EXCEEDED, message)


async def has_space(storage: BlobStore, limits: Limits) -> bool:
    """Whether the disk has more left than what is kept free."""
    return await storage.free_bytes() > limits.reserved_bytes


async def check_space(storage: BlobStore, limits: Limits, needed_bytes: int) -> None:
    """Refuse what does not fit on the disk: INSUFFICIENT_STORAGE."""
    if await storage.free_bytes() - limits.reserved_bytes < needed_bytes:
        raise disk_full()


async def _share_of(db: BaseDBAsyncClient, owner_id: str, but_download: str = "") -> tuple[int, int]:
    """Bytes that the sharers of a user's quota have announced or stored, and unfinished uploads.

    The bytes of a part that was deleted count as long as a concatenation keeps them. Of files that are being fetched
    counts what is reserved for them, but for those of `but_download`, and of those that wait or failed, what has come.
    """
    downloads = f"j.owner_id IN {sharers_of('$1')} AND j.type = 'DOWNLOAD'"
    reserved = f"SELECT coalesce(sum(j.reserved_bytes), 0) FROM jobs j WHERE {downloads} AND j.status = 'PROCESSING' AND j.id <> $3"
    kept = (
        f"SELECT coalesce(sum(i.processed_bytes), 0) FROM jobs j JOIN items i ON i.job_id = j.id WHERE {downloads}"
        " AND j.status NOT IN ('COMPLETED', 'SKIPPED') AND i.status NOT IN ('COMPLETED', 'SKIPPED')"
        " AND NOT (j.status = 'PROCESSING' AND i.status IN ('PENDING', 'PROCESSING'))"
    )
    statement = (
        f"SELECT coalesce(sum(coalesce(size_bytes, offset_bytes)), 0) + ({reserved}) + ({kept}) AS used_bytes,"
        " coalesce(sum(CASE WHEN status = 'UPLOADING' AND (expires_at IS NULL OR expires_at > $2) THEN 1 ELSE 0 END), 0)"
        f" AS open_uploads FROM uploads WHERE owner_id IN {sharers_of('$1')} AND is_stored = TRUE"
        f" AND (status IN ({placeholders(PRESENT, 4)}) OR is_partial = TRUE)"
    )
    row = (await fetch_rows(db, statement, owner_id, now().timestamp(), but_download, *PRESENT))[0]
    return int(row["used_bytes"]), int(row["open_uploads"])
