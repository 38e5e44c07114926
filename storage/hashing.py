"""The SHA-256 of stored bytes, read back."""

import hashlib

from anyio.to_thread import run_sync

from storage.ports import Blob

_HASH_BYTES = 64 * 1024**2


async def hash_of(blob: Blob) -> str:
    """Hex SHA-256 of all bytes of `blob`; whoever cancels it waits for 64 MiB at most.

    Raises:
        OSError: Fewer bytes are there.
    """
    digest = hashlib.sha256()
    for start in range(0, blob.size, _HASH_BYTES):
        await run_sync(_update, digest, blob, start, min(blob.size, start + _HASH_BYTES))
    return digest.hexdigest()


def _update(digest: "hashlib._Hash", blob: Blob, start: int, end: int) -> None:
    for block in blob.blocks(start, end):
        digest.update(block)
