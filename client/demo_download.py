"""The demo's download: a file at a server of its own, fetched by its URL, watched live."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from client.api import Data, Waybill
from client.demo_steps import DemoFailed, fetch_result, unless_stalled
from client.terminal import Screen, size_text

FILE_BYTES = 3 * 2**20
KIB_PER_SECOND = 1_536
"""Slow enough for the bar to be seen to move."""

START = """mutation StartDownloads($input: StartDownloadsInput!) {
  startDownloads(input: $input) { download { id } error { message } }
}"""
WATCH = """subscription DownloadUpdated($id: ID!) {
  downloadUpdated(id: $id, maxPerSecond: 20) {
    status statusMessage error { message }
    progress { percentage processedBytes totalBytes bytesPerSecond etaSeconds }
  }
}"""
FILES = """query Files($id: ID!) { download(id: $id) { items { nodes { files { name size sha256 url } } } } }"""


async def download_and_watch(waybill: Waybill, folder: Path, screen: Screen) -> None:
    """Have the server fetch a file from a server that runs meanwhile, and compare what comes back with its SHA-256."""
    screen.title("A download: the server fetches a file by its URL")
    async with _file_server(folder / "served") as url:
        download_input = {"urls": [url], "options": {"bandwidthLimit": KIB_PER_SECOND}}
        (start,) = (await waybill.execute(START, {"input": download_input}))["startDownloads"]
        if start["error"]:
            raise DemoFailed(f"The download was refused: {start['error']['message']}")
        screen.fact("URL", url)
        download_id = start["download"]["id"]
        await _watch(waybill.subscribe(WATCH, {"id": download_id}), screen)
    (item,) = (await waybill.execute(FILES, {"id": download_id}))["download"]["items"]["nodes"]
    for file in item["files"]:
        await fetch_result(waybill, file, folder / "results", screen)


async def _watch(messages: AsyncGenerator[Data], screen: Screen) -> None:
    download: dict[str, Any] = {}
    async for message in unless_stalled(messages, "download"):
        download = message["downloadUpdated"]
        screen.bar("Download", download["progress"]["percentage"] / 100, _progress_text(download["progress"]))
    if download.get("status") != "COMPLETED":
        reason = (download.get("error") or {}).get("message") or download.get("statusMessage")
        raise DemoFailed(f"The download ended as {download.get('status')}: {reason}")


def _progress_text(progress: dict[str, Any]) -> str:
    total, rate, eta = progress["totalBytes"], progress["bytesPerSecond"], progress["etaSeconds"]
    amount = size_text(progress["processedBytes"]) + (f" of {size_text(total)}" if total else "")
    speed = f", {size_text(rate)}/s" if rate else ""
    return amount + speed + (f", {eta:.0f} s left" if eta and eta >= 1 else "")


@asynccontextmanager
async def _file_server(folder: Path) -> AsyncIterator[str]:
    """The URL of a file on this machine, while the block lasts."""
    folder.mkdir()
    line = b"Everything that happens to a file after upload.\n"
    content = line * (FILE_BYTES // len(line))
    await asyncio.to_thread((folder / "everything.txt").write_bytes, content)
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        _host, port = runner.addresses[0]
        yield f"http://127.0.0.1:{port}/everything.txt"
    finally:
        await runner.cleanup()
