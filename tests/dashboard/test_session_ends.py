"""Sessions that end by themselves, and uploads that go on across them."""

import pytest

from tests.dashboard.browser import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_upload_goes_on_across_tokens_that_end_and_nothing_of_one_person_is_left_for_the_next(
    browser: Browser,
) -> None:
    seen = await browser.play("session_ends.mjs")

    assert seen == {"refreshes": 1, "signedOut": [None, True], "complaints": []}
