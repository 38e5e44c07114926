"""Kinds of executor `async_io`, installed as packages, in the real programs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from client.api import Waybill
from client.kinds import install_kind
from client.server_process import ServerProcess, WorkerProcess
from tests.background.answering import Answering, answering
from tests.background.scripted.kind import ASYNC_KIND, ASYNC_REFERENCE

CREATE_UPLOAD = 'mutation { createUpload(input: {filename: "a.txt", size: 3}) { id url } }'
CREATE = """mutation ($options: JSON!, $uploadId: ID!) {
  createBatch(input: {work: {custom: {kind: "scriptedAsync", options: $options}}, uploadIds: [$uploadId]}) { id } }"""
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { status } }"
WATCH = "subscription ($id: ID!) { batchUpdated(id: $id) { status } }"
READ = "query ($id: ID!) { batch(id: $id) { files { name url } items(first: 10) { nodes { status result } } } }"


@pytest.fixture
async def numbers() -> AsyncIterator[Answering]:
    async with answering() as state:
        yield state


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": install_kind(tmp_path / "kinds", ASYNC_KIND.name, ASYNC_REFERENCE),
        "WAYBILL_ADMIN_PASSWORD": "a password of the tests",
    }


async def create(waybill: Waybill, **script: object) -> str:
    """The id of a job over one complete upload."""
    upload = (await waybill.execute(CREATE_UPLOAD))["createUpload"]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    async with aiohttp.ClientSession() as session, session.patch(upload["url"], data=b"a b", headers=headers) as sent:
        assert sent.status == 204
    batch = await waybill.execute(CREATE, {"options": script, "uploadId": upload["id"]})
    return str(batch["createBatch"]["id"])


async def check_works_and_stops(waybill: Waybill, numbers: Answering, pid: int) -> None:
    """Coroutines of process `pid` do a job, and let go of what they wait for when another is cancelled."""
    done = await create(waybill, url=numbers.url, sizes=[2, 1])
    states = [message["batchUpdated"]["status"] async for message in waybill.subscribe(WATCH, {"id": done})]
    assert states[-1] == "COMPLETED"
    batch = (await waybill.execute(READ, {"id": done}))["batch"]
    results = [{"index": index, "pid": pid, "text": f"number {index}"} for index in range(3)]
    assert batch["items"]["nodes"] == [{"status": "COMPLETED", "result": result} for result in results]
    assert [file["name"] for file in batch["files"]] == ["report.json"]

    waiting = await create(waybill, url=numbers.url, acts={"0": "read_forever"})
    await asyncio.wait_for(numbers.keeping.wait(), 30)
    await waybill.execute(CANCEL, {"id": waiting})
    await asyncio.wait_for(numbers.lost.wait(), 30)
    states = [message["batchUpdated"]["status"] async for message in waybill.subscribe(WATCH, {"id": waiting})]
    assert states[-1] == "CANCELLED"


async def test_a_server_alone_does_work_that_waits_for_networks(
    server_folder: Path, environment: dict[str, str], numbers: Answering
) -> None:
    process = ServerProcess(server_folder, {**environment, "WAYBILL_WORKERS": "1"})
    async with process as server, Waybill(server.base_url) as waybill:
        await waybill.login("admin", environment["WAYBILL_ADMIN_PASSWORD"])
        await check_works_and_stops(waybill, numbers, server.pid)


async def test_a_worker_beside_a_server_does_work_that_waits_for_networks(
    tmp_path: Path, environment: dict[str, str], copied_url: str, redis_url: str, redis_prefix: str, numbers: Answering
) -> None:
    environment |= {
        "WAYBILL_DATABASE_URL": copied_url,
        "WAYBILL_REDIS_URL": redis_url,
        "WAYBILL_REDIS_PREFIX": redis_prefix,
    }
    server = ServerProcess(tmp_path / "data", {**environment, "WAYBILL_WORKERS": "0"})
    worker = WorkerProcess(tmp_path / "data", {**environment, "WAYBILL_WORKERS": "1"}, tmp_path / "worker.log")
    async with server, worker, Waybill(server.base_url) as waybill:
        await waybill.login("admin", environment["WAYBILL_ADMIN_PASSWORD"])
        await check_works_and_stops(waybill, numbers, worker.pid)
