"""Fixtures: a real server with workers for a module, and people in browsers."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import BROWSERS, node_or_skip, program_or_skip
from tests.dashboard.browser import FOLDER, Browser, running_chromium
from tests.databases import copied_sqlite


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    data_dir = copied_sqlite(migrated_file, tmp_path_factory.mktemp("server") / "data")
    environment = {
        "WAYBILL_WORKERS": "1",
        "WAYBILL_ALLOW_ANONYMOUS": "true",
        "WAYBILL_UNFINISHED_JOBS_PER_USER": "0",
        "WAYBILL_DOWNLOAD_ALLOW_PRIVATE": "true",
    }
    async with ServerProcess(data_dir, environment) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def waybill(server: ServerProcess) -> AsyncIterator[Waybill]:
    async with Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        yield waybill


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """The address of one Chromium for all scenarios."""
    program = program_or_skip(BROWSERS[0], "chromium", also=BROWSERS[1:])
    with running_chromium(node_or_skip(FOLDER), program) as endpoint:
        yield endpoint


@pytest.fixture
def browser(chromium: str, server: ServerProcess) -> Browser:
    return Browser(node_or_skip(FOLDER), chromium, server)
