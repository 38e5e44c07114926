"""Signing in and out in two tabs, and an anonymous session."""

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_demo

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_person_signs_in_sees_a_job_end_signs_out_and_goes_on_without_an_account(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    async def create(title: str) -> str:
        return await create_demo(waybill, title, items=4, seconds=1)

    seen = await browser.play("signing_in.mjs", {"create": create})

    assert "script-src 'self';" in seen["policy"]
    assert "unsafe" not in seen["policy"]
    assert seen["refusal"] == "The user name or the password is wrong."
    assert (seen["scheme"], seen["lang"]) == ("dark", "de")
    assert seen["anonymous"] == "Konto von anonyme Sitzung"
    assert seen["hosts"] == [server.base_url.partition("//")[2]]
    assert seen["complaints"] == []
