"""Fixtures: server.py, running."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client.server_process import ServerProcess
from tests.programs.server.program import QUIET


@pytest.fixture
async def server(server_folder: Path) -> AsyncIterator[ServerProcess]:
    async with ServerProcess(server_folder, QUIET) as server:
        yield server
