"""Bytes that nobody knows: left on the disk by a process that was killed between storing them and noting them in a row."""

import time
from collections.abc import Awaitable, Callable
from itertools import cycle

from auth.queries import first_user_at
from jobs.queries import unrecorded_files
from jobs.slices import running_slices
from storage.local import LocalStorage
from uploads.queries import unknown_uploads

STRAY_SECONDS = 7 * 86_400.0
"""So old is a file at least that is removed because no row names it: its row may be on the way, or come with a newer backup."""
ABANDONED_SECONDS = 600.0
"""The same of a folder that a worker left."""
_NAMES_AT_ONCE = 500
_Unknown = Callable[[list[str]], Awaitable[list[str]]]


class Strays:
    """Looks through one of 512 folders at a time, so that however many files there are nobody waits for it."""

    def __init__(self, storage: LocalStorage) -> None:
        self._storage = storage
        self._began_at = 0.0
        places = [(room, f"{number:02x}") for number in range(256) for room in ("files", "uploads")]
        self._folders = cycle(places)

    async def sweep(self) -> int:
        """Remove what is stray in the next folder, and what lost workers left. Returns how many files and folders."""
        room, place = next(self._folders)
        unknown: _Unknown = unrecorded_files if room == "files" else unknown_uploads
        return await self._sweep_folder(f"{room}/{place}", unknown) + await self._sweep_work()

    async def _sweep_folder(self, folder: str, unknown: _Unknown) -> int:
        """Bytes that are older than the database are another database's, which somebody may want back."""
        self._began_at = self._began_at or await first_user_at()
        names = await self._storage.names_written(folder, self._began_at, time.time() - STRAY_SECONDS)
        count = 0
        for start in range(0, len(names), _NAMES_AT_ONCE):
            for name in await unknown(names[start : start + _NAMES_AT_ONCE]):
                await self._storage.remove(f"{folder}/{name}")
                count += 1
        return count

    async def _sweep_work(self) -> int:
        """The folders of calls: each is named for the slice and the fence under which it was made."""
        names = await self._storage.names_written("work", 0, time.time() - ABANDONED_SECONDS)
        if not names:
            return 0
        running = await running_slices()
        left = [name for name in names if tuple(name.split("-")[:2]) not in running]
        for name in left:
            await self._storage.remove_folder(f"work/{name}")
        return len(left)
