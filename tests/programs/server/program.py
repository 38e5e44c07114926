"""The program server.py, run and asked."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from client.server_process import ServerProcess

ROOT = Path(__file__).parents[3]


QUIET = {"WAYBILL_WORKERS": "0"}


LOGIN = "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { accessToken } }"


def run(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run server.py on a data folder until it ends, which it must do by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    own = {"WAYBILL_DATA_DIR": str(data_dir), "WAYBILL_PORT": "0", **QUIET, **environment}
    return subprocess.run(
        [sys.executable, str(ROOT / "server.py"), *arguments],
        env={**kept, **own}, cwd=data_dir.parent, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip


async def ask(server: ServerProcess, query: str, token: str = "", **variables: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"query": query, "variables": variables}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{server.base_url}/graphql", json=body) as answer,
    ):
        found: dict[str, Any] = orjson.loads(await answer.read())
    return found


async def token_of(server: ServerProcess, password: str) -> str:
    answer = await ask(server, LOGIN, u="admin", p=password)
    return str(answer["data"]["login"]["accessToken"])
