"""Pages for everybody: judged by axe, used without a mouse, on a narrow screen."""

import pytest

from client.api import Waybill
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_demo

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(
    waybill: Waybill, browser: Browser
) -> None:
    job = await create_demo(waybill, "For everybody", items=5, seconds=0, failItems=[1])
    pages = {
        "/jobs": "For everybody",
        "/tasks": "For everybody",
        "/downloads": "Nothing here yet",
        f"/jobs/{job}": "Timeline",
        "/nowhere": "There is nothing at this address",
    }

    assert await browser.play("accessibility.mjs", pages=pages) == []


async def test_axe_finds_nothing_serious_where_work_is_started_counted_and_administrated(
    waybill: Waybill, browser: Browser
) -> None:
    await create_demo(waybill, "Counted for everybody", items=1, seconds=0)
    pages = {
        "/new?kind=omr": "How the sheets lie in the files",
        "/new?kind=alignment": "Recordings and their transcripts",
        "/new?kind=download": "One on each line",
        "/statistics": "Jobs per day",
        "/administration/users": "Create user",
    }

    assert await browser.play("accessibility.mjs", pages=pages) == []


async def test_a_person_without_a_mouse_finds_and_cancels_a_job(waybill: Waybill, browser: Browser) -> None:
    title = "Cancelled by keyboard"
    await create_demo(waybill, title, items=600, seconds=600)

    assert await browser.play("keyboard.mjs", title=title)
