"""Fixtures: a real server for a module, and its clients."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import Node, node_or_skip
from tests.clients.tus_js import TusJs
from tests.databases import copied_sqlite


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    data_dir = copied_sqlite(migrated_file, tmp_path_factory.mktemp("server") / "data")
    async with ServerProcess(data_dir, {"WAYBILL_WORKERS": "0"}) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def token(server: ServerProcess) -> str:
    async with Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        return waybill.token


@pytest.fixture
async def waybill(server: ServerProcess, token: str) -> AsyncIterator[Waybill]:
    async with Waybill(server.base_url, token) as waybill:
        yield waybill


@pytest.fixture(scope="session")
def node() -> Node:
    return node_or_skip()


@pytest.fixture(params=[pytest.param(4, marks=pytest.mark.long), 5])
def tus_js(request: pytest.FixtureRequest, node: Node, waybill: Waybill) -> TusJs:
    return TusJs(node, request.param, waybill)
