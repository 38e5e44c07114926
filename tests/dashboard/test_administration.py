"""Statistics that move by themselves, and what admins and users set up."""

import pytest

from client.api import Waybill
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_demo
from webhooks.payloads import EVENTS

TOKENS = 60
"""Their entries fill a page of the audit log, and begin another."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_figures_move_and_users_tokens_and_webhooks_are_set_up(waybill: Waybill, browser: Browser) -> None:
    async def create(title: str) -> str:
        return await create_demo(waybill, title, items=3, seconds=0)

    async def create_tokens() -> None:
        fields = [f't{number}: createApiToken(name: "import {number}") {{ id }}' for number in range(TOKENS)]
        await waybill.execute(f"mutation {{ {' '.join(fields)} }}")

    seen = await browser.play("administration.mjs", {"create": create, "createTokens": create_tokens})

    assert seen["day"][1:] == ["1", "1", "0", "3"]
    assert "Copy it now: it is shown this once." in seen["shownOnce"]
    assert sorted(seen["events"]) == sorted(EVENTS)
    assert seen["named"].split() == ["Download", "skipped", "download.skipped"]
    assert seen["tokens"] == TOKENS
    assert seen["ownerShown"] == "maria"
    assert seen["tabsOfUser"] == ["API tokens", "Webhooks", "Limits"]
    assert seen["complaints"] == []
