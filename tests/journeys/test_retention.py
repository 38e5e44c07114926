"""Results that have had their time, through HTTP alone: told before, refused at that moment, off the disk after it."""

import asyncio
import io
import time
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from client.upload import send_file

pytestmark = pytest.mark.long

CREATE_UPLOAD = 'mutation ($size: BigInt!) { createUpload(input: {filename: "leads.csv", size: $size}) { id url } }'
CREATE_BATCH = """mutation ($upload: ID!) {
  createBatch(input: {work: {leads: {}}, uploadIds: [$upload], externalId: "mine"}) { id }
}"""
WATCH = "subscription ($id: ID!) { batchUpdated(id: $id) { status } }"
READ = "query ($id: ID!) { batch(id: $id) { bundleUrl expiresAt files { url expiresAt } } }"


async def test_results_and_then_their_job_go_when_their_time_is_over(tmp_path: Path, server_folder: Path) -> None:
    folder, environment = server_folder, {"WAYBILL_WORKERS": "1", "WAYBILL_RETENTION_RESULTS": "4 s"}
    async with ServerProcess(folder, environment) as server, Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        batch_id = await completed_batch(waybill, tmp_path / "leads.csv")
        batch = (await waybill.execute(READ, {"id": batch_id}))["batch"]
        assert batch["expiresAt"] > batch["files"][0]["expiresAt"]
        bundle = await waybill.fetch(batch["bundleUrl"])
        assert "inputs/leads.csv" in zipfile.ZipFile(io.BytesIO(bundle)).namelist()
        for link in (batch["bundleUrl"], batch["files"][0]["url"]):
            await eventually(lambda link=link: is_status(waybill.absolute(link), 410))  # type: ignore[misc]
        assert (await waybill.execute(READ, {"id": batch_id}))["batch"]["bundleUrl"] is None
        stored = len(list((folder / "files").rglob("file-*")))
        await server.kill()
        await server.start()
        await eventually(lambda: has_files(folder, stored - len(batch["files"])))
        assert len((await waybill.execute(READ, {"id": batch_id}))["batch"]["files"]) == len(batch["files"])
    environment["WAYBILL_RETENTION_JOBS"] = "1 s"
    async with ServerProcess(folder, environment) as server, Waybill(server.base_url, waybill.token) as waybill:
        await eventually(lambda: is_gone(waybill, batch_id))
        await eventually(lambda: has_files(folder, 0))


async def completed_batch(waybill: Waybill, path: Path) -> str:
    path.write_text("Name,E-mail\nAnna,anna@example.com\n", encoding="utf-8")
    upload = (await waybill.execute(CREATE_UPLOAD, {"size": path.stat().st_size}))["createUpload"]
    await send_file(upload["url"], path, 4096)
    batch_id: str = (await waybill.execute(CREATE_BATCH, {"upload": upload["id"]}))["createBatch"]["id"]
    statuses = [state["batchUpdated"]["status"] async for state in waybill.subscribe(WATCH, {"id": batch_id})]
    assert statuses[-1] == "COMPLETED"
    return batch_id


async def is_status(url: str, status: int) -> bool:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status in {200, status}
        return response.status == status


async def has_files(folder: Path, count: int) -> bool:
    """Whether so many files of the job lie on the disk: what planning spooled stays as long as the job."""
    return len(list((folder / "files").rglob("file-*"))) == count


async def is_gone(waybill: Waybill, batch_id: str) -> bool:
    found = await waybill.execute("query ($id: ID!) { nodes(ids: [$id]) { id } }", {"id": batch_id})
    return bool(found["nodes"] == [None])


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
