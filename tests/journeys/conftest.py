"""A real server process for the journeys."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client.api import Waybill
from client.server_process import ServerProcess


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    async with ServerProcess(tmp_path / "data folder", {"WAYBILL_WORKERS": "2"}) as server:
        yield server


@pytest.fixture
async def waybill(server: ServerProcess) -> AsyncIterator[Waybill]:
    async with Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        yield waybill
