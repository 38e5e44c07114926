"""People in a real browser: scenarios in Node, which may ask the test to do something to the server meanwhile."""

import asyncio
import contextlib
import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client.server_process import ServerProcess
from tests.clients.programs import Node

FOLDER = Path(__file__).parent
PLAY_SECONDS = 300
CLOSE_SECONDS = 30
MAX_LINE_BYTES = 16 * 1024 * 1024

Deed = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Browser:
    """Plays the scenarios of this folder.

    Attributes:
        node: With the packages of this folder.
        endpoint: Of the Chromium in which they play, as `running_chromium` tells it.
        server: Whom the pages come from, and whose admin signs in.
    """

    node: Node
    endpoint: str
    server: ServerProcess

    async def play(self, scenario: str, deeds: Mapping[str, Deed] | None = None, **options: Any) -> Any:
        """What `scenario` has seen within `PLAY_SECONDS`; it may have `deeds` done, by name. Cancelled, it is killed."""
        given = {
            "endpoint": self.endpoint,
            "url": f"{self.server.base_url}/",
            "username": self.server.admin_name,
            "password": self.server.admin_password,
            **options,
        }
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            self.node.path,
            str(FOLDER / scenario),
            json.dumps(given),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            limit=MAX_LINE_BYTES,
        )
        try:
            async with asyncio.timeout(PLAY_SECONDS):
                complaints = asyncio.ensure_future(_read_all(process))
                seen = await _converse(process, deeds or {})
                assert await process.wait() == 0, (await complaints).decode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return seen


@contextlib.contextmanager
def running_chromium(node: Node, program: str) -> Iterator[str]:
    """A Chromium for any number of scenarios, each with a profile of its own; the address of its socket."""
    command = (node.path, str(FOLDER / "chromium.mjs"), program)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())
            process.communicate(timeout=CLOSE_SECONDS)
        finally:
            process.kill()


async def _converse(process: asyncio.subprocess.Process, deeds: Mapping[str, Deed]) -> Any:
    """Do what the scenario asks for, until it says what it has seen."""
    assert process.stdin
    assert process.stdout
    async for line in process.stdout:
        message = json.loads(line)
        if "seen" in message:
            return message["seen"]
        answer = await deeds[message["do"]](*message["args"])
        process.stdin.write(json.dumps(answer).encode() + b"\n")
        await process.stdin.drain()
    return None


async def _read_all(process: asyncio.subprocess.Process) -> bytes:
    assert process.stderr
    return await process.stderr.read()
