"""Lists that stay right while answers are late or lost."""

from typing import Any

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from docs.images.make_images import NEW_USER, PASSWORD
from tests.dashboard.browser import Browser, Deed
from tests.dashboard.jobs import create_waiting

JOBS = 300
NEW_JOB = "mutation ($title: String) { createTask(input: {work: {external: {}}, title: $title}) { id } }"
CANCEL = "mutation ($search: String!) { cancelJobs(filter: {search: $search}) { id } }"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def look(server: ServerProcess, admin: Waybill, browser: Browser, scene: str) -> Any:
    """What somebody with `JOBS` waiting jobs sees in a scene of live_lists.mjs."""
    person = {"username": scene, "password": PASSWORD}
    await admin.execute(NEW_USER, {"name": scene, "password": PASSWORD})
    async with Waybill(server.base_url) as waybill:
        await waybill.login(scene, PASSWORD)
        await create_waiting(waybill, JOBS)

        async def create(title: str) -> None:
            await waybill.execute(NEW_JOB, {"title": title})

        async def cancel(search: str) -> None:
            await waybill.execute(CANCEL, {"search": search})

        deeds: dict[str, Deed] = {"create": create, "cancel": cancel, "kill": server.kill, "start": server.start}
        return await browser.play("live_lists.mjs", deeds, scene=scene, person=person)


async def test_a_job_of_which_an_event_told_is_not_lost_to_a_late_answer(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    assert await look(server, waybill, browser, "lateAnswers") == {"errors": []}


async def test_a_job_of_which_an_event_told_is_not_lost_to_a_late_count(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    assert await look(server, waybill, browser, "lateCount") == {"errors": []}


async def test_a_job_that_comes_to_match_stands_where_its_order_has_it(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    seen = await look(server, waybill, browser, "comesToMatch")

    assert seen == {"titles": ["Number 90", "Number 70", "Number 30"], "errors": []}


async def test_news_are_told_of_the_filter_that_they_belong_to(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    assert await look(server, waybill, browser, "newsOfOneFilter") == {"news": 0, "errors": []}


async def test_a_first_page_that_all_jobs_have_left_shows_the_next(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    assert await look(server, waybill, browser, "emptiedPage") == {"nothing": 0, "errors": []}


async def test_pages_that_do_not_come_are_told_and_asked_for_again(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    seen = await look(server, waybill, browser, "lostPages")

    first, second = seen.pop("pauses")
    assert (first > 700, second > 1_400) == (True, True), (
        "milliseconds; frontend/dashboard/src/api/pauses.ts says which"
    )
    assert seen == {"asked": 2, "errors": []}, "two further pages, each once"


@pytest.mark.long
async def test_pages_come_by_themselves_once_a_server_that_was_away_is_back(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    assert await look(server, waybill, browser, "serverAway") == {"errors": []}
