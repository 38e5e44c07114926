"""Partial files of downloads: which there are, and when they go."""

import math

from downloads.planned_file import key_of
from jobs.contents import cancelled_downloads, ended_downloads, fetched_items
from jobs.recording.transfers import forget_bytes
from storage.keys import partials_folder
from storage.ports import BlobStore


async def remove_partials(storage: BlobStore, job_id: str) -> int:
    """Remove all that came of the files of a download which nobody goes on with. Returns how many blobs."""
    folder = partials_folder(job_id)
    names = await storage.names_written(folder, 0, math.inf)
    own = [name for name in names if name.startswith(f"{job_id}.")]
    for name in own:
        await storage.remove(f"{folder}/{name}")
    return len(own)


async def sweep_cancelled(storage: BlobStore) -> int:
    """Remove what came of downloads that were cancelled. Returns how many downloads."""
    job_ids = await cancelled_downloads()
    for job_id in job_ids:
        await remove_partials(storage, job_id)
        await forget_bytes(job_id)
    return len(job_ids)


async def ended_partials(names: list[str]) -> list[str]:
    """Those of the blobs `names` in a folder of partial files that no attempt goes on with."""
    job_ids = {name: name.partition(".")[0] for name in names}
    ended = set(await ended_downloads(list(job_ids.values())))
    return [name for name, job_id in job_ids.items() if job_id in ended]


async def remove_fetched_partials(storage: BlobStore, job_id: str) -> None:
    """Remove those of the files that are complete; what came of the others is gone on with in the next attempt."""
    for item in await fetched_items(job_id):
        key = key_of(job_id, item["url"])
        await storage.remove(f"{key}.journal")
        await storage.remove(key)
