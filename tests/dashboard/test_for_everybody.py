"""Pages for everybody: judged by axe, used without a mouse, on a narrow screen."""

import pytest

from client.api import Waybill
from docs.images.make_images import SAMPLES, send, until_status
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_demo

ASKING = """mutation ($uploads: [ID!]!, $title: String!) {
  createTask(input: {work: {alignment: {askAboutMissingWords: true}}, uploadIds: $uploads, title: $title}) { id }
}"""
NEW_WEBHOOK = """mutation {
  createWebhook(url: "https://receiver.example/hook", events: ["download.skipped"]) { id }
}"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(
    waybill: Waybill, browser: Browser
) -> None:
    job = await create_demo(waybill, "For everybody", items=5, seconds=0, failItems=[1])
    asking = await send(waybill, ASKING, "Asks everybody", SAMPLES / "harbour.flac", SAMPLES / "harbour.txt")
    await until_status(waybill, asking, "AWAITING_INPUT")
    pages = {
        "/jobs": "For everybody",
        "/tasks": "For everybody",
        "/downloads": "Nothing here yet",
        f"/jobs/{job}": "Timeline",
        f"/jobs/{asking}": "Go on with a corrected dictionary",
        "/nowhere": "There is nothing at this address",
    }

    assert await browser.play("accessibility.mjs", pages=pages) == []


@pytest.mark.long
async def test_axe_finds_nothing_serious_where_work_is_started_counted_and_administrated(
    waybill: Waybill, browser: Browser
) -> None:
    await create_demo(waybill, "Counted for everybody", items=1, seconds=0)
    await waybill.execute(NEW_WEBHOOK)
    pages = {
        "/new?kind=omr": "How the sheets lie in the files",
        "/new?kind=alignment": "Recordings and their transcripts",
        "/new?kind=download": "One on each line",
        "/statistics": "Jobs per day",
        "/administration/users": "Create user",
        "/administration/tokens": "Create token",
        "/administration/webhooks": "download.skipped",
        "/administration/limits": "Recommended size of a request",
        "/administration/audit": "Signed in",
    }

    assert await browser.play("accessibility.mjs", pages=pages) == []


async def test_a_person_without_a_mouse_finds_and_cancels_a_job(waybill: Waybill, browser: Browser) -> None:
    title = "Cancelled by keyboard"
    await create_demo(waybill, title, items=600, seconds=600)

    assert await browser.play("keyboard.mjs", title=title)
