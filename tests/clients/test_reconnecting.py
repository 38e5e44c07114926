"""Reconnection of graphql-ws after a restart of the server."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import Node

NEW_UPLOAD = 'mutation { createUpload(input: {filename: "leads.csv", size: 100}) { id } }'
NEW_JOB = "mutation ($id: ID!) { createBatch(input: {work: {leads: {}}, uploadIds: [$id]}) { id } }"
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { id } }"


@pytest.fixture
async def restarted(server_folder: Path) -> AsyncIterator[ServerProcess]:
    """A server that nobody else uses."""
    async with ServerProcess(server_folder, {"WAYBILL_WORKERS": "0"}) as server:
        yield server


async def is_counted(server: ServerProcess, metric: str) -> None:
    """Wait until a line of the metrics is there (a regular expression)."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(40):
        while True:
            async with session.get(f"{server.base_url}/metrics") as response:
                if re.search(f"^{metric}", await response.text(), re.MULTILINE):
                    return
            await asyncio.sleep(0.05)


async def is_told(told: Path, states: int) -> None:
    """Wait until the script has written so many states into this file."""
    async with asyncio.timeout(40):
        while True:
            if told.exists() and len(told.read_text().splitlines()) >= states:
                return
            await asyncio.sleep(0.05)


@pytest.mark.long
async def test_a_subscription_outlives_a_restart_of_the_server(
    restarted: ServerProcess, node: Node, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    async with Waybill(restarted.base_url) as waybill:
        await waybill.login(restarted.admin_name, restarted.admin_password)
        upload = (await waybill.execute(NEW_UPLOAD))["createUpload"]["id"]
        job = (await waybill.execute(NEW_JOB, {"id": upload}))["createBatch"]["id"]
        url = f"{restarted.base_url}/graphql"
        options = {"url": url, "token": waybill.token, "jobId": job, "told": str(told)}
        watching = asyncio.create_task(node.run("reconnect.mjs", **options))
        await is_told(told, 1)
        await restarted.restart()
        await is_told(told, 2)
        await waybill.execute(CANCEL, {"id": job})
        seen = await watching

    assert seen["closes"][0] == 1012
    assert (seen["statuses"][:2], seen["statuses"][-1]) == (["UPLOADING", "UPLOADING"], "CANCELLED")
