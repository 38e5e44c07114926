"""Fetch URLs with the engine of downloads, as a worker does: four files at once, two of one host."""

import asyncio
import json
import sys
import time
from pathlib import Path

import uvloop

from benchmarks.machine import peak_bytes
from downloads.client import Client
from downloads.connections import open_connections
from downloads.fetch import Fetcher, FetchRequest
from downloads.hosts import HostLimiter
from storage.local.storage import LocalStorage

FILES_AT_ONCE = 4


async def fetch_all(urls: list[str], folder: Path) -> dict[str, object]:
    """Fetch them all, and tell what came."""
    scratch = folder / "scratch"
    await asyncio.to_thread(scratch.mkdir, parents=True)
    storage, waiting = LocalStorage(folder / "data"), iter(enumerate(urls))
    digests: list[str] = []
    size_bytes = 0

    async def take_turns(fetcher: Fetcher) -> None:
        nonlocal size_bytes
        for number, url in waiting:
            key = f"files/f{number % 256:02x}/file-{number}"
            file = await fetcher.fetch(FetchRequest(url=url, key=key, folder=scratch))
            await fetcher.forget(key, scratch)
            digests.append(file.sha256)
            size_bytes += file.size_bytes

    began = time.monotonic()
    async with open_connections(is_private_allowed=True) as connections, asyncio.TaskGroup() as group:
        fetcher = Fetcher(Client(connections, HostLimiter()), storage)
        for _ in range(FILES_AT_ONCE):
            group.create_task(take_turns(fetcher))
    seconds = time.monotonic() - began
    return {"seconds": seconds, "bytes": size_bytes, "digests": sorted(set(digests)), "peak_bytes": peak_bytes()}


if __name__ == "__main__":
    listed = Path(sys.argv[1]).read_text("utf-8").split()
    print(json.dumps(uvloop.run(fetch_all(listed, Path(sys.argv[2])))))
