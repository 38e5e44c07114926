"""The orphan collector: removes bytes that no row names.

They were left on the disk by a process that was killed between storing them and noting them in a row.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import cycle

from auth.queries import first_user_at
from downloads.partials import ended_partials
from jobs.contents import unrecorded_files
from jobs.scheduling.slices import running_slices
from storage.ports import Storage
from uploads.queries import unknown_uploads

ORPHAN_SECONDS = 7 * 86_400.0
"""So old is a file at least that is removed because no row names it: its row may be on the way, or come with a newer backup."""
ABANDONED_SECONDS = 600.0
"""The same of a folder that a worker left."""
NAMES_AT_ONCE = 500
"""Names in one statement."""
_Unknown = Callable[[list[str]], Awaitable[list[str]]]
_UNKNOWN: Mapping[str, _Unknown] = {"files": unrecorded_files, "uploads": unknown_uploads, "partials": ended_partials}
"""Which of the names in a folder nobody needs, by the room of the storage that the folder is in."""


class OrphanCollector:
    """Looks through one of 768 folders at a time, so that however many files there are nobody waits for it."""

    def __init__(self, storage: Storage, names_at_once: int = NAMES_AT_ONCE) -> None:
        self._storage = storage
        self._names_at_once = names_at_once
        self._began_at = 0.0
        places = [(room, f"{number:02x}") for number in range(256) for room in _UNKNOWN]
        self._folders = cycle(places)

    async def collect(self) -> int:
        """Remove the orphans of the next folder, and what lost workers left. Returns how many files and folders."""
        room, place = next(self._folders)
        return await self._sweep_folder(f"{room}/{place}", _UNKNOWN[room]) + await self._sweep_work()

    async def _sweep_folder(self, folder: str, unknown: _Unknown) -> int:
        """Bytes that are older than the database are another database's, which somebody may want back."""
        self._began_at = self._began_at or await first_user_at()
        names = await self._storage.names_written(folder, self._began_at, time.time() - ORPHAN_SECONDS)
        count = 0
        for start in range(0, len(names), self._names_at_once):
            for name in await unknown(names[start : start + self._names_at_once]):
                await self._storage.remove(f"{folder}/{name}")
                count += 1
        return count

    async def _sweep_work(self) -> int:
        """The folders of calls: each is named for the slice and the fence under which it was made."""
        names = await self._storage.folders_written("work", 0, time.time() - ABANDONED_SECONDS)
        if not names:
            return 0
        running = await running_slices()
        left = [name for name in names if tuple(name.split("-")[:2]) not in running]
        for name in left:
            await self._storage.remove_folder(f"work/{name}")
        return len(left)
