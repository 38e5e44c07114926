"""Tasks on real servers: watched, asked about, paused, cancelled, and gone on with after a kill."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from client.api import Data, Waybill
from client.server_process import ROOT, ServerProcess

CREATE = "mutation ($work: TaskWork!) { createTask(input: {work: $work}) { id } }"
WATCH = """subscription ($id: ID!) { taskUpdated(id: $id, maxPerSecond: 20) {
  status awaiting version attempt hasFailures progress { percentage processedItems failedItems totalItems } files { name } } }"""
READ = """query ($id: ID!) { task(id: $id) { status attempt progress { processedItems }
  items(first: 100) { nodes { index status attempt result } } events(first: 100) { nodes { status } } } }"""


@pytest.fixture
def server(shared_server: ServerProcess) -> ServerProcess:
    return shared_server


async def play(waybill: Waybill, **demo: Any) -> str:
    """The id of a new task that plays so."""
    task_id: str = (await waybill.execute(CREATE, {"work": {"demo": demo}}))["createTask"]["id"]
    return task_id


async def verb(waybill: Waybill, name: str, task_id: str) -> str:
    """The status that a mutation answers."""
    answer = await waybill.execute(f"mutation ($id: ID!) {{ {name}(id: $id) {{ status }} }}", {"id": task_id})
    status: str = answer[name]["status"]
    return status


async def states_of(waybill: Waybill, task_id: str) -> list[Data]:
    """What a subscription tells, to its end."""
    return [message["taskUpdated"] async for message in waybill.subscribe(WATCH, {"id": task_id})]


async def task_of(waybill: Waybill, task_id: str) -> Data:
    task: Data = (await waybill.execute(READ, {"id": task_id}))["task"]
    return task


async def wait_for(waybill: Waybill, task_id: str, status: str, processed: int = 0, seconds: float = 60) -> Data:
    """The task once it is in `status`, its items are known, and at least so many of them are done."""
    async with asyncio.timeout(seconds):
        while True:
            task = await task_of(waybill, task_id)
            is_there = task["status"] == status and task["items"]["nodes"]
            if is_there and task["progress"]["processedItems"] >= processed:
                return task
            await asyncio.sleep(0.05)


async def test_a_task_is_watched_to_its_end_and_its_numbers_only_grow(waybill: Waybill) -> None:
    task_id = await play(waybill, items=30, seconds=3, failItems=[4])
    states = await states_of(waybill, task_id)
    last = states[-1]
    assert (last["status"], last["hasFailures"], last["files"]) == ("COMPLETED", True, [{"name": "demo.json"}])
    assert last["progress"] == {"percentage": 100, "processedItems": 30, "failedItems": 1, "totalItems": 30}
    for numbers in ([state["version"] for state in states], [state["progress"]["percentage"] for state in states]):
        assert numbers == sorted(numbers)
    assert all(state["progress"]["percentage"] < 100 for state in states[:-1])
    assert len({state["progress"]["percentage"] for state in states}) > 3


async def test_a_question_is_answered_by_starting_the_task(waybill: Waybill) -> None:
    task_id = await play(waybill, items=4, seconds=0, askAt=2)
    await wait_for(waybill, task_id, "AWAITING_INPUT")
    assert await verb(waybill, "startJob", task_id) == "PENDING"
    assert (await states_of(waybill, task_id))[-1]["progress"]["processedItems"] == 4


async def test_a_pause_and_a_cancel_stop_what_sleeps_within_twenty_seconds(waybill: Waybill) -> None:
    task_id = await play(waybill, items=10, seconds=600)
    await wait_for(waybill, task_id, "PROCESSING")
    assert await verb(waybill, "pauseJob", task_id) == "PAUSED"
    assert await verb(waybill, "resumeJob", task_id) == "PENDING"
    await wait_for(waybill, task_id, "PROCESSING")
    assert await verb(waybill, "cancelJob", task_id) == "CANCELLING"
    await wait_for(waybill, task_id, "CANCELLED", seconds=20)
    before = await task_of(waybill, task_id)
    await asyncio.sleep(1)
    assert await task_of(waybill, task_id) == before
    assert {item["status"] for item in before["items"]["nodes"]} == {"CANCELLED"}


@pytest.mark.long
async def test_a_killed_server_goes_on_from_the_items_that_were_done(server: ServerProcess, waybill: Waybill) -> None:
    task_id = await play(waybill, items=40, seconds=8)
    await wait_for(waybill, task_id, "PROCESSING", processed=5)
    await server.kill()
    await server.start()
    done = await wait_for(waybill, task_id, "COMPLETED", processed=40)
    assert [item["index"] for item in done["items"]["nodes"]] == list(range(40))
    assert {item["status"] for item in done["items"]["nodes"]} == {"COMPLETED"}
    assert done["attempt"] == 1


@asynccontextmanager
async def working(data_dir: Path, settings: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of worker.py, once it is ready; killed at the end if it still runs."""
    command = (sys.executable, str(ROOT / "worker.py"))
    environment = {**settings, "WAYBILL_WORKERS": "1", "WAYBILL_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin"}
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=data_dir, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        assert b"ready" in await asyncio.wait_for(process.stdout.readline(), 30)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.long
async def test_the_slice_of_a_worker_that_was_killed_goes_on_at_another_within_thirty_seconds(
    shared: dict[str, str], tmp_path: Path
) -> None:
    async with ServerProcess(tmp_path / "data", shared) as server, Waybill(server.base_url) as waybill:
        await waybill.login("admin", "a password of the tests")
        task_id = await play(waybill, items=40, seconds=10)
        async with working(tmp_path / "data", shared) as first:
            await wait_for(waybill, task_id, "PROCESSING", processed=3)
            first.kill()
        begin = time.monotonic()
        async with working(tmp_path / "data", shared):
            reached = (await task_of(waybill, task_id))["progress"]["processedItems"]
            await wait_for(waybill, task_id, "PROCESSING", processed=reached + 1, seconds=30)
            assert time.monotonic() - begin < 30
            done = await wait_for(waybill, task_id, "COMPLETED", processed=40)
    statuses = [event["status"] for event in done["events"]["nodes"]]
    assert statuses[-4:] == ["PENDING", "PROCESSING", "PROCESSING", "COMPLETED"]
    assert [item["index"] for item in done["items"]["nodes"]] == list(range(40))
