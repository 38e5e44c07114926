"""A batch of leads: its preview, and another mapping of its columns."""

import pytest

from client.api import Waybill
from docs.images.make_images import send_leads, until_done
from tests.dashboard.browser import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_another_column_is_read_as_a_field_in_a_new_batch(waybill: Waybill, browser: Browser) -> None:
    job = await send_leads(waybill, "Leads of the fair")
    await until_done(waybill, job)

    seen = await browser.play("leads.mjs", job=job)

    # The column of the notes helps out where the chosen one has nothing.
    assert seen == {"before": ["", "notes"], "after": ["notes", "notes"], "complaints": []}
