"""Opening a file for one writer alone."""

import asyncio
import fcntl
import os
import time
from pathlib import Path

from storage.disk_space import full_disk_refused
from storage.local.durability import Durability
from storage.local.folders import make_parent, sync_folder
from storage.local.threads import Threads
from storage.local.writing import CALL_BYTES, write_rest
from storage.ports import BytesLost

_PAUSE_SECONDS = 0.02


async def open_alone(path: Path, offset: int, threads: Threads, durability: Durability, timeout_seconds: float) -> int:
    """A descriptor of `path`, made if it is new; what lies beyond `offset` is cut away: it was never confirmed.

    Nobody else writes to it afterwards: one who still has it open is waited for, and after `timeout_seconds` (it may be
    stopped, and wake up later) left alone with the old file, while this one goes on with a copy.

    Raises:
        Refusal: INSUFFICIENT_STORAGE: there is no room for a new file.
        BytesLost: The file is shorter than `offset`; nothing was changed.
    """
    until = time.monotonic() + timeout_seconds
    while (descriptor := await _opened(threads, path, offset, durability, until)) is None:  # noqa: ASYNC110  a file tells nobody
        await asyncio.sleep(_PAUSE_SECONDS)
    return descriptor


async def _opened(threads: Threads, path: Path, offset: int, durability: Durability, until: float) -> int | None:
    """A descriptor of `path` for this caller alone; None while somebody else has it, until the moment `until`."""
    is_copying = time.monotonic() >= until
    opening = asyncio.ensure_future(threads.run(_open_at, path, offset, durability, is_copying=is_copying))
    try:
        with full_disk_refused():
            return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise


def _close_unwanted(opening: "asyncio.Future[int | None]") -> None:
    if not opening.cancelled() and opening.exception() is None and (descriptor := opening.result()) is not None:
        os.close(descriptor)


def _open_at(path: Path, offset: int, durability: Durability, *, is_copying: bool) -> int | None:
    descriptor = _open(path, may_make=offset == 0, is_durable=durability is not Durability.NEVER)
    if descriptor is not None and not _lock(descriptor, path):
        if not is_copying:
            os.close(descriptor)
            return None
        descriptor = _own_copy(descriptor, path, offset)
    size = os.fstat(descriptor).st_size if descriptor is not None else 0
    if descriptor is None or size < offset:
        if descriptor is not None:
            os.close(descriptor)
        raise BytesLost(path.name, size, offset)
    if size > offset:
        os.ftruncate(descriptor, offset)
    elif size == 0 and durability is not Durability.NEVER:
        sync_folder(path.parent)  # it may be new
    return descriptor


def _open(path: Path, *, may_make: bool, is_durable: bool) -> int | None:
    """A descriptor of the file; None where there is none, and none may be made."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if may_make else 0)
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        if not may_make:
            return None
        make_parent(path, is_durable=is_durable)
        return os.open(path, flags, 0o600)


def _lock(descriptor: int, path: Path) -> bool:
    """Lock the file, and see that it is still the one at `path`; true where the file system knows no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _own_copy(descriptor: int, path: Path, length: int) -> int:
    """The first `length` bytes in a file of their own, which takes the place of the one that somebody else writes to."""
    beside = path.with_name(f"{path.name}.copy")
    try:
        own = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _lock(own, beside)
            _copy(descriptor, own, length)
            os.fsync(own)
            beside.replace(path)
            sync_folder(path.parent)
        except BaseException:
            os.close(own)
            beside.unlink(missing_ok=True)
            raise
    finally:
        os.close(descriptor)
    return own


def _copy(source: int, target: int, length: int) -> None:
    offset = 0
    while offset < length and (block := os.pread(source, min(CALL_BYTES, length - offset), offset)):
        write_rest(target, block, offset)
        offset += len(block)
