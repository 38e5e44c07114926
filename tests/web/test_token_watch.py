"""Watch over an access token."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import Role
from events.hub import Hub
from events.messages import access_topic
from web.bounds import Bounds
from web.token_watch import TokenWatch, wait_for_token_end

pytestmark = pytest.mark.usefixtures("virtual_time")

USER = "user-1754556928-0000000000a1"


class Callers:
    """Looks callers up as a pipeline does, as slowly as it is told to."""

    bounds = Bounds()

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def find_caller(self, _context: object) -> Viewer:
        self.asked += 1
        await self.may_answer.wait()
        return self.viewer


def viewer(seconds: float = 3600) -> Viewer:
    return Viewer(USER, Role.USER, "session-1754556928-0000000000a1", datetime.now(UTC) + timedelta(seconds=seconds))


def context_of(hub: Hub) -> Any:
    return SimpleNamespace(services=SimpleNamespace(hub=hub))


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_token_ends_at_its_time_also_while_its_caller_cannot_be_looked_up() -> None:
    hub, person = Hub(), viewer(0.01)
    async with asyncio.timeout(5):
        refusal = await wait_for_token_end(cast("Any", Callers(person)), context_of(hub), person)
    assert refusal.code is ErrorCode.TOKEN_EXPIRED
    assert hub.topics == []


async def test_what_is_told_while_the_caller_is_looked_up_has_it_looked_up_once_more() -> None:
    hub, person = Hub(), viewer()
    callers, ends = Callers(person), []

    async def end(refusal: Refusal) -> None:
        ends.append(refusal.code)

    watch = TokenWatch(cast("Any", callers), context_of(hub), person, end)
    await turns()
    for _ in range(3):
        hub.deliver_loss()
    assert callers.asked == 1
    callers.may_answer.set()
    await turns()
    assert (callers.asked, ends) == (2, [])
    callers.viewer = Viewer(USER, Role.WORKER, person.session_id, person.expires_at)
    hub.deliver_loss()
    async with asyncio.timeout(5):
        while not ends:  # noqa: ASYNC110  there is nothing else to wait for
            await asyncio.sleep(0.01)
    hub.deliver_loss()
    await turns()
    assert (callers.asked, ends, hub.topics) == (3, [ErrorCode.TOKEN_EXPIRED], [])
    watch.stop()


@pytest.mark.parametrize("is_looking", [True, False])
async def test_who_stops_watching_is_told_nothing_and_leaves_nothing(*, is_looking: bool) -> None:
    hub, person = Hub(), viewer(0.05)
    callers = Callers(person)
    ends: list[Refusal] = []

    async def end(refusal: Refusal) -> None:
        ends.append(refusal)

    watch = TokenWatch(cast("Any", callers), context_of(hub), person, end)
    if not is_looking:
        callers.may_answer.set()
    await turns()
    assert hub.topics == [access_topic(USER)]
    watch.stop()
    await asyncio.sleep(0.1)
    assert (ends, hub.topics) == ([], [])
