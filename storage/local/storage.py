"""Blobs in the data folder: where they lie, and taking them in and out whole; `sink.py` takes them in bit by bit."""

import errno
import hashlib
import math
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from storage.local.blob import LocalBlob
from storage.local.durability import Durability
from storage.local.folders import make_parent, sync_folder
from storage.local.scratch import LocalScratch, names_written, write_out
from storage.local.sink import LocalSink
from storage.local.threads import Threads
from storage.ports import Blob, Hash

LOCK_TIMEOUT_SECONDS = 4.0
"""How long whoever opens a file waits for one who writes to it: longer than a live holder takes to see that its lock is lost."""
_FREE_SECONDS = 0.1


class LocalStorage(LocalScratch):
    """Stores bytes below one folder; whatever touches the disk runs in a thread."""

    def __init__(
        self, root: Path, durability: Durability = Durability.ALWAYS, lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS
    ) -> None:
        super().__init__(root, Threads())
        self._lock_timeout_seconds = lock_timeout_seconds
        self._durability = durability
        self._free = (0, -math.inf)

    @property
    def is_durable(self) -> bool:
        return self._durability is not Durability.NEVER

    def blob(self, key: str, size: int) -> LocalBlob:
        return LocalBlob(self.path_of(key), size)

    async def open_sink(self, key: str, offset: int, hash_: Hash | None) -> LocalSink:
        return await LocalSink.open(
            self.path_of(key), offset, hash_, self._threads, self._durability, self._lock_timeout_seconds
        )

    async def adopt(self, source: Path, key: str) -> tuple[int, str]:
        return await self._threads.run(_adopt, source, self.path_of(key))

    async def copy(self, blob: Blob, key: str) -> None:
        await self._threads.run(_copy, blob, self.path_of(key))

    async def size_of(self, key: str) -> int | None:
        return await self._threads.run(_size_of, self.path_of(key))

    async def remove(self, key: str) -> None:
        await self._threads.run(_remove, self.path_of(key), self._durability)

    async def is_writable(self) -> bool:
        return await self._threads.run(os.access, self._root, os.W_OK)

    async def free_bytes(self) -> int:
        if time.monotonic() - self._free[1] > _FREE_SECONDS:
            self._free = await self._threads.run(_free_bytes, self._root), time.monotonic()
        return self._free[0]

    async def names_written(self, folder: str, after: float, before: float) -> list[str]:
        return await self._threads.run(names_written, self.path_of(folder), after, before)


def _adopt(source: Path, target: Path) -> tuple[int, str]:
    make_parent(target)
    stored = LocalBlob(source, source.stat().st_size)
    digest = hashlib.sha256()
    for block in stored.blocks(0, stored.size):
        digest.update(block)
    _sync_file(source)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_across_disks(source, target)
    sync_folder(target.parent)
    return stored.size, digest.hexdigest()


def _move_across_disks(source: Path, target: Path) -> None:
    """A rename is one step only within one file system: copy beside the target first."""
    beside = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, beside)
    _sync_file(beside)
    beside.replace(target)
    source.unlink()


def _copy(blob: Blob, target: Path) -> None:
    make_parent(target)
    if isinstance(blob, LocalBlob):
        with suppress(OSError):  # another disk, or one that knows no second names
            target.hardlink_to(blob.path)
            sync_folder(target.parent)
            return
    beside = target.with_name(f"{target.name}.part")
    write_out(blob, beside)
    _sync_file(beside)
    beside.replace(target)
    sync_folder(target.parent)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _remove(path: Path, durability: Durability) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        return
    if durability is not Durability.NEVER:
        sync_folder(path.parent)


def _free_bytes(root: Path) -> int:
    root.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(root).free
