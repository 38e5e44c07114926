"""Scratch folders, and files for programs that can read nothing else."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from storage.keys import path_under
from storage.local.blob import LocalBlob
from storage.local.threads import Threads
from storage.ports import Blob


class LocalScratch:
    """Folders below one folder of this machine."""

    def __init__(self, root: Path, threads: Threads) -> None:
        self._root = root.absolute()
        self._threads = threads

    def path_of(self, key: str) -> Path:
        """Where `key` lies or would lie.

        Raises:
            ValueError: `key` is not a key (see `storage.keys.path_under`).
        """
        return path_under(self._root, key)

    async def make_folder(self, name: str) -> Path:
        return await self._threads.run(_make_folder, self.path_of(name))

    async def remove_folder(self, name: str) -> None:
        await self._threads.run(_remove_tree, self.path_of(name))

    async def folders_written(self, name: str, after: float, before: float) -> list[str]:
        return await self._threads.run(names_written, self.path_of(name), after, before)

    async def spool(self, blob: Blob, path: Path) -> Path:
        if isinstance(blob, LocalBlob):
            return blob.path
        await self._threads.run(write_out, blob, path)
        return path


def names_written(folder: Path, after: float, before: float) -> list[str]:
    """What lies in `folder` and was last written to between two moments, folders too; hidden names are not ours. Blocks."""
    names = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if not entry.name.startswith(".") and after <= entry.stat(follow_symlinks=False).st_mtime < before:
                    names.append(entry.name)
    return names


def write_out(blob: Blob, path: Path) -> None:
    """Write all bytes of `blob` to `path`. Blocks."""
    with path.open("wb") as file:
        for block in blob.blocks(0, blob.size):
            file.write(block)


def _make_folder(path: Path) -> Path:
    _remove_tree(path)
    path.mkdir(parents=True, mode=0o700)
    return path


def _remove_tree(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
