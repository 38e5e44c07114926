"""Downloads through the API of a real server, watched or not."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.machine import resident_bytes, watched
from client.api import Waybill
from client.server_process import ServerProcess

START = "mutation ($input: StartDownloadsInput!) { startDownloads(input: $input) { download { id } error { code } } }"
WATCH = """subscription ($id: ID!) { downloadUpdated(id: $id) {
  id version status statusMessage progress { percentage processedBytes totalBytes bytesPerSecond etaSeconds }
  activeItems { id name processedBytes size } hosts { name activeTransfers waitingUntil } } }"""
ENDED = """query ($id: ID!) { download(id: $id) {
  status error { message } progress { processedBytes failedItems skippedItems processedItems } } }"""
SETTINGS = {"WAYBILL_WORKERS": "1", "WAYBILL_DOWNLOAD_ALLOW_PRIVATE": "true", "WAYBILL_UPLOAD_BYTES_PER_USER": "0"}


@dataclass
class Run:
    """What the server needed for some downloads.

    Attributes:
        messages: That all subscribers were sent.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    messages: int = 0
    size_bytes: int = 0
    files: int = 0
    ended: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Product:
    """A running server, and somebody who is signed in."""

    server: ServerProcess
    waybill: Waybill

    async def fetch(self, urls: Sequence[str], subscribers: int) -> Run:
        """Fetch what `urls` lead to, while so many others watch each of the downloads."""
        run = Run()
        idle_bytes = resident_bytes(self.server.pid)
        async with watched(self.server.pid) as usage, asyncio.TaskGroup() as group:
            began = monotonic()
            given = {"urls": list(urls), "options": {"onDuplicate": "DOWNLOAD"}}
            started = (await self.waybill.execute(START, {"input": given}))["startDownloads"]
            ids = [one["download"]["id"] for one in started]
            watching = [group.create_task(self._watch(id_, run)) for id_ in ids for _ in range(subscribers)]
            for id_ in ids:
                run.ended.append(await self._wait(id_))
            run.seconds = monotonic() - began
            await asyncio.gather(*watching)
        run.cpu_seconds, run.peak_mb = usage.cpu_seconds, (usage.peak_bytes - idle_bytes) / 1e6
        progress = [one["progress"] for one in run.ended]
        run.size_bytes = sum(one["processedBytes"] for one in progress)
        run.files = sum(one["processedItems"] - one["failedItems"] - one["skippedItems"] for one in progress)
        return run

    async def _wait(self, id_: str) -> dict[str, Any]:
        """How the download has ended."""
        while True:
            download: dict[str, Any] = (await self.waybill.execute(ENDED, {"id": id_}))["download"]
            if download["status"] in {"COMPLETED", "FAILED", "CANCELLED", "SKIPPED"}:
                return download
            await asyncio.sleep(0.05)

    async def _watch(self, id_: str, run: Run) -> None:
        async with aclosing(self.waybill.subscribe(WATCH, {"id": id_})) as messages:
            async for _ in messages:
                run.messages += 1


@asynccontextmanager
async def running_product(folder: Path) -> AsyncIterator[Product]:
    """A server with one worker inside, as `python3 dev.py run` starts it; its data lie in `folder`, and go with the block."""
    data = folder / "product"
    try:
        async with ServerProcess(data, SETTINGS, folder / "product.log") as server, Waybill(server.base_url) as waybill:
            await waybill.login(server.admin_name, server.admin_password)
            yield Product(server, waybill)
    finally:
        await asyncio.to_thread(shutil.rmtree, data, ignore_errors=True)
