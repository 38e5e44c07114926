"""Real processes for the journeys: one server, or several that share what they have."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from client.api import Waybill
from client.server_process import ServerProcess
from tests.databases import copied_sqlite


@pytest.fixture
async def server(tmp_path: Path, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    async with ServerProcess(
        copied_sqlite(migrated_file, tmp_path / "data folder"), {"WAYBILL_WORKERS": "2"}
    ) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lasting_server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    data_dir = copied_sqlite(migrated_file, tmp_path_factory.mktemp("server") / "data folder")
    async with ServerProcess(data_dir, {"WAYBILL_WORKERS": "2", "WAYBILL_DOWNLOAD_ALLOW_PRIVATE": "true"}) as server:
        yield server


@pytest.fixture
async def shared_server(lasting_server: ServerProcess) -> ServerProcess:
    """One for all tests of a file, as starting takes seconds; a test may leave it dead."""
    if not lasting_server.is_running:
        await lasting_server.start()
    return lasting_server


@pytest.fixture
async def waybill(server: ServerProcess) -> AsyncIterator[Waybill]:
    async with Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        yield waybill


@pytest.fixture
def shared(copied_url: str, redis_url: str, redis_prefix: str) -> dict[str, str]:
    """The settings of servers that share a PostgreSQL, a Redis and a data folder."""
    return {
        "WAYBILL_DATABASE_URL": copied_url,
        "WAYBILL_REDIS_URL": redis_url,
        "WAYBILL_REDIS_PREFIX": redis_prefix,
        "WAYBILL_WORKERS": "0",
        "WAYBILL_ADMIN_PASSWORD": "a password of the tests",
    }


@pytest.fixture
async def pair(tmp_path: Path, shared: dict[str, str]) -> AsyncIterator[tuple[ServerProcess, ServerProcess]]:
    first = ServerProcess(tmp_path / "data", shared, tmp_path / "first.log")
    second = ServerProcess(tmp_path / "data", shared, tmp_path / "second.log")
    async with first, second:
        yield first, second
