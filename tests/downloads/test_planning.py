"""Plans whose servers do not answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from base.errors import ErrorCode, Refusal
from downloads.planning import FileInPlan, plan_download
from downloads.wiring import DownloadServices, PlanPatience
from tests.downloads.download_harness import SEALER, DownloadHarness


@pytest.fixture
async def silent_url() -> AsyncIterator[str]:
    """The address of a server that takes connections, and says nothing."""
    over = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    over.set()
    server.close()


async def test_a_server_that_does_not_answer_is_not_waited_for(downloads: DownloadHarness, silent_url: str) -> None:
    patience = PlanPatience(resolve_seconds=0.2, probe_seconds=0.2)
    services = DownloadServices(SEALER, downloads.fetching, is_private_allowed=True, patience=patience)

    with pytest.raises(Refusal) as refused:
        await plan_download(downloads.jobs.viewer, f"{silent_url}/list", {}, services)
    assert refused.value.code is ErrorCode.TIMED_OUT
    [file] = await plan_download(downloads.jobs.viewer, f"{silent_url}/a.zip", {}, services)
    assert file == FileInPlan(f"{silent_url}/a.zip", "a.zip")
