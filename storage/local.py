"""Files in the data folder: where they lie, and taking them in and out whole; `writer.py` takes them in bit by bit."""

import errno
import hashlib
import math
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from storage.keys import path_under
from storage.reading import Stored, StoredFile
from storage.threads import Threads
from storage.writer import Durability, Hash, Writer, make_parent, sync_folder

_HASH_BYTES = 64 * 1024**2
_FREE_SECONDS = 0.1


class LocalStorage:
    """Stores bytes below one folder; whatever touches the disk runs in a thread."""

    def __init__(self, root: Path, durability: Durability = Durability.ALWAYS) -> None:
        self._root = root.absolute()
        self._durability = durability
        self._threads = Threads()
        self._free = (0, -math.inf)

    def path_of(self, key: str) -> Path:
        """Where the bytes of `key` lie or would lie.

        Raises:
            ValueError: `key` is not a key (see `storage.keys.path_under`).
        """
        return path_under(self._root, key)

    @property
    def is_durable(self) -> bool:
        """Whether what is called stored survives a power cut."""
        return self._durability is not Durability.NEVER

    async def open_writer(self, key: str, offset: int, hash_: Hash | None) -> Writer:
        """Open `key` for writing at `offset`; see `Writer.open`."""
        return await Writer.open(self.path_of(key), offset, hash_, self._threads, self._durability)

    async def adopt(self, source: Path, key: str) -> tuple[int, str]:
        """Move the finished file `source` to `key`, durably and in one step, over what an earlier attempt left there.

        Returns:
            Size in bytes and hex SHA-256.
        """
        return await self._threads.run(_adopt, source, self.path_of(key))

    async def hash_of(self, stored: Stored) -> str:
        """Hex SHA-256 of all bytes of `stored`, read from the disk; whoever cancels it waits for 64 MiB at most.

        Raises:
            OSError: The disk has fewer bytes than that.
        """
        digest = hashlib.sha256()
        for start in range(0, stored.size, _HASH_BYTES):
            await self._threads.run(_hash, digest, stored, start, min(stored.size, start + _HASH_BYTES))
        return digest.hexdigest()

    async def join(self, stored: Stored, path: Path) -> None:
        """Write all bytes of `stored` to `path`, for programs that can read nothing but one file."""
        await self._threads.run(_join, stored, path)

    async def share(self, stored: Stored, key: str) -> None:
        """Have the bytes of `stored`, which do not change any more, under `key` too; they stay when one of both goes."""
        await self._threads.run(_share, stored, self.path_of(key))

    async def size_of(self, key: str) -> int | None:
        """Size of `key` in bytes; None where there is none."""
        return await self._threads.run(_size_of, self.path_of(key))

    async def remove(self, key: str) -> None:
        """Remove `key`; nothing happens where there is none."""
        await self._threads.run(_remove, self.path_of(key), self._durability)

    async def is_writable(self) -> bool:
        """Whether bytes can be stored now."""
        return await self._threads.run(os.access, self._root, os.W_OK)

    async def free_bytes(self) -> int:
        """Bytes that can still be stored; as they were 0.1 s ago at most."""
        if time.monotonic() - self._free[1] > _FREE_SECONDS:
            self._free = await self._threads.run(_free_bytes, self._root), time.monotonic()
        return self._free[0]

    async def make_folder(self, name: str) -> Path:
        """An empty folder of this name, for work in progress; what an earlier attempt left in it is removed."""
        return await self._threads.run(_make_folder, self.path_of(name))

    async def names_written(self, folder: str, after: float, before: float) -> list[str]:
        """What lies in `folder` and was last written to between two moments (seconds since 1970), folders too.

        Hidden names are not ours; there is nothing where there is no folder.
        """
        return await self._threads.run(_names_written, self.path_of(folder), after, before)

    async def remove_folder(self, name: str) -> None:
        """Remove the folder and all in it; nothing happens where there is none."""
        await self._threads.run(_remove_tree, self.path_of(name))


def _adopt(source: Path, target: Path) -> tuple[int, str]:
    make_parent(target)
    stored = StoredFile(source, source.stat().st_size)
    digest = hashlib.sha256()
    _hash(digest, stored, 0, stored.size)
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


def _hash(digest: "hashlib._Hash", stored: Stored, start: int, end: int) -> None:
    for block in stored.blocks(start, end):
        digest.update(block)


def _join(stored: Stored, path: Path) -> None:
    with path.open("wb") as file:
        for block in stored.blocks(0, stored.size):
            file.write(block)


def _share(stored: Stored, target: Path) -> None:
    make_parent(target)
    if isinstance(stored, StoredFile):
        with suppress(OSError):  # another disk, or one that knows no second names
            target.hardlink_to(stored.path)
            sync_folder(target.parent)
            return
    beside = target.with_name(f"{target.name}.part")
    _join(stored, beside)
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


def _names_written(folder: Path, after: float, before: float) -> list[str]:
    names = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if not entry.name.startswith(".") and after <= entry.stat(follow_symlinks=False).st_mtime < before:
                    names.append(entry.name)
    return names


def _make_folder(path: Path) -> Path:
    _remove_tree(path)
    path.mkdir(parents=True, mode=0o700)
    return path


def _remove_tree(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
