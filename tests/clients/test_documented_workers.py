"""The workers of docs/workers.md, run as they stand there."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import FOLDER, program_or_skip

PAGE = FOLDER.parents[1] / "docs" / "workers.md"
PASSWORD = "a password of the tests"
ADD = "mutation ($name: String!, $password: String!) { createUser(username: $name, password: $password, role: WORKER) { id } }"
UPLOAD = 'mutation { createUpload(input: {filename: "in.txt", size: 5}) { id url } }'
CREATE = """mutation ($uploads: [ID!]!) {
  createTask(input: {work: {external: {queue: "uppercase"}}, uploadIds: $uploads}) { id } }"""
READ = "query ($id: ID!) { task(id: $id) { status progress { processedItems totalItems } files { name url } owner { id } } }"


def example(language: str) -> str:
    """The worker in this language."""
    return list[str](re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))[0]


@pytest.fixture
async def worker(server: ServerProcess, waybill: Waybill, request: pytest.FixtureRequest) -> AsyncIterator[Waybill]:
    """A user with the role WORKER, signed in."""
    name = f"worker-{abs(hash(request.node.nodeid))}"
    await waybill.execute(ADD, {"name": name, "password": PASSWORD})
    async with Waybill(server.base_url) as worker:
        await worker.login(name, PASSWORD)
        yield worker


async def task_over(waybill: Waybill, *contents: bytes) -> str:
    """The id of a new task over files of these contents."""
    ids = []
    for content in contents:
        upload = (await waybill.execute(UPLOAD))["createUpload"]
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        async with (
            aiohttp.ClientSession() as http,
            http.patch(upload["url"], data=content, headers=headers) as response,
        ):
            assert response.status == 204
        ids.append(upload["id"])
    task_id: str = (await waybill.execute(CREATE, {"uploads": ids}))["createTask"]["id"]
    return task_id


@asynccontextmanager
async def running(worker: Waybill, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that knows the server and the token; ended with the block."""
    known = {"WAYBILL": worker.base_url, "TOKEN": worker.token, "PAUSE": "0.1"}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | known, stdout=pipe, stderr=pipe)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def completed(waybill: Waybill, task_id: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            task: dict[str, Any] = (await waybill.execute(READ, {"id": task_id}))["task"]
            if task["status"] == "COMPLETED":
                return task
            await asyncio.sleep(0.1)


async def test_the_worker_in_python_does_one_task_after_the_other(waybill: Waybill, worker: Waybill) -> None:
    first = await task_over(waybill, b"abcde", b"fghij")
    async with running(worker, sys.executable, "-c", example("python")):
        task = await completed(waybill, first)
        assert task["progress"] == {"processedItems": 2, "totalItems": 2}
        assert [await waybill.fetch(file["url"]) for file in task["files"]] == [b"ABCDE", b"FGHIJ"]
        assert [file["name"] for file in task["files"]] == ["upper.txt", "upper.txt"]
        assert await completed(waybill, await task_over(waybill, b"klmno"))


async def test_the_worker_in_the_shell_does_a_task(waybill: Waybill, worker: Waybill) -> None:
    for program in ("curl", "jq", "sh"):
        program_or_skip(program)
    task_id = await task_over(waybill, b"abcde")
    async with running(worker, "sh", "-c", example("sh")) as process:
        out, complaints = await asyncio.wait_for(process.communicate(), 30)
    assert (out, complaints, process.returncode) == (b"COMPLETED\n", b"", 0)
    (file,) = (await completed(waybill, task_id))["files"]
    assert await waybill.fetch(file["url"]) == b"ABCDE"


async def test_a_worker_in_the_shell_without_a_task_just_ends(worker: Waybill) -> None:
    program_or_skip("jq")
    async with running(worker, "sh", "-c", example("sh")) as process:
        out, complaints = await asyncio.wait_for(process.communicate(), 30)
    assert (out, complaints, process.returncode) == (b"", b"", 0)
