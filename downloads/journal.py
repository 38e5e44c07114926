"""The journal of one transfer: what is safely written, and of which file.

A small blob beside the bytes, replaced in one step, so that a process that is killed at any moment leaves either the old
or the new one.
"""

from dataclasses import dataclass
from pathlib import Path

import orjson
from anyio.to_thread import run_sync

from base.logging import log_for
from downloads.representation import Representation
from storage.disk_space import full_disk_refused
from storage.ports import Storage

log = log_for(__name__)

VERSION = 1
MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a transfer.

    Attributes:
        known: The file, as the first answer described it.
        offset: Bytes of it that are durable.
        sha256: Of all of it, hex, once it is complete and can be read.
    """

    known: Representation
    offset: int
    sha256: str | None = None


class Journal:
    """Keeps the entry of the transfer into `key`; nobody else writes it meanwhile.

    Attributes:
        is_there: Whether one is stored, readable or not, once it was loaded.

    Args:
        storage: Where the bytes go, too.
        key: Of the bytes.
        folder: Scratch of this machine that the caller made.
    """

    def __init__(self, storage: Storage, key: str, folder: Path) -> None:
        self.is_there = False
        self._storage = storage
        self._key = f"{key}.journal"
        self._draft = folder / f"{key.rpartition('/')[2]}.journal"

    async def load(self) -> Entry | None:
        """The last entry that was saved; None where there is none that can be read."""
        size = await self._storage.size_of(self._key)
        self.is_there = size is not None
        if not size or size > MAX_BYTES:
            return None
        try:
            text = b"".join([part async for part in self._storage.blob(self._key, size).read(0, size)])
            return _entry_of(text)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("a journal cannot be read: its file is fetched anew", key=self._key, cause=type(error).__name__)
            return None

    async def save(self, entry: Entry) -> None:
        """Replace the entry, in one step.

        Raises:
            Refusal: INSUFFICIENT_STORAGE: there is no room; the old entry stays.
        """
        content = {"version": VERSION, "known": entry.known.to_json(), "offset": entry.offset, "sha256": entry.sha256}
        with full_disk_refused():
            await run_sync(self._draft.write_bytes, orjson.dumps(content))
            await self._storage.adopt(self._draft, self._key)
        self.is_there = True

    async def remove(self) -> None:
        await self._storage.remove(self._key)
        self.is_there = False


def _entry_of(text: bytes) -> Entry:
    data = orjson.loads(text)
    if data["version"] != VERSION:
        raise ValueError("a journal of another version")
    known = Representation.from_json(data["known"])
    offset, sha256 = int(data["offset"]), data["sha256"]
    if not 0 <= offset <= (offset if known.total is None else known.total):
        raise ValueError("a journal with more bytes than the file has")
    return Entry(known, offset, sha256)
