"""Downloads at a worker, changed through the API while bytes come."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from client.api import Waybill
from client.server_process import ServerProcess, WorkerProcess
from tests.background.worker_harness import wait_until
from tests.downloads.servers_for_tests import OLD, Asked, Origin, Paced, Reply, serving

pytestmark = pytest.mark.long

CONTENT = Random(3).randbytes(12 * 2**20)
SIZE = len(CONTENT)
TWICE = SIZE * 0.02
"""So many bytes may come a second time."""
START = "mutation ($input: StartDownloadsInput!) { startDownloads(input: $input) { download { id } } }"
WATCH = """subscription ($id: ID!) { downloadUpdated(id: $id, maxPerSecond: 20) {
  status statusMessage resumable progress { processedBytes } } }"""
READ = """query ($id: ID!) { download(id: $id) {
  status statusMessage url items { nodes { status files { url size } } } } }"""
PAUSE = "mutation ($id: ID!) { pauseJob(id: $id) { status } }"
RESUME = "mutation ($id: ID!) { resumeJob(id: $id) { status } }"
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { status } }"
UPDATE = "mutation ($id: ID!, $input: UpdateJobInput!) { updateJob(id: $id, input: $input) { id } }"


@pytest.fixture
async def waybill(tmp_path: Path, shared: dict[str, str]) -> AsyncIterator[Waybill]:
    """The admin at a server that does nothing by itself; a worker does."""
    settings = {**shared, "WAYBILL_DOWNLOAD_ALLOW_PRIVATE": "true"}
    server = ServerProcess(tmp_path / "data", settings, tmp_path / "server.log")
    worker = WorkerProcess(tmp_path / "data", {**settings, "WAYBILL_WORKERS": "1"}, tmp_path / "worker.log")
    async with server, worker, Waybill(server.base_url) as waybill:
        await waybill.login("admin", shared["WAYBILL_ADMIN_PASSWORD"])
        yield waybill


async def start(waybill: Waybill, url: str, **options: Any) -> str:
    given = {"urls": [url], "options": {"chunkSize": 65_536, **options}}
    (started,) = (await waybill.execute(START, {"input": given}))["startDownloads"]
    return str(started["download"]["id"])


async def watch(waybill: Waybill, id_: str, is_seen: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first state of a download that is as `is_seen` wants it."""
    async with asyncio.timeout(60):
        async for message in waybill.subscribe(WATCH, {"id": id_}):
            state: dict[str, Any] = message["downloadUpdated"]
            if is_seen(state):
                return state
    raise AssertionError(f"it ended before that: {state}")


async def has_status(waybill: Waybill, id_: str, status: str) -> dict[str, Any]:
    return await watch(waybill, id_, lambda state: bool(state["status"] == status))


async def has_come(waybill: Waybill, id_: str, size_bytes: int) -> None:
    await watch(waybill, id_, lambda state: bool(state["progress"]["processedBytes"] >= size_bytes))


async def content_of(waybill: Waybill, id_: str) -> bytes:
    (item,) = (await waybill.execute(READ, {"id": id_}))["download"]["items"]["nodes"]
    (file,) = item["files"]
    return await waybill.fetch(file["url"])


async def test_a_pause_keeps_the_bytes_and_resuming_asks_for_the_rest(waybill: Waybill) -> None:
    pace = Paced(0.02)
    async with serving(Origin(CONTENT, change=pace)) as origin:
        id_ = await start(waybill, origin.url("/film.zip"))
        await has_come(waybill, id_, SIZE // 4)
        assert (await waybill.execute(PAUSE, {"id": id_}))["pauseJob"]["status"] == "PAUSED"
        await wait_until(lambda: origin.open_now == 0)
        assert pace.sent < SIZE
        assert (await has_status(waybill, id_, "PAUSED"))["resumable"]

        await waybill.execute(RESUME, {"id": id_})
        await has_status(waybill, id_, "COMPLETED")

        assert await content_of(waybill, id_) == CONTENT
        assert [each is None for each in origin.ranges] == [True, False]
        assert pace.sent <= SIZE + TWICE


async def test_a_cancelled_transfer_has_truly_ended(waybill: Waybill) -> None:
    pace = Paced(0.05)
    async with serving(Origin(CONTENT, change=pace)) as origin:
        id_ = await start(waybill, origin.url("/film.zip"))
        await has_come(waybill, id_, SIZE // 10)
        await waybill.execute(CANCEL, {"id": id_})
        await has_status(waybill, id_, "CANCELLED")
        await wait_until(lambda: origin.open_now == 0)

        assert pace.sent < SIZE / 2
        assert len(origin.asked) == 1
        (item,) = (await waybill.execute(READ, {"id": id_}))["download"]["items"]["nodes"]
        assert item == {"status": "CANCELLED", "files": []}


async def test_another_bandwidth_holds_at_once(waybill: Waybill) -> None:
    async with serving(Origin(CONTENT)) as origin:
        id_ = await start(waybill, origin.url("/film.zip"), bandwidthLimit=64)  # three minutes
        await has_come(waybill, id_, 1)
        await waybill.execute(UPDATE, {"id": id_, "input": {"bandwidthLimit": 0}})
        await has_status(waybill, id_, "COMPLETED")

        assert len(origin.asked) == 1
        assert await content_of(waybill, id_) == CONTENT


@pytest.mark.parametrize("status", [403, 410])
async def test_a_fresh_link_goes_on_where_the_expired_one_ended(waybill: Waybill, status: int) -> None:
    half = SIZE // 2

    def expiring(asked: Asked, reply: Reply) -> Reply:
        if asked.target == "/old.zip" and asked.range:
            return Reply(status, [("Content-Length", "0")])
        if asked.target == "/old.zip":
            reply.cut_after = half
        elif asked.target == "/other.zip":
            reply.set("ETag", '"another"').set("Last-Modified", OLD)
            reply.status, reply.body = 200, CONTENT[::-1]
            reply.set("Content-Range", None).set("Content-Length", str(SIZE))
        return reply

    async with serving(Origin(CONTENT, change=expiring)) as origin:
        id_ = await start(waybill, origin.url("/old.zip"))
        paused = await has_status(waybill, id_, "PAUSED")
        assert paused["statusMessage"].startswith(f"The server answered {status} when asked for the rest")

        await waybill.execute(UPDATE, {"id": id_, "input": {"url": origin.url("/other.zip")}})
        await waybill.execute(RESUME, {"id": id_})
        await watch(waybill, id_, lambda state: "another file" in state["statusMessage"])

        await waybill.execute(UPDATE, {"id": id_, "input": {"url": origin.url("/new.zip")}})
        await waybill.execute(RESUME, {"id": id_})
        await has_status(waybill, id_, "COMPLETED")

        assert await content_of(waybill, id_) == CONTENT
        assert (await waybill.execute(READ, {"id": id_}))["download"]["url"] == origin.url("/new.zip")
        assert origin.ranges[-1] == f"bytes={half}-"
