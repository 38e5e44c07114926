"""Sheets that a person settles on the page of their batch."""

from pathlib import Path

import pytest

from client.api import Waybill
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_sheet

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_corners_are_moved_and_a_doubtful_field_is_corrected(
    waybill: Waybill, browser: Browser, tmp_path: Path
) -> None:
    seen = await browser.play("review.mjs", id=await create_sheet(waybill, "Class 7b", tmp_path))

    assert "is no value of q3" in seen.pop("refusal")
    assert seen == {"marked": True, "isFocused": True}


async def test_sheets_are_read_once_more_after_an_answer_of_before_their_end(
    waybill: Waybill, browser: Browser, tmp_path: Path
) -> None:
    seen = await browser.play("late_sheets.mjs", id=await create_sheet(waybill, "Class 7c", tmp_path))

    assert seen == {"complaints": []}
