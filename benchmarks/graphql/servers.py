"""The servers that are asked: Waybill on a full database, and beside it Apollo Server on the same jobs in memory."""

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
from benchmarks.graphql.filling import OWNER, SESSION
from benchmarks.graphql.load import Order, Result
from benchmarks.machine import watched
from benchmarks.tus.servers import PEER
from client.api import Waybill
from client.server_process import ROOT, ServerProcess
from models.fields import now

PEER_NAME = f"Apollo Server {json.loads((PEER / 'package.json').read_text())['dependencies']['@apollo/server']}"
SECRET = "a secret of the benchmarks, long enough"  # noqa: S105  of servers that live for minutes
_JOBS = """query ($after: String) { batches(first: 100, after: $after) {
  nodes { id kind title status statusMessage createdAt updatedAt finishedAt progress { percentage totalItems processedItems
    failedItems } uploads(first: 5) { nodes { id filename size sha256 createdAt } } }
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
    peak_mb: float


@asynccontextmanager
async def running_waybill(name: str, data_dir: Path, database_url: str) -> AsyncIterator[Asked]:
    """A Waybill on a database that is full, without limits and without workers."""
    environment = {
        "WAYBILL_DATABASE_URL": database_url,
        "WAYBILL_SECRET_KEY": SECRET,
        "WAYBILL_WORKERS": "0",
        "WAYBILL_LOG_LEVEL": "warning",
        "WAYBILL_RATE_LIMIT_PER_MINUTE": "0",
        "WAYBILL_RATE_LIMIT_PER_SECOND": "0",
        "WAYBILL_RETENTION_INPUTS": "36500 d",
        "WAYBILL_RETENTION_RESULTS": "36500 d",
        "WAYBILL_RETENTION_JOBS": "36500 d",
    }
    token, _ = issue_access_token(Keys(SECRET), OWNER, SESSION, now())
    async with ServerProcess(data_dir, environment) as server:
        yield Asked(name, server.base_url, "/graphql", server.pid, f"Bearer {token}")


@asynccontextmanager
async def running_peer(data: Path) -> AsyncIterator[Asked]:
    """An Apollo Server that has read `data`."""
    process = await asyncio.create_subprocess_exec("node", str(PEER / "apollo.mjs"), str(data), stdout=PIPE)
    try:
        assert process.stdout is not None  # noqa: S101  (it was started with a pipe)
        port = (await process.stdout.readline()).decode().strip()
        if not port:
            sys.exit("Apollo Server did not start.")
        yield Asked(PEER_NAME, f"http://127.0.0.1:{port}", "/", process.pid)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def measure(server: Asked, query: str, variables: dict[str, Any], **load: Any) -> Figures:
    """Ask `server` one operation over and over; `load` is the rest of an `Order`."""
    order = Order(server.base_url, server.path, server.authorization, query, variables, **load)
    async with watched(server.pid) as usage:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.graphql.load", json.dumps(asdict(order)), cwd=ROOT, stdout=PIPE
        )
        said, _ = await process.communicate()
    if process.returncode:
        sys.exit("The load client failed; see above.")
    result = Result(**json.loads(said))
    answers = result.per_second * (order.seconds + order.warm_up_seconds)
    return Figures(result, 1000 * usage.cpu_seconds / max(answers, 1), usage.peak_bytes / 1e6)


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


def write_data(path: Path, batches: list[dict[str, Any]]) -> None:
    """What the peer reads: the same batches and uploads, in the shape of tables."""
    jobs, uploads = [], []
    for batch in batches:
        progress = batch["progress"]
        jobs.append(
            {
                **{name: batch[name] for name in ("id", "kind", "title", "status", "statusMessage")},
                **{name: batch[name] for name in ("createdAt", "updatedAt", "finishedAt")},
                **{name: progress[name] for name in ("percentage", "totalItems", "processedItems", "failedItems")},
                "ownerId": OWNER,
            }
        )
        uploads += [{**upload, "jobId": batch["id"]} for upload in batch["uploads"]["nodes"]]
    users = [{"id": OWNER, "username": "person a1"}]
    path.write_text(json.dumps({"jobs": jobs, "uploads": uploads, "users": users}), encoding="utf-8")
