"""Servers that are asked, on databases and from memory."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from auth.keys import Keys
from auth.tokens import issue_access_token
from benchmarks.asking.load import Order, Result
from benchmarks.listing.filling import OWNER, SESSION
from benchmarks.machine import ROOT, pin_to_first_core, pinned_program, watched
from benchmarks.tus.servers import PEER
from client.api import Waybill
from client.server_process import ServerProcess
from models.fields import now

_VERSIONS: dict[str, str] = json.loads((PEER / "package.json").read_text(encoding="utf-8"))["dependencies"]
APOLLO = f"Apollo Server {_VERSIONS['@apollo/server']}"
PEERS = {
    APOLLO: ("apollo.mjs", "/"),
    f"graphql-yoga {_VERSIONS['graphql-yoga']}": ("yoga.mjs", "/graphql"),
    f"mercurius {_VERSIONS['mercurius']}": ("mercurius.mjs", "/graphql"),
    f"mercurius {_VERSIONS['mercurius']}, jit": ("mercurius.mjs", "/graphql", "jit"),
}
"""The program of each, its path, and what else it is told."""
SECRET = "a secret of the benchmarks, long enough"  # noqa: S105  of servers that live for minutes
_PLENTY = "1000000000"
_SETTINGS = {
    "WAYBILL_SECRET_KEY": SECRET,
    "WAYBILL_WORKERS": "0",
    "WAYBILL_LOG_LEVEL": "warning",
    "WAYBILL_RATE_LIMIT_PER_MINUTE": _PLENTY,
    "WAYBILL_RATE_LIMIT_PER_SECOND": _PLENTY,
    "WAYBILL_USER_RATE_LIMIT_PER_MINUTE": _PLENTY,
    "WAYBILL_USER_RATE_LIMIT_PER_SECOND": _PLENTY,
    "WAYBILL_RETENTION_INPUTS": "36500 d",
    "WAYBILL_RETENTION_RESULTS": "36500 d",
    "WAYBILL_RETENTION_JOBS": "36500 d",
}
"""Operations are counted, and never refused."""
_JOBS = """query ($after: String) { batches(first: 100, after: $after) {
  nodes { id kind title status statusMessage stage version isActive createdAt updatedAt finishedAt owner { id username }
    progress { percentage totalItems processedItems failedItems } uploads(first: 5) { nodes { id filename size sha256 createdAt } } }
  pageInfo { hasNextPage endCursor } } }"""


@dataclass(frozen=True)
class Asked:
    """A running server, and what it is asked with."""

    name: str
    base_url: str
    path: str
    pid: int
    authorization: str = ""


@dataclass(frozen=True)
class Figures:
    """What one operation on one server came to; the CPU is that of the server, per answer."""

    result: Result
    cpu_ms: float


@asynccontextmanager
async def running_waybill(name: str, data_dir: Path, database_url: str) -> AsyncIterator[Asked]:
    """A Waybill on a database that is full, with its rights and limits, and without workers."""
    token, _ = issue_access_token(Keys(SECRET), OWNER, SESSION, now())
    async with ServerProcess(data_dir, {**_SETTINGS, "WAYBILL_DATABASE_URL": database_url}) as server:
        pin_to_first_core(server.pid)
        yield Asked(name, server.base_url, "/graphql", server.pid, f"Bearer {token}")


@asynccontextmanager
async def running_from_memory(name: str, jobs: Path, data_dir: Path) -> AsyncIterator[Asked]:
    """`waybill` or `strawberry`: its stack on the jobs in a file."""
    settings = {**_SETTINGS, "WAYBILL_DATA_DIR": str(data_dir), "WAYBILL_HOST": "127.0.0.1", "WAYBILL_PORT": "0"}
    command = [sys.executable, "-m", "benchmarks.asking.memory", name, str(jobs)]
    async with pinned_program(name, command, settings) as (pid, base_url):
        yield Asked(f"{name.capitalize()}, memory", base_url, "/graphql", pid)


@asynccontextmanager
async def running_peer(name: str, jobs: Path) -> AsyncIterator[Asked]:
    """One of `PEERS` on the jobs in a file."""
    program, path, *told = PEERS[name]
    command = ["node", str(PEER / program), str(jobs), *told]
    async with pinned_program(name, command, {"NODE_ENV": "production"}) as (pid, base_url):
        yield Asked(name, base_url, path, pid)


async def measure(server: Asked, query: str, variables: dict[str, Any], **load: Any) -> Figures:
    """Ask `server` one operation over and over; `load` is the rest of an `Order`."""
    order = Order(server.base_url, server.path, server.authorization, query, variables, **load)
    async with watched(server.pid) as usage:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.asking.load", json.dumps(asdict(order)), cwd=ROOT, stdout=PIPE
        )
        said, _ = await process.communicate()
    if process.returncode:
        sys.exit("The load client failed; see above.")
    result = Result(**json.loads(said))
    answers = result.per_second * (order.seconds + order.warm_up_seconds)
    return Figures(result, 1000 * usage.cpu_seconds / max(answers, 1))


async def newest_batches(server: Asked, count: int) -> list[dict[str, Any]]:
    """The newest batches of the owner, as clients see them."""
    found: list[dict[str, Any]] = []
    after = None
    async with Waybill(server.base_url, server.authorization.removeprefix("Bearer ")) as waybill:
        while len(found) < count:
            page = (await waybill.execute(_JOBS, {"after": after}))["batches"]
            found += page["nodes"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
    return found[:count]
