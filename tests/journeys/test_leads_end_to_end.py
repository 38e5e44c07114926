"""The main way, through HTTP and WebSocket alone: a spreadsheet up by tus, processed, watched, fetched; and every way
in which a server can die on it."""

import asyncio
import csv
import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import AsyncGenerator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from client.api import Data, Waybill
from client.server_process import ServerProcess
from client.upload import send_file
from tests.journeys.leads_workbook import Expected, write_workbook
from tests.journeys.watching import begin_watching

CREATE_UPLOAD = """mutation ($filename: String!, $size: BigInt!) {
  createUpload(input: {filename: $filename, size: $size}) { id url offset status }
}"""
CREATE_BATCH = """mutation ($upload: ID!, $size: Int!) {
  createBatch(input: {work: {leads: {batchSize: $size}}, uploadIds: [$upload]}) { id status }
}"""
WATCH = """subscription ($id: ID!) {
  batchUpdated(id: $id, maxPerSecond: 20) {
    status stage version attempt statusMessage error { code message }
    progress { percentage totalItems processedItems failedItems skippedItems completedSlices totalSlices completedBatches totalBatches }
    files { name role size sha256 url }
  }
}"""
READ = """query ($id: ID!) {
  batch(id: $id) {
    status hasFailures attempt bundleUrl
    progress { percentage totalItems processedItems failedItems skippedItems completedSlices totalSlices completedBatches totalBatches }
    files { name role size sha256 url }
    failed: items(status: FAILED, first: 1) { totalCount nodes { name status error { code message } } }
    skipped: items(status: SKIPPED, first: 1) { totalCount nodes { name skipReason } }
    events { nodes { status } }
  }
}"""


@pytest.fixture
def server(shared_server: ServerProcess) -> ServerProcess:
    return shared_server


async def test_a_workbook_of_leads_comes_back_as_files_and_every_step_is_told(waybill: Waybill, tmp_path: Path) -> None:
    expected = write_workbook(tmp_path / "leads.xlsx", 500)
    upload = await announce(waybill, tmp_path / "leads.xlsx")
    batch_id = await create_batch(waybill, upload["id"], 50)
    watching = await begin_watching(waybill, WATCH, batch_id)
    await send_file(upload["url"], tmp_path / "leads.xlsx", 4096)
    states = await asyncio.wait_for(watching, 60)

    assert_true_progress(states)
    assert states[0]["status"] == "UPLOADING"
    assert [state["status"] for state in states if state["status"] in {"UPLOADED", "PENDING"}] == [
        "UPLOADED",
        "PENDING",
    ]
    assert [name for name in dict.fromkeys(state["stage"] for state in states) if name] == [
        "upload",
        "read",
        "check",
        "write",
    ]
    last = states[-1]
    assert (last["status"], last["progress"]["percentage"]) == ("COMPLETED", 100)
    assert [file["name"] for file in last["files"]] == ["leads.csv", "leads.xlsx", "report.json"]
    await assert_outcome(waybill, batch_id, expected)


async def test_the_bundle_holds_the_input_and_the_results(waybill: Waybill, tmp_path: Path) -> None:
    write_workbook(tmp_path / "leads.xlsx", 30)
    batch_id = await finished_batch(waybill, tmp_path / "leads.xlsx", 10)
    batch = (await waybill.execute(READ, {"id": batch_id}))["batch"]
    with zipfile.ZipFile(io.BytesIO(await waybill.fetch(batch["bundleUrl"]))) as bundle:
        assert bundle.testzip() is None
        names = {Path(name).name for name in bundle.namelist()}
        inside = next(bundle.read(name) for name in bundle.namelist() if name.startswith("inputs/"))
    assert names == {"leads.xlsx", "leads.csv", "report.json"} | {name for name in names if name.startswith("leads")}
    assert inside == (tmp_path / "leads.xlsx").read_bytes()


