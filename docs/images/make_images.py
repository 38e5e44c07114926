"""Makes the pictures beside this file: the dashboard over a server with some work.

Run it as `.venv/bin/python -m docs.images.make_images`; it needs Node and Chromium. Names of pages, as in PAGES, choose some.
"""

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from client.api import Waybill
from client.server_process import ServerProcess
from client.upload import send_file
from tests.clients.programs import BROWSERS, Node
from tests.dashboard.browser import FOLDER, Browser, running_chromium
from tests.dashboard.jobs import create_demo, create_download, create_sheet

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"
PICTURES = HERE.parent / "pictures"
PAGES = {
    "jobs": {"path": "/jobs", "words": "Spring fair, stand 4B"},
    "downloads": {"path": "/downloads", "words": "Pictures of the manual"},
    "new-work": {"path": "/new?kind=leads", "words": "Drop files here"},
    "statistics": {"path": "/statistics?period=week", "words": "Jobs per day"},
    "administration": {"path": "/administration/users", "words": "maria"},
    "tokens": {"path": "/administration/tokens", "words": "Till in the shop"},
    "webhooks": {"path": "/administration/webhooks", "words": "Batch completed"},
    "limits": {"path": "/administration/limits", "words": "Limits"},
    "audit": {"path": "/administration/audit", "words": "jonas"},
    "job": {"path": "", "words": "Everything as ZIP"},
    "job-running": {"path": "", "words": "Timeline"},
    "job-speech": {"path": "", "words": "Everything as ZIP"},
    "review": {"path": "", "words": "Field q3"},
}
NEW_UPLOAD = (
    "mutation ($name: String!, $size: BigInt!) { createUpload(input: {filename: $name, size: $size}) { id url } }"
)
NEW_LEADS = """mutation ($uploads: [ID!]!, $title: String!) {
  createBatch(input: {work: {leads: {country: "DE"}}, uploadIds: $uploads, title: $title}) { id }
}"""
NEW_SPEECH = """mutation ($uploads: [ID!]!, $title: String!) {
  createTask(input: {work: {alignment: {}}, uploadIds: $uploads, title: $title}) { id }
}"""
NEW_USER = "mutation ($name: String!, $password: String!) { createUser(username: $name, password: $password) { id } }"
NEW_PROGRAM = "mutation ($name: String!) { createApiToken(name: $name) { id } }"
NEW_WEBHOOK = """mutation ($url: String!) {
  createWebhook(url: $url, events: ["batch.completed", "download.completed", "download.failed"]) { id }
}"""
DONE = "subscription ($id: ID!) { jobUpdated(id: $id) { status isActive } }"
PASSWORD = "correct horse"  # noqa: S105  of a server that lives for a minute


async def send_leads(waybill: Waybill, title: str) -> str:
    """A batch of the sample; its id."""
    return await send(waybill, NEW_LEADS, title, SAMPLES / "leads.xlsx")


async def send(waybill: Waybill, mutation: str, title: str, *paths: Path) -> str:
    """A job of these files; its id."""
    uploads = [
        (await waybill.execute(NEW_UPLOAD, {"name": path.name, "size": path.stat().st_size}))["createUpload"]
        for path in paths
    ]
    created = await waybill.execute(mutation, {"uploads": [upload["id"] for upload in uploads], "title": title})
    for upload, path in zip(uploads, paths, strict=True):
        await send_file(upload["url"], path)
    (job,) = created.values()
    return str(job["id"])


async def until_done(waybill: Waybill, id_: str) -> None:
    await until_status(waybill, id_, "")


async def until_status(waybill: Waybill, id_: str, status: str) -> None:
    """Until the job has this status, or has ended."""
    async with contextlib.aclosing(waybill.subscribe(DONE, {"id": id_})) as states:
        async for state in states:
            if state["jobUpdated"]["status"] == status:
                break


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    """A server whose first page lists the files of `folder`; its URL."""
    options = ("-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *options, stdout=pipe, stderr=pipe)
    try:
        assert process.stdout  # noqa: S101  a pipe was asked for
        yield (await process.stdout.readline()).decode().split("(")[1].split(")")[0]
    finally:
        process.kill()
        await process.communicate()


async def thank(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers a message of a webhook."""
    writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


async def fill(waybill: Waybill, folder: Path) -> dict[str, str]:
    """Jobs of many kinds and statuses; the addresses of those that have pictures of their own."""
    for name in ("maria", "jonas"):
        await waybill.execute(NEW_USER, {"name": name, "password": PASSWORD})
    await until_done(waybill, await create_demo(waybill, "Nightly export", items=12, seconds=0.5, failAt=7))
    sheets = await create_sheet(waybill, "Mathematics, class 7b", folder)
    await until_done(waybill, sheets)
    async with serving(PICTURES) as url:
        for path, title in (
            ("", "Pictures of the manual"),
            ("sheet.png", "The same sheet again"),
            ("x.pdf", "A link that died"),
        ):
            await until_done(waybill, await create_download(waybill, url + path, title))
    recording = (SAMPLES / "harbour.flac", SAMPLES / "harbour.txt")
    speech = await send(waybill, NEW_SPEECH, "Interview at the harbour", *recording)
    await until_done(waybill, speech)
    await waybill.execute(NEW_PROGRAM, {"name": "Till in the shop"})
    leads = await send_leads(waybill, "Spring fair, stand 4B")
    await until_done(waybill, leads)
    asking = await create_demo(waybill, "Scans without a reference", items=10, seconds=0.5, askAt=4)
    await until_status(waybill, asking, "AWAITING_INPUT")
    running = await create_demo(waybill, "Inventory of the archive", items=600, seconds=300)
    paths = {"job": leads, "job-running": running, "job-speech": speech, "review": sheets}
    return {name: f"/jobs/{id_}" for name, id_ in paths.items()}


async def make_images(server: ServerProcess, folder: Path, pages: dict[str, Any]) -> None:
    async with Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        async with await asyncio.start_server(thank, "127.0.0.1", 0) as listener:
            host, port = listener.sockets[0].getsockname()
            await waybill.execute(NEW_WEBHOOK, {"url": f"http://{host}:{port}/waybill"})
            with tempfile.TemporaryDirectory() as scans:
                addresses = await fill(waybill, Path(scans))

        async def prepare(name: str) -> str | None:
            return addresses.get(name)

        chromium = next(filter(None, map(shutil.which, BROWSERS)))
        node = Node(shutil.which("node") or sys.exit("Node is not installed."), FOLDER)
        with running_chromium(node, chromium) as endpoint:
            await Browser(node, endpoint, server).play(
                "pictures.mjs", {"prepare": prepare}, folder=str(folder), pages=pages
            )


async def main() -> None:
    environment = {
        "WAYBILL_WORKERS": "2",
        "WAYBILL_DOWNLOAD_ALLOW_PRIVATE": "true",
        "WAYBILL_WEBHOOK_ALLOW_PRIVATE": "true",
    }
    pages = {name: page for name, page in PAGES.items() if name in sys.argv[1:] or not sys.argv[1:]}
    with tempfile.TemporaryDirectory() as folder:
        async with ServerProcess(Path(folder) / "data", environment) as server:
            await make_images(server, HERE, pages)


if __name__ == "__main__":
    asyncio.run(main())
