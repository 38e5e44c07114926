import asyncio
from collections.abc import AsyncIterator

import pytest

from base.errors import ErrorCode, Refusal
from tests.web_app import App
from web.draining import Draining

FORM = {"apollo-require-preflight": "true", "content-type": "multipart/form-data; boundary=x"}


async def test_farewells_are_begun_once_and_one_that_comes_late_at_once() -> None:
    draining, said = Draining(), list[str]()

    async def early() -> None:
        said.append("early")

    async def late() -> None:
        said.append("late")

    draining.add(early)
    draining.begin()
    draining.begin()
    await draining.wait(None)
    draining.add(late)
    await draining.wait(None)

    assert said == ["early", "late"]


async def test_one_that_is_removed_is_not_begun_and_one_that_fails_keeps_no_other() -> None:
    draining, said = Draining(), list[str]()

    async def gone() -> None:
        said.append("gone")

    async def failing() -> None:
        raise ConnectionError

    async def good() -> None:
        said.append("good")

    for hook in (gone, failing, good):
        draining.add(hook)
    draining.remove(gone)
    draining.begin()
    await draining.wait(None)

    assert said == ["good"]


async def test_waiting_has_an_end_and_ends_nothing() -> None:
    draining, may_end = Draining(), asyncio.Event()

    async def slow() -> None:
        await may_end.wait()

    await draining.wait(None)
    draining.add(slow)
    draining.begin()
    await draining.wait(0.01)
    may_end.set()
    async with asyncio.timeout(5):
        await draining.wait(None)


def test_what_is_new_is_refused_once_it_has_begun() -> None:
    draining = Draining()
    draining.check()
    draining.begin()
    with pytest.raises(Refusal) as refused:
        draining.check()

    assert (refused.value.code, refused.value.http_status) == (ErrorCode.SERVICE_UNAVAILABLE, 503)
    assert refused.value.retry_after


async def test_files_in_a_form_are_refused_before_they_are_read(app: App) -> None:
    async def never_read() -> AsyncIterator[bytes]:
        yield b"--x"
        raise AssertionError("it was read")

    app.services.draining.begin()
    person = await app.person()
    answer = await app.http.post("/graphql", content=never_read(), headers={**FORM, **person.header})

    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert answer.headers["Connection"] == "close"
