"""A disk that is full, seen at a running server: batches wait, say so, and go on by themselves, also over a `kill -9`."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from client.upload import send_file
from tests.small_disk import fill, mounted

pytestmark = pytest.mark.long

CREATE_UPLOAD = 'mutation ($size: BigInt!) { createUpload(input: {filename: "leads.csv", size: $size}) { id url } }'
CREATE_BATCH = "mutation ($upload: ID!) { createBatch(input: {work: {leads: {}}, uploadIds: [$upload]}) { id } }"
BATCH = """query ($id: ID!) { batch(id: $id) {
  status statusMessage attempt waitReason waitUntil queuePosition error { code } files { name }
  logs(minLevel: WARNING) { nodes { level message } }
} }"""
ROWS = 400
LEFT_BYTES = 2**20
DISK_BYTES = 96 * 2**20
"""With the 64 MiB that uploads leave free, and what a small server needs."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", DISK_BYTES) as disk:
        yield disk


@pytest.fixture(params=["bytes", "bytes and database"])
async def server(request: pytest.FixtureRequest, tmp_path: Path, disk: Path) -> AsyncIterator[ServerProcess]:
    """One whose data folder is on the small disk, and in the second case its database, too."""
    environment = {"WAYBILL_WORKERS": "2"}
    if request.param == "bytes":
        environment["WAYBILL_DATABASE_URL"] = f"sqlite:///{tmp_path}/waybill.sqlite3"
    async with ServerProcess(disk / "data", environment, tmp_path / "server.log") as server:
        yield server


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    path = tmp_path / "leads.csv"
    rows = [f"Anna {number},anna{number}@example.com,Acme {number},Berlin" for number in range(ROWS)]
    path.write_text("\n".join(["Name,Email,Company,City", *rows]))
    return path


async def state_of(waybill: Waybill, batch_id: str) -> dict[str, Any]:
    state: dict[str, Any] = (await waybill.execute(BATCH, {"id": batch_id}))["batch"]
    assert (state["error"], state["attempt"]) == (None, 1)
    return state


async def wait_for(waybill: Waybill, batch_id: str, seconds: float, **expected: Any) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        while True:
            state = await state_of(waybill, batch_id)
            if {name: state[name] for name in expected} == expected:
                return state
            await asyncio.sleep(0.2)


async def until_it_answers(waybill: Waybill, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            with suppress(aiohttp.ClientError):
                await waybill.fetch("/health")
                return
            await asyncio.sleep(0.1)


async def test_a_batch_waits_for_room_and_goes_on_by_itself_also_after_a_kill(
    server: ServerProcess, disk: Path, leads: Path
) -> None:
    async with Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        upload = (await waybill.execute(CREATE_UPLOAD, {"size": leads.stat().st_size}))["createUpload"]
        await send_file(upload["url"], leads, 2**20)
        ballast = fill(disk, left=LEFT_BYTES)
        batch_id = (await waybill.execute(CREATE_BATCH, {"upload": upload["id"]}))["createBatch"]["id"]
        state = await wait_for(waybill, batch_id, 60, status="PENDING", waitReason="DISK_FULL")
        assert "disk is full" in state["statusMessage"]
        assert state["waitUntil"] is not None
        assert state["queuePosition"] is None
        await asyncio.sleep(12)  # more often than a slice may lose its worker
        await wait_for(waybill, batch_id, 30, status="PENDING", waitReason="DISK_FULL")
        await server.kill()
        starting = asyncio.create_task(server.start())  # it is not ready without room, and answers
        await until_it_answers(waybill, 60)
        await wait_for(waybill, batch_id, 60, status="PENDING", waitReason="DISK_FULL")
        ballast.unlink()
        await starting
        state = await wait_for(waybill, batch_id, 120, status="COMPLETED")
        assert (state["waitReason"], state["waitUntil"]) == (None, None)
        assert [line["message"] for line in state["logs"]["nodes"] if "disk is full" in line["message"]] == [
            "The server's disk is full; this goes on by itself when there is room."
        ]
        assert state["files"]
