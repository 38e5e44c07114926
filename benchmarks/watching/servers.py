"""Servers that tell of changes from one Redis."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from auth.keys import Keys
from auth.tokens import issue_access_token
from benchmarks.machine import pin_to_first_core, pinned_program
from benchmarks.tus.servers import PEER
from benchmarks.watching.filling import session_id, user_id
from client.server_process import ServerProcess
from models.fields import now

SECRET = "a secret of the benchmarks, long enough"  # noqa: S105  of servers that live for minutes
WAYBILL = "Waybill"
_VERSIONS: dict[str, str] = json.loads((PEER / "package.json").read_text(encoding="utf-8"))["dependencies"]
PEERS = {
    f"mercurius {_VERSIONS['mercurius']}": "watching-mercurius.mjs",
    f"graphql-ws {_VERSIONS['graphql-ws']}": "watching-graphql-ws.mjs",
}


@dataclass(frozen=True)
class Feed:
    """Where changes are heard, and what there is to begin with.

    Attributes:
        data_dir: Of Waybill, with its database.
        jobs: A file with the jobs, for the others.
    """

    redis_url: str
    data_dir: Path
    jobs: Path
    prefix: str = field(default_factory=lambda: f"bench-{uuid4().hex[:12]}")

    @property
    def channel(self) -> str:
        return f"{self.prefix}:events"


@dataclass(frozen=True)
class Watched:
    """A running server."""

    base_url: str
    pid: int

    def token_of(self, person: int) -> str:
        """An access token of one of the people."""
        token, _ = issue_access_token(Keys(SECRET), user_id(person), session_id(person), now())
        return token


@asynccontextmanager
async def running(name: str, feed: Feed) -> AsyncIterator[Watched]:
    """`WAYBILL`, or one of `PEERS`."""
    if name != WAYBILL:
        command = ["node", str(PEER / PEERS[name]), str(feed.jobs), feed.redis_url, feed.channel]
        async with pinned_program(name, command, {"NODE_ENV": "production"}) as (pid, base_url):
            yield Watched(base_url, pid)
        return
    environment = {
        "WAYBILL_REDIS_URL": feed.redis_url,
        "WAYBILL_REDIS_PREFIX": feed.prefix,
        "WAYBILL_SECRET_KEY": SECRET,
        "WAYBILL_WORKERS": "0",
        "WAYBILL_LOG_LEVEL": "warning",
        "WAYBILL_CONNECTIONS_PER_ADDRESS": "0",
    }
    async with ServerProcess(feed.data_dir, environment) as server:
        pin_to_first_core(server.pid)
        yield Watched(server.base_url, server.pid)
