"""Downloads through HTTP and WebSocket alone: URLs in, live progress, files that equal their sources."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.downloads.servers_for_tests import Origin, serving

START = """mutation ($input: StartDownloadsInput!) {
  startDownloads(input: $input) { url download { id status } error { code } }
}"""
WATCH = """subscription ($id: ID!) {
  downloadUpdated(id: $id, maxPerSecond: 20) {
    status stage version statusMessage finalUrl resumable error { code message }
    progress { percentage processedBytes totalBytes bytesPerSecond etaSeconds totalItems processedItems }
    activeItems { name processedBytes size }
    hosts { name activeTransfers }
  }
}"""
READ = """query ($id: ID!) {
  download(id: $id) { url settings { headerNames bandwidthLimit } bundleUrl logs { nodes { level message } }
    items { nodes { name status url size files { name size sha256 url } } } }
}"""
SLOWER = "mutation ($id: ID!, $limit: Int!) { updateJob(id: $id, input: {bandwidthLimit: $limit}) { id } }"
KIB = 1024
PASSWORD, KEY = "hunter2-of-the-url", "s3cr3t-value-of-the-header"


@pytest.fixture
def server(shared_server: ServerProcess) -> ServerProcess:
    return shared_server


@pytest.fixture
async def origins() -> AsyncIterator[list[Origin]]:
    """Three servers, each with a file of its own."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(serving(Origin(content=os.urandom(size), etag=f'"{size}"')))
            for size in (600 * KIB, 5 * KIB, 70_001)
        ]


async def states_of(waybill: Waybill, download_id: str) -> list[dict[str, Any]]:
    """All that a watcher is told, until it is over."""
    return [message["downloadUpdated"] async for message in waybill.subscribe(WATCH, {"id": download_id})]


async def test_urls_become_files_that_equal_their_sources_and_progress_is_told(
    waybill: Waybill, origins: list[Origin]
) -> None:
    urls = [origin.url(f"/file-{number}.bin") for number, origin in enumerate(origins)]
    given = {"urls": [*urls, "ftp://example.org/"], "options": {"bandwidthLimit": 150}, "externalId": "journey"}
    *started, refused = (await waybill.execute(START, {"input": given}))["startDownloads"]
    assert (refused["download"], refused["error"]["code"]) == (None, "URL_NOT_ALLOWED")
    ids = [one["download"]["id"] for one in started]

    told = await asyncio.wait_for(asyncio.gather(*(states_of(waybill, id_) for id_ in ids)), 60)

    for origin, url, id_, states in zip(origins, urls, ids, told, strict=True):
        last = states[-1]
        assert (last["status"], last["progress"]["percentage"]) == ("COMPLETED", 100), last
        assert (last["finalUrl"], last["resumable"]) == (url, True)
        download = (await waybill.execute(READ, {"id": id_}))["download"]
        (item,) = download["items"]["nodes"]
        (file,) = item["files"]
        assert (item["status"], item["url"], file["name"]) == ("COMPLETED", url, url.rpartition("/")[2])
        assert (file["size"], file["sha256"]) == (len(origin.content), hashlib.sha256(origin.content).hexdigest())
        assert await waybill.fetch(file["url"]) == origin.content
        assert "SUCCESS" in {line["level"] for line in download["logs"]["nodes"]}
    check_progress(told[0], len(origins[0].content))
    again = (await waybill.execute(START, {"input": given}))["startDownloads"]
    assert [one["download"]["id"] for one in again[:-1]] == ids


def check_progress(states: list[dict[str, Any]], size: int) -> None:
    """Of a file that took four seconds at least."""
    for before, after in pairwise(states):
        assert before["version"] < after["version"]
        assert before["progress"]["percentage"] <= after["progress"]["percentage"]
        assert before["progress"]["processedBytes"] <= after["progress"]["processedBytes"]
    moving = [state for state in states if state["activeItems"]]
    assert {state["progress"]["totalBytes"] for state in moving} <= {None, size}
    halfway = [state for state in moving if 0 < state["progress"]["processedBytes"] < size]
    assert halfway
    assert all(state["activeItems"][0]["size"] in {None, size} for state in moving)
    assert any(state["progress"]["bytesPerSecond"] and state["progress"]["etaSeconds"] for state in halfway)
    assert {host["name"] for state in moving for host in state["hosts"]} == {"127.0.0.1"}


async def test_the_bandwidth_may_be_changed_while_bytes_come(waybill: Waybill, origins: list[Origin]) -> None:
    given = {"urls": [origins[0].url()], "options": {"bandwidthLimit": 5}}
    (started,) = (await waybill.execute(START, {"input": given}))["startDownloads"]
    id_ = started["download"]["id"]
    is_faster = False

    async with asyncio.timeout(60):  # at 5 KiB a second it would take two minutes
        async for message in waybill.subscribe(WATCH, {"id": id_}):
            state = message["downloadUpdated"]
            if not is_faster and state["progress"]["processedBytes"]:
                is_faster = True
                await waybill.execute(SLOWER, {"id": id_, "limit": 0})

    assert state["status"] == "COMPLETED"
    assert (await waybill.execute(READ, {"id": id_}))["download"]["settings"]["bandwidthLimit"] == 0


async def test_secrets_reach_their_server_and_nothing_else(
    waybill: Waybill, server: ServerProcess, origins: list[Origin]
) -> None:
    url = origins[1].url().replace("http://", f"http://me:{PASSWORD}@")
    given = {"urls": [url], "options": {"headers": [{"name": "X-Api-Key", "value": KEY}]}}
    (started,) = (await waybill.execute(START, {"input": given}))["startDownloads"]
    id_ = started["download"]["id"]
    states = await asyncio.wait_for(states_of(waybill, id_), 60)

    assert states[-1]["status"] == "COMPLETED"
    assert {asked.headers.get("X-Api-Key") for asked in origins[1].asked} == {KEY}
    assert all(asked.headers.get("Authorization", "").startswith("Basic ") for asked in origins[1].asked)
    download = (await waybill.execute(READ, {"id": id_}))["download"]
    assert download["settings"]["headerNames"] == ["X-Api-Key"]
    assert (download["url"], started["url"]) == (origins[1].url(), origins[1].url())
    shown = f"{states} {download}"
    await server.stop()
    left = [path.read_bytes() for path in [server.log_path, *server.data_dir.rglob("*")] if path.is_file()]
    for secret in (PASSWORD, KEY):
        assert secret not in shown
        assert not any(secret.encode() in data for data in left)
