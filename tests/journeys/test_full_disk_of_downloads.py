"""A disk that is full, seen at a running server: downloads wait, say so, keep what came, and go on by themselves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.background.worker_harness import wait_until
from tests.downloads.servers_for_tests import Origin, Paced, serving
from tests.small_disk import fill, mounted

pytestmark = pytest.mark.long

CONTENT = Random(8).randbytes(32 * 2**20)
SIZE = len(CONTENT)
DISK_BYTES = 160 * 2**20
"""With the 64 MiB that are left free, the file, and what a small server needs."""
LEFT_BYTES = 2**20
START = "mutation ($input: StartDownloadsInput!) { startDownloads(input: $input) { download { id } } }"
READ = """query ($id: ID!) { download(id: $id) {
  status statusMessage attempt waitReason waitUntil error { code } progress { processedBytes }
  logs(minLevel: WARNING) { nodes { message } } items { nodes { files { url } } } } }"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", DISK_BYTES) as disk:
        yield disk


@pytest.fixture
async def server(tmp_path: Path, disk: Path) -> AsyncIterator[ServerProcess]:
    """One whose bytes are on the small disk."""
    settings = {
        "WAYBILL_WORKERS": "2",
        "WAYBILL_DOWNLOAD_ALLOW_PRIVATE": "true",
        "WAYBILL_DATABASE_URL": f"sqlite:///{tmp_path}/waybill.sqlite3",
    }
    async with ServerProcess(disk / "data", settings, tmp_path / "server.log") as server:
        yield server


async def start(waybill: Waybill, url: str) -> str:
    given = {"urls": [url], "options": {"chunkSize": 65_536}}
    (started,) = (await waybill.execute(START, {"input": given}))["startDownloads"]
    return str(started["download"]["id"])


async def wait_for(waybill: Waybill, id_: str, least_bytes: int = 0, **expected: Any) -> dict[str, Any]:
    async with asyncio.timeout(120):
        while True:
            state: dict[str, Any] = (await waybill.execute(READ, {"id": id_}))["download"]
            assert (state["error"], state["attempt"]) == (None, 1)
            has_come = state["progress"]["processedBytes"] >= least_bytes
            if has_come and {name: state[name] for name in expected} == expected:
                return state
            await asyncio.sleep(0.2)


async def test_a_download_waits_for_room_and_nothing_of_it_comes_twice(server: ServerProcess, disk: Path) -> None:
    pace = Paced(0.02)
    async with (
        serving(Origin(CONTENT, change=pace)) as origin,
        serving(Origin(b"later")) as other,
        Waybill(server.base_url) as waybill,
    ):
        await waybill.login(server.admin_name, server.admin_password)
        id_ = await start(waybill, origin.url("/film.zip"))
        await wait_for(waybill, id_, SIZE // 3, status="PROCESSING")
        ballast = fill(disk, left=LEFT_BYTES)
        late_id = await start(waybill, other.url("/late.zip"))

        waiting = await wait_for(waybill, id_, status="PENDING", waitReason="DISK_FULL")
        assert waiting["statusMessage"] == "The server's disk is full; this goes on by itself when there is room."
        assert waiting["waitUntil"] is not None
        assert SIZE // 3 <= waiting["progress"]["processedBytes"] < SIZE
        await wait_until(lambda: origin.open_now == 0)
        await wait_for(waybill, late_id, status="PENDING", waitReason="DISK_FULL")
        assert other.asked == []

        ballast.unlink()
        for each, content in ((id_, CONTENT), (late_id, b"later")):
            done = await wait_for(waybill, each, status="COMPLETED")
            (item,) = done["items"]["nodes"]
            assert await waybill.fetch(item["files"][0]["url"]) == content
            assert (done["waitReason"], done["waitUntil"]) == (None, None)
            assert [line["message"] for line in done["logs"]["nodes"]] == [waiting["statusMessage"]]
    assert [each is None for each in origin.ranges] == [True, False]
    assert pace.sent <= SIZE * 1.02


async def test_a_file_that_is_larger_than_the_room_waits_before_its_bytes(server: ServerProcess, disk: Path) -> None:
    pace = Paced(0.02)
    ballast = disk / "ballast"
    async with serving(Origin(CONTENT, change=pace)) as origin, Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        ballast.write_bytes(bytes(DISK_BYTES - 64 * 2**20 - SIZE // 2))  # enough to begin work, not for the file
        id_ = await start(waybill, origin.url("/film.zip"))
        await wait_for(waybill, id_, status="PENDING", waitReason="DISK_FULL")
        assert not list((disk / "data" / "partials").glob("*/*"))

        ballast.unlink()
        await wait_for(waybill, id_, status="COMPLETED")
    assert pace.sent <= SIZE * 1.02
