"""Lists of jobs: filtered, ordered, read to the end, and current by themselves."""

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_demo, create_download, create_waiting

MAX_ROWS = 60

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_thousand_jobs_are_searched_ordered_shared_and_read_to_the_end(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    await create_waiting(waybill, 1_000)

    async def create(title: str) -> str:
        return await create_demo(waybill, title, items=1, seconds=0)

    async def fetch(path: str) -> str:
        return await create_download(waybill, f"{server.base_url}/{path}")

    seen = await browser.play("lists.mjs", {"create": create, "fetch": fetch})

    assert seen["address"] == "#/jobs?q=number+77"
    assert seen["shared"] == ["Number 77", *(f"Number {number}" for number in range(770, 780))]
    assert 0 < seen["rowsInPage"] <= MAX_ROWS
    assert 0 < seen["most"] <= MAX_ROWS
    assert seen["drawnAnew"] == 0
    assert seen["opened"]
    assert seen["shares"] == ["1,000 · 99%", "1 · < 1%", "1 · < 1%"]
    assert seen["complaints"] == []
