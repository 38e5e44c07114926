"""Statistics that move by themselves, and what admins and users set up."""

import pytest

from client.api import Waybill
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_demo

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_figures_move_and_users_tokens_and_webhooks_are_set_up(waybill: Waybill, browser: Browser) -> None:
    async def create(title: str) -> str:
        return await create_demo(waybill, title, items=3, seconds=0)

    seen = await browser.play("administration.mjs", {"create": create})

    assert seen["day"][1:] == ["1", "1", "0", "3"]
    assert "Copy it now: it is shown this once." in seen["shownOnce"]
    assert seen["tabsOfUser"] == ["API tokens", "Webhooks", "Limits"]
    assert seen["complaints"] == []