@pytest.mark.long
async def test_a_server_killed_during_the_upload_goes_on_at_the_committed_offset(
    server: ServerProcess, waybill: Waybill, tmp_path: Path
) -> None:
    expected = write_workbook(tmp_path / "leads.xlsx", 2_000)
    upload = await announce(waybill, tmp_path / "leads.xlsx")
    batch_id = await create_batch(waybill, upload["id"], 100)
    with (tmp_path / "leads.xlsx").open("rb") as file:
        uploader = TusClient(f"{server.base_url}/files/").uploader(file_stream=file, chunk_size=8192, url=upload["url"])
        await asyncio.to_thread(uploader.upload, 40_960)
        await server.kill()
        with pytest.raises((TusCommunicationError, OSError)):
            await asyncio.to_thread(uploader.upload)
    await server.start()

    offset = (await waybill.execute("query ($id: ID!) { upload(id: $id) { offset } }", {"id": upload["id"]}))["upload"][
        "offset"
    ]
    assert offset == 40_960
    await send_file(upload["url"], tmp_path / "leads.xlsx", 65_536)
    states = await asyncio.wait_for(states_of(waybill, batch_id), 60)
    assert states[-1]["status"] == "COMPLETED"
    read = await waybill.execute("query ($id: ID!) { upload(id: $id) { sha256 } }", {"id": upload["id"]})
    assert read["upload"]["sha256"] == hashlib.sha256((tmp_path / "leads.xlsx").read_bytes()).hexdigest()
    await assert_outcome(waybill, batch_id, expected)


@pytest.mark.long
async def test_a_server_killed_during_the_batch_goes_on_and_gives_the_same_totals_and_bytes(
    server: ServerProcess, waybill: Waybill, tmp_path: Path
) -> None:
    expected = write_workbook(tmp_path / "leads.xlsx", 20_000)
    calm_id = await finished_batch(waybill, tmp_path / "leads.xlsx", 100)
    upload = await announce(waybill, tmp_path / "leads.xlsx")
    await send_file(upload["url"], tmp_path / "leads.xlsx", 2**20)
    batch_id = await create_batch(waybill, upload["id"], 100)
    await wait_for_items(waybill, batch_id, 3_000)
    await server.kill()
    await server.start()

    states = await asyncio.wait_for(states_of(waybill, batch_id), 90)
    assert states[0]["progress"]["processedItems"] >= 3_000
    assert_true_progress(states)
    assert states[-1]["status"] == "COMPLETED"
    await assert_outcome(waybill, batch_id, expected)
    assert await result_bytes(waybill, batch_id, "leads.csv") == await result_bytes(waybill, calm_id, "leads.csv")


async def test_cancel_in_the_middle_stops_the_work_and_nothing_is_written_afterwards(
    server: ServerProcess, waybill: Waybill, tmp_path: Path
) -> None:
    write_workbook(tmp_path / "leads.xlsx", 20_000)
    upload = await announce(waybill, tmp_path / "leads.xlsx")
    await send_file(upload["url"], tmp_path / "leads.xlsx", 2**20)
    batch_id = await create_batch(waybill, upload["id"], 100)
    watching = await begin_watching(waybill, WATCH, batch_id)
    await wait_for_items(waybill, batch_id, 2_000)
    answer = await waybill.execute("mutation ($id: ID!) { cancelJob(id: $id) { status } }", {"id": batch_id})
    assert answer["cancelJob"]["status"] in {"CANCELLING", "CANCELLED"}
    states = await asyncio.wait_for(watching, 60)
    assert states[-1]["status"] == "CANCELLED"

    before = everything_in(server.data_dir)
    await asyncio.sleep(1.5)
    assert everything_in(server.data_dir) == before
    batch = (await waybill.execute(READ, {"id": batch_id}))["batch"]
    assert 2_000 <= batch["progress"]["processedItems"] < 20_000
    assert batch["progress"]["percentage"] < 100
    again = await waybill.execute("mutation ($id: ID!) { cancelJob(id: $id) { status } }", {"id": batch_id})
    assert again["cancelJob"]["status"] == "CANCELLED"


async def test_a_cancelled_batch_can_be_retried_to_the_full_result(waybill: Waybill, tmp_path: Path) -> None:
    expected = write_workbook(tmp_path / "leads.xlsx", 5_000)
    upload = await announce(waybill, tmp_path / "leads.xlsx")
    await send_file(upload["url"], tmp_path / "leads.xlsx", 2**20)
    batch_id = await create_batch(waybill, upload["id"], 10)
    await wait_for_items(waybill, batch_id, 100)
    await waybill.execute("mutation ($id: ID!) { cancelJob(id: $id) { status } }", {"id": batch_id})
    await asyncio.wait_for(states_of(waybill, batch_id), 60)
    retried = await waybill.execute("mutation ($id: ID!) { retryJob(id: $id) { status attempt } }", {"id": batch_id})
    assert retried["retryJob"] == {"status": "PENDING", "attempt": 2}
    states = await asyncio.wait_for(states_of(waybill, batch_id), 60)
    assert (states[-1]["status"], states[-1]["attempt"]) == ("COMPLETED", 2)
    await assert_outcome(waybill, batch_id, expected)


