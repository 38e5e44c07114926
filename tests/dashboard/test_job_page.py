"""The page of a job: watched, steered, and right again after its server was killed."""

from typing import Any

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_demo, create_download

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_job_is_watched_paused_resumed_and_deleted(waybill: Waybill, browser: Browser) -> None:
    async def create(title: str, options: dict[str, Any]) -> str:
        return await create_demo(waybill, title, **options)

    seen = await browser.play("job_page.mjs", {"create": create})

    assert "Waybill" in seen["title"]
    assert "%" in seen["title"]
    assert seen["eta"].endswith("left")
    assert seen["pausedActions"] == ["Resume", "Cancel"]
    assert seen["logLines"] >= 2
    assert seen["failedItems"] == 1
    assert seen["stillListed"] == 0
    assert seen["gone"] == "This job does not exist"
    assert seen["complaints"] == []


async def test_pages_are_right_again_after_their_server_was_killed(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    async def create(title: str, options: dict[str, Any]) -> str:
        return await create_demo(waybill, title, **options)

    seen = await browser.play("server_away.mjs", {"create": create, "kill": server.kill, "start": server.start})

    assert seen == {"badge": True, "areTheSame": [True, True]}


async def test_a_download_gets_a_fresh_link_and_another_bandwidth_while_it_runs(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    url = f"{server.base_url}/schema.graphql"

    seen = await browser.play("downloads.mjs", id=await create_download(waybill, url, bandwidthLimit=1))

    assert seen == {
        "bandwidth": "1",
        "refusal": "Diese Adresse darf der Server nicht abrufen.",
        "source": f"{url}?fresh",
    }
