"""The servers that are measured: Waybill, and beside it @tus/server with its file store."""

import asyncio
import json
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from client.api import Waybill
from client.server_process import ServerProcess

PEER = Path(__file__).resolve().parent.parent / "peer"
PEER_NAME = f"@tus/server {json.loads((PEER / 'package.json').read_text())['dependencies']['@tus/server']}"
NPM_CI = ("ci", "--omit=optional", "--ignore-scripts", "--engine-strict", "--no-audit", "--no-fund", "--silent")


class PeerMissing(Exception):  # noqa: N818 (it reads as what happened)
    """Why there is nothing to compare with, in a sentence."""


@dataclass(frozen=True)
class Measured:
    """A running server.

    Attributes:
        authorize: The Authorization of who may upload there; empty where the server asks for none.
    """

    name: str
    base_url: str
    pid: int
    authorize: Callable[[], Awaitable[str]]


@asynccontextmanager
async def running_waybill(folder: Path, fsync: str) -> AsyncIterator[Measured]:
    """A Waybill that makes uploaded bytes durable as `fsync` says; as it is at any start but its first, which makes tables."""
    environment = {"WAYBILL_WORKERS": "0", "WAYBILL_UPLOAD_FSYNC": fsync}
    async with ServerProcess(folder / f"waybill-{fsync}", environment) as server, Waybill(server.base_url) as waybill:
        await server.stop()
        await server.start()

        async def authorize() -> str:
            await waybill.login(server.admin_name, server.admin_password)  # a token lasts half an hour
            return waybill.headers["Authorization"]

        yield Measured(f"Waybill, {fsync}", server.base_url, server.pid, authorize)


@asynccontextmanager
async def running_peer(folder: Path) -> AsyncIterator[Measured]:
    """A new @tus/server; see `install_peer`."""
    process = await asyncio.create_subprocess_exec("node", str(PEER / "server.mjs"), str(folder / "peer"), stdout=PIPE)
    try:
        port = (await _stdout_of(process).readline()).decode().strip()
        if not port:
            sys.exit("@tus/server did not start.")
        yield Measured(PEER_NAME, f"http://127.0.0.1:{port}", process.pid, _nobody)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def install_peer(name: str = PEER_NAME) -> None:
    """Fetch the packages of all peers, unless they are there; `name` is the one that is wanted.

    Raises:
        PeerMissing: There is no Node, or npm could not do it.
    """
    if not (shutil.which("node") and (npm := shutil.which("npm"))):
        raise PeerMissing(f"Nothing to compare with: {name} needs Node.js and npm, and they are not installed.")
    lock, installed = PEER / "package-lock.json", PEER / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    print(f"fetching {name} with npm", flush=True)
    process = await asyncio.create_subprocess_exec(npm, *NPM_CI, cwd=PEER, stdout=PIPE, stderr=STDOUT)
    said = (await _stdout_of(process).read()).decode(errors="replace")
    if await process.wait():
        raise PeerMissing(f"Nothing to compare with: npm could not fetch {name}. {' '.join(said.split())[-300:]}")


def _stdout_of(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    assert process.stdout is not None  # noqa: S101  (it was started with a pipe)
    return process.stdout


async def _nobody() -> str:
    return ""