async def announce(waybill: Waybill, path: Path) -> dict[str, Any]:
    data = await waybill.execute(CREATE_UPLOAD, {"filename": path.name, "size": path.stat().st_size})
    upload: dict[str, Any] = data["createUpload"]
    return upload


async def create_batch(waybill: Waybill, upload_id: str, size: int) -> str:
    return str((await waybill.execute(CREATE_BATCH, {"upload": upload_id, "size": size}))["createBatch"]["id"])


async def finished_batch(waybill: Waybill, path: Path, size: int) -> str:
    upload = await announce(waybill, path)
    await send_file(upload["url"], path, 2**20)
    batch_id = await create_batch(waybill, upload["id"], size)
    states = await asyncio.wait_for(states_of(waybill, batch_id), 90)
    assert states[-1]["status"] == "COMPLETED", states[-1]
    return batch_id


async def states_of(waybill: Waybill, batch_id: str) -> list[dict[str, Any]]:
    """Everything that the subscription sends, until the server ends it."""
    messages: AsyncGenerator[Data] = waybill.subscribe(WATCH, {"id": batch_id})
    return [message["batchUpdated"] async for message in messages]


async def wait_for_items(waybill: Waybill, batch_id: str, count: int) -> None:
    async for message in waybill.subscribe(WATCH, {"id": batch_id}):
        if message["batchUpdated"]["progress"]["processedItems"] >= count:
            return
    pytest.fail("the batch ended before it was that far")


def assert_true_progress(states: list[dict[str, Any]]) -> None:
    """Within an attempt the percentage never falls, `version` grows, and only COMPLETED is 100."""
    for earlier, later in pairwise(states):
        assert later["version"] > earlier["version"]
        assert later["progress"]["percentage"] >= earlier["progress"]["percentage"]
        assert later["progress"]["processedItems"] >= earlier["progress"]["processedItems"]
    assert all((state["progress"]["percentage"] == 100) == (state["status"] == "COMPLETED") for state in states)


async def assert_outcome(waybill: Waybill, batch_id: str, expected: Expected) -> None:
    batch = (await waybill.execute(READ, {"id": batch_id}))["batch"]
    progress = batch["progress"]
    assert batch["status"] == "COMPLETED"
    assert (progress["totalItems"], progress["processedItems"]) == (expected.leads, expected.leads)
    assert (progress["failedItems"], progress["skippedItems"]) == (expected.invalid, expected.duplicates)
    assert progress["completedSlices"] == progress["totalSlices"]
    assert (progress["completedBatches"], progress["totalBatches"]) == (
        progress["completedSlices"],
        progress["totalSlices"],
    )
    assert (batch["failed"]["totalCount"], batch["skipped"]["totalCount"]) == (expected.invalid, expected.duplicates)
    failed, skipped = batch["failed"]["nodes"][0], batch["skipped"]["nodes"][0]
    assert (failed["name"], failed["error"]["code"]) == ("Row 28", "BAD_INPUT")
    assert (skipped["name"], "row 12" in skipped["skipReason"]) == ("Row 13", True)
    for file in batch["files"]:
        content = await waybill.fetch(file["url"])
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size"], file["sha256"])
    rows = list(csv.DictReader(io.StringIO((await result_bytes(waybill, batch_id, "leads.csv")).decode("utf-8-sig"))))
    assert len(rows) == expected.kept
    assert len({row[next(name for name in row if "mail" in name.lower())] for row in rows}) == expected.kept
    report = json.loads(await result_bytes(waybill, batch_id, "report.json"))
    totals = report["totals"]
    assert (totals["leads"], totals["kept"]) == (expected.leads, expected.kept)
    assert (totals["duplicates"], totals["invalid"]) == (expected.duplicates, expected.invalid)


async def result_bytes(waybill: Waybill, batch_id: str, name: str) -> bytes:
    batch = (await waybill.execute(READ, {"id": batch_id}))["batch"]
    return await waybill.fetch(next(file["url"] for file in batch["files"] if file["name"] == name))


def everything_in(data_dir: Path) -> list[Any]:
    """All rows of all tables that a job has, and all files, as they are now."""
    with sqlite3.connect(data_dir / "waybill.sqlite3") as db:
        tables = ("jobs", "slices", "items", "files", "job_events", "log_entries")
        rows = [db.execute(f"SELECT * FROM {table} ORDER BY id").fetchall() for table in tables]
    files = sorted(str(path) for folder in ("files", "work") for path in (data_dir / folder).rglob("*"))
    return [rows, files]
