"""The SHA-256 of stored bytes, read back."""

import hashlib

from anyio.to_thread import run_sync

from storage.ports import Blob

BYTES_PER_STEP = 64 * 1024**2


async def hash_of(blob: Blob, bytes_per_step: int = BYTES_PER_STEP) -> str:
    """Hex SHA-256 of all bytes of `blob`; whoever cancels it waits for one step at most.

    Raises:
        OSError: Fewer bytes are there.
    """
    digest = hashlib.sha256()
    for start in range(0, blob.size, bytes_per_step):
        await run_sync(_update, digest, blob, start, min(blob.size, start + bytes_per_step))
    return digest.hexdigest()


def _update(digest: "hashlib._Hash", blob: Blob, start: int, end: int) -> None:
    for block in blob.blocks(start, end):
        digest.update(block)
