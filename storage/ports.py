"""Ports of storage: blobs by key, sinks that receive them, and scratch space for work in progress.

`local/` implements them over a folder, `memory.py` in memory. Nobody above knows where bytes lie: a blob is never changed,
a sink only says how many bytes of it are durable, and only a program that can read nothing but a file is given a path.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import Protocol, Self

Data = bytes | memoryview

CHUNK_BYTES = 1024 * 1024
"""Most that is read, held and sent at a time."""


class BytesLost(OSError):  # noqa: N818  it reads as what happened
    """Fewer bytes are there than were called stored: `stored` of them are left."""

    def __init__(self, name: str, stored: int, confirmed: int) -> None:
        super().__init__(f"{name} has {stored} bytes, of which {confirmed} were confirmed")
        self.stored = stored


class Digest(Protocol):
    """What can be computed while bytes pass by."""

    def update(self, data: Data, /) -> None:
        """Take `data` in."""


class Hash(Digest, Protocol):
    """What is needed of a hashlib object."""

    def copy(self) -> Self:
        """Another of the same state."""

    def hexdigest(self) -> str:
        """The digest of all that was taken in."""


class Content(Protocol):
    """Bytes of known size that can be read from any place."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def read(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Bytes `start` to `end`, the latter excluded, in parts of at most 1 MiB; 0 <= start <= end <= size.

        Raises:
            OSError: They are gone, or end before `end`.
        """


class Blob(Content, Protocol):
    """Stored content, which does not change any more."""

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """As `read`, for code that runs in a thread."""

    def is_there(self) -> bool:
        """Whether it is stored, whole; blocks."""

    async def signed_url(self, headers: dict[str, str]) -> str | None:
        """An address at which the storage itself hands it out; None where it has none, and we have to.

        Args:
            headers: Of the answer that the storage is to give: Content-Type, Content-Disposition, Cache-Control.
        """


class UploadSink(Protocol):
    """One blob that is being received; whoever has it open writes alone.

    Attributes:
        offset: Bytes written so far, those before opening included; not yet durable until `sync` has returned.
        position: Where the next bytes go: `offset` and what is on its way.
        hash: SHA-256 of the first `offset` bytes, good while nothing is on its way; None where it could not be carried on.
    """

    offset: int
    position: int
    hash: Hash | None

    async def write(self, parts: Sequence[Data], also: Digest | None = None) -> None:
        """Write `parts` one after the other at `position`; returns while they may still be on their way.

        When this returns, the parts of all calls but the last one are free.

        Args:
            parts: Bytes in order, which must not change until they are free.
            also: A checksum that takes them in, too.

        Raises:
            Refusal: INSUFFICIENT_STORAGE: there is no room, now or at the call before; `offset` stays, and nothing is
                written any more until what lies beyond is cut.
        """

    async def flush(self) -> None:
        """Wait until nothing is on its way; raises what `write` does."""

    async def sync(self) -> int:
        """Make durable, as far as wanted, what was to be written before the call; returns how many bytes are.

        These are found again by whoever opens the blob at this offset, also after a crash.
        """

    async def finish(self) -> None:
        """As `sync`, of a blob that is complete and can be read from now on; nothing more can be written to it.

        Raises what `write` does; the blob is not finished then.
        """

    async def cut(self, offset: int) -> None:
        """Throw away what was written beyond `offset`, or is on its way there.

        Args:
            offset: At least what it was opened at; of what `sync` said, nothing but its last word.
        """

    async def close(self) -> None:
        """Wait for what is on its way, then release the blob; safe in a cancelled task."""


class BlobStore(Protocol):
    """Blobs by key; see `storage.keys`."""

    @property
    def is_durable(self) -> bool:
        """Whether what is called stored survives a power cut."""

    def blob(self, key: str, size: int) -> Blob:
        """The blob of this key, of which so many bytes are known to be stored; nothing is asked."""

    async def open_sink(self, key: str, offset: int, hash_: Hash | None) -> UploadSink:
        """Open `key` for writing at `offset`, made if it is new; what lies beyond was never confirmed, and goes.

        Args:
            key: Nobody else writes to it afterwards, not even one who still has it open.
            offset: What `sync` said, or 0.
            hash_: SHA-256 of the bytes before; None where it is not known.

        Raises:
            Refusal: INSUFFICIENT_STORAGE: there is no room for a new one.
            BytesLost: Fewer bytes than `offset` are there; nothing was changed.
        """

    async def adopt(self, source: Path, key: str) -> tuple[int, str]:
        """Store the finished file `source`, which goes away, in one step, over what an earlier attempt left at `key`.

        Returns:
            Size in bytes and hex SHA-256.
        """

    async def copy(self, blob: Blob, key: str) -> None:
        """Have the bytes of `blob` under `key` too; they stay when one of both goes."""

    async def size_of(self, key: str) -> int | None:
        """Size of `key` in bytes; None where there is none."""

    async def remove(self, key: str) -> None:
        """Remove `key`, finished or not; nothing happens where there is none."""

    async def names_written(self, folder: str, after: float, before: float) -> list[str]:
        """What lies directly below `folder` and was last written to between two moments (seconds since 1970)."""

    async def is_writable(self) -> bool:
        """Whether bytes can be stored now."""

    async def free_bytes(self) -> int:
        """Bytes that can still be stored; as they were 0.1 s ago at most."""


class Scratch(Protocol):
    """Folders of this machine for work in progress, and files for programs that can read nothing else."""

    async def make_folder(self, name: str) -> Path:
        """An empty folder of this name; what an earlier attempt left in it is removed."""

    async def remove_folder(self, name: str) -> None:
        """Remove the folder and all in it; nothing happens where there is none."""

    async def folders_written(self, name: str, after: float, before: float) -> list[str]:
        """The folders in folder `name` that were last written to between two moments (seconds since 1970)."""

    async def spool(self, blob: Blob, path: Path) -> Path:
        """A file with all bytes of `blob`, only to be read: its own where it lies on this machine, else a copy at `path`."""


class Storage(BlobStore, Scratch, Protocol):
    """Everything that a program is given."""
