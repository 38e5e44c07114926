"""Each operation has its line in the log and its deadline: who asked what, how it went, and how long it may take."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from base.errors import Refusal
from models import User
from models.database import transaction
from models.ids import new_id
from tests.databases import Template, opened
from tests.web_app import App, Served, until
from web.operations import with_deadline


@pytest.fixture
async def somebody(template: Template, tmp_path: Path) -> AsyncIterator[str]:
    """The id of a user, on both databases one after the other."""
    async with opened(template, tmp_path):
        id_ = new_id("user")
        await User.create(id=id_, username=id_)
        yield id_


UNKNOWN = "batch-1754556928-12a41dbec0f3"


def lines_of(lines: list[Any], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


async def test_a_request_tells_user_operation_and_times(app: App) -> None:
    person = await app.person()
    with capture_logs() as lines:
        await app.ask("query Mine { viewer { id username } }", person)

    (line,) = lines_of(lines, "request")
    assert (line["user"], line["operation"], line["status"]) == (person.id, "Mine", 200)
    assert line["address"] == "127.0.0.1"
    assert 0 < line["database_ms"] <= line["ms"] < 2_000
    assert "code" not in line
    assert "security" not in line


@pytest.mark.parametrize(
    ("query", "operation"),
    [("{ viewer { id } }", "viewer"), ("{ a: viewer { id } serverInfo { version } }", "several"), ("{", "other")],
)
async def test_an_operation_without_a_name_is_told_by_its_field(app: App, query: str, operation: str) -> None:
    with capture_logs() as lines:
        await app.ask(query)

    assert lines_of(lines, "request")[0]["operation"] == operation


@pytest.mark.parametrize(
    ("query", "token", "code", "is_marked"),
    [
        (f'{{ job(id: "{UNKNOWN}") {{ id }} }}', None, "UNAUTHENTICATED", True),
        ("{ viewer { id } }", "nonsense", "INVALID_TOKEN", True),
        ('mutation { login(username: "x", password: "y") { accessToken } }', None, "INVALID_CREDENTIALS", True),
        ("{ nope }", None, "GRAPHQL_VALIDATION_FAILED", False),
    ],
)
async def test_refusals_are_told_and_those_about_security_marked(
    app: App, query: str, token: str | None, code: str, is_marked: bool
) -> None:
    with capture_logs() as lines:
        await app.ask(query, token)

    (line,) = lines_of(lines, "request")
    assert (line["code"], line.get("security", False)) == (code, is_marked)


async def test_refusals_of_other_routes_are_told_too(app: App) -> None:
    with capture_logs() as lines:
        await app.http.get("/nothing")

    assert lines_of(lines, "request")[0]["code"] == "NOT_FOUND"


async def test_operations_on_a_socket_have_their_lines(app: App, live: Served) -> None:
    person = await app.person()
    with capture_logs() as lines:
        async with await live.wire_of(person) as wire:
            await wire.subscribe("query Mine { viewer { id } }")
            await wire.next()
            await wire.receive()
            await wire.subscribe(f'subscription {{ jobUpdated(id: "{UNKNOWN}") {{ id }} }}', "2")
            await wire.error("2")
        await until(lambda: len(lines_of(lines, "operation")) == 2)

    first, second = lines_of(lines, "operation")
    assert (first["user"], first["operation"], first.get("code")) == (person.id, "Mine", None)
    assert 0 < first["database_ms"] <= first["ms"] < 2_000
    assert first["address"] == "127.0.0.1"
    assert (second["operation"], second["code"]) == ("jobUpdated", "BATCH_NOT_FOUND")


async def test_no_text_variable_or_token_is_logged(app: App) -> None:
    person = await app.person()
    with capture_logs() as lines:
        await app.ask("query ($a: ID!) { hidden: job(id: $a) { id } }", person, a="a secret id")

    assert not any(word in str(lines) for word in ("hidden", "a secret id", person.token))


async def rename(id_: str, seconds: float) -> None:
    async with transaction() as db:
        await User.filter(id=id_).using_db(db).update(username=f"new {id_}")
        await asyncio.sleep(seconds)


async def test_what_takes_too_long_is_undone_and_holds_neither_lock_nor_connection(somebody: str) -> None:
    for _ in range(15):  # more than there are connections
        with pytest.raises(Refusal) as refused:
            await with_deadline(0.02, rename(somebody, 60))
        assert refused.value.code == "TIMED_OUT"

    assert (await User.get(id=somebody)).username == somebody
    await with_deadline(5, rename(somebody, 0))
    assert (await User.get(id=somebody)).username == f"new {somebody}"


async def test_who_waits_for_a_lock_is_stopped_too_and_the_lock_goes_to_the_next(somebody: str) -> None:
    has_it, may_end = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with transaction() as db:
            await User.filter(id=somebody).using_db(db).update(username="held")
            has_it.set()
            await may_end.wait()

    holder = asyncio.create_task(hold())
    await has_it.wait()
    ends = await asyncio.gather(*(with_deadline(0.1, rename(somebody, 0)) for _ in range(5)), return_exceptions=True)
    may_end.set()
    await holder

    assert [getattr(end, "code", None) for end in ends] == ["TIMED_OUT"] * 5
    await with_deadline(5, rename(somebody, 0))


async def test_a_timeout_inside_of_an_operation_is_not_its_deadline() -> None:
    async def fail() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await with_deadline(5, fail())


async def test_what_waits_for_nothing_is_answered_at_once() -> None:
    async def answer(is_good: bool) -> str:
        if not is_good:
            raise KeyError
        return "answer"

    assert await with_deadline(5, answer(is_good=True)) == "answer"
    with pytest.raises(KeyError):
        await with_deadline(5, answer(is_good=False))


@pytest.mark.usefixtures("virtual_time")
@pytest.mark.parametrize("seconds", [0.02, 5])
async def test_work_that_is_stopped_at_its_first_wait_still_tidies_up(seconds: float) -> None:
    tidied: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            tidied.append("all")

    task = asyncio.create_task(with_deadline(seconds, wait()))
    await asyncio.wait([task], timeout=1)
    task.cancel()
    (end,) = await asyncio.gather(task, return_exceptions=True)
    assert (getattr(end, "code", None), tidied) == ("TIMED_OUT" if seconds < 1 else None, ["all"])
    assert isinstance(end, Refusal | asyncio.CancelledError)
