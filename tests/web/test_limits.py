"""Rate limits and deadlines, over HTTP and on a socket."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from auth.rates import MINUTE, SECOND
from base.settings import Settings
from base.words import Role
from models import User
from models.database import transaction
from tests.web_app import App, Person, Served, Wire, opened_app, read, served, until

LIMITS = "{ limits { name limit remaining resetAt } }"
TYPENAME = "{ __typename }"


@pytest.fixture
async def limited(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    """Five operations a minute; what a proxy in 10.0.0.0/8 says is believed."""
    settings = {
        "rate_limit_per_minute": 5,
        "user_rate_limit_per_minute": 5,
        "trusted_proxies": ("127.0.0.1", "10.0.0.0/8"),
    }
    async with opened_app(tmp_path, empty_database, **settings) as app:
        yield app


@pytest.fixture
async def limited_live(limited: App) -> AsyncIterator[Served]:
    async with served(limited) as live:
        yield live


def test_addresses_and_users_have_limits_unless_told_otherwise(tmp_path: Path) -> None:
    settings = Settings(_env_file=None)

    assert (settings.rate_limit_per_minute, settings.rate_limit_per_second) == (100, 10)
    assert (settings.user_rate_limit_per_minute, settings.user_rate_limit_per_second) == (600, 50)


async def test_the_limit_by_default_holds(tmp_path: Path, empty_database: Path) -> None:
    settings = {
        "rate_limit_per_minute": 100, "rate_limit_per_second": 10,
        "user_rate_limit_per_minute": 600, "user_rate_limit_per_second": 50,
    }  # fmt: skip
    async with opened_app(tmp_path, empty_database, **settings) as app:
        answers = [await app.ask(TYPENAME) for _ in range(11)]
        (minute, second) = (await app.ask(LIMITS, await app.person())).data["limits"]  # type: ignore[index]

    assert [answer.response.status_code for answer in answers] == [200] * 10 + [429]
    assert (minute["name"], minute["limit"], minute["remaining"]) == (MINUTE, 600, 599)
    assert (second["name"], second["limit"], second["remaining"]) == (SECOND, 50, 49)


async def test_every_answer_tells_what_is_left_and_the_graph_tells_the_same(limited: App) -> None:
    person = await limited.person()
    good = await limited.ask(TYPENAME, person)
    wrong = await limited.ask("{ nope }", person)
    unreadable = await limited.http.post("/graphql", content=b"{", headers=person.header | {"Content-Type": "text/xml"})
    other = await limited.http.put("/graphql", headers=person.header)
    told = await limited.ask(LIMITS, person)

    answers = [good.response, wrong.response, unreadable, other, told.response]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"5"}
    assert 50 < int(answers[-1].headers["X-RateLimit-Reset"]) - time.time() <= 61
    assert told.data is not None
    (limit,) = told.data["limits"]
    assert (limit["name"], limit["limit"], limit["remaining"]) == (MINUTE, 5, 0)
    assert limit["resetAt"].startswith(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(told.response.headers["X-RateLimit-Reset"]))))  # fmt: skip


async def test_one_too_many_is_429_with_the_time_to_wait(limited: App) -> None:
    person = await limited.person()
    for _ in range(5):
        await limited.data(TYPENAME, person)
    answer = await limited.ask("mutation { logout }", person)

    assert (answer.response.status_code, answer.code) == (429, "RATE_LIMITED")
    seconds = answer.errors[0]["extensions"]["retryAfter"]
    assert 50 < seconds <= 61
    assert answer.response.headers["Retry-After"] == str(seconds)
    assert answer.response.headers["X-RateLimit-Remaining"] == "0"
    assert await limited.data(TYPENAME, await limited.person()) == {"__typename": "Query"}


async def test_a_user_has_one_limit_over_all_sessions(limited: App) -> None:
    person = await limited.person()
    other = await limited.sign_in(person.user)
    for who in (person, other, person, other, person):
        await limited.data(TYPENAME, who)

    assert (await limited.ask(TYPENAME, other)).code == "RATE_LIMITED"


async def test_a_user_and_the_address_that_they_come_from_have_limits_of_their_own(
    tmp_path: Path, empty_database: Path
) -> None:
    settings = {"rate_limit_per_minute": 2, "user_rate_limit_per_minute": 4}
    async with opened_app(tmp_path, empty_database, **settings) as app:
        person = await app.person()
        of_address = [(await app.ask(TYPENAME)).response for _ in range(3)]
        of_user = [(await app.ask(TYPENAME, person)).response for _ in range(5)]

    assert [response.status_code for response in of_address] == [200, 200, 429]
    assert [response.status_code for response in of_user] == [200] * 4 + [429]
    assert {response.headers["X-RateLimit-Limit"] for response in of_address} == {"2"}
    assert {response.headers["X-RateLimit-Limit"] for response in of_user} == {"4"}


@pytest.mark.parametrize("limits_users", [False, True])
async def test_a_limit_of_0_is_none_for_those_whom_it_is_about(
    tmp_path: Path, empty_database: Path, limits_users: bool
) -> None:
    setting = "user_rate_limit_per_minute" if limits_users else "rate_limit_per_minute"
    async with opened_app(tmp_path, empty_database, **{setting: 1}) as app:
        person = await app.person()
        limited, free = (person, None) if limits_users else (None, person)
        of_limited = [(await app.ask(TYPENAME, limited)).response.status_code for _ in range(2)]
        of_free = [(await app.ask(TYPENAME, free)).response.status_code for _ in range(2)]
        told = await app.data(LIMITS, free)

    assert (of_limited, of_free, told) == ([200, 429], [200, 200], {"limits": []})


async def test_a_worker_is_not_counted(limited: App) -> None:
    worker = await limited.person(Role.WORKER)
    answers = [await limited.ask(LIMITS, worker) for _ in range(8)]

    assert [answer.data for answer in answers] == [{"limits": []}] * 8
    assert "X-RateLimit-Limit" not in answers[0].response.headers


async def test_byte_routes_are_not_counted(limited: App) -> None:
    person = await limited.person()
    for _ in range(8):
        response = await limited.http.options("/files/", headers=person.header)
        assert (response.status_code, "X-RateLimit-Limit" in response.headers) == (200, False)

    assert (await limited.ask(TYPENAME, person)).response.headers["X-RateLimit-Remaining"] == "4"


async def test_nobody_is_counted_by_address_as_the_trusted_proxy_tells_it(limited: App) -> None:
    async def remaining(forwarded: str) -> str:
        answer = await limited.ask(TYPENAME, headers={"X-Forwarded-For": forwarded})
        return answer.response.headers["X-RateLimit-Remaining"]

    assert await remaining("198.51.100.1") == "4"
    assert await remaining("198.51.100.2") == "4"
    assert await remaining("198.51.100.1, 10.0.0.9") == "3"
    # What the client itself wrote stands before what the proxies added, and does not count.
    assert await remaining("203.0.113.77, 198.51.100.1") == "2"
    assert await remaining("2001:db8::1") == "4"
    assert await remaining("2001:db8::2") == "3"


async def test_a_token_that_is_not_good_is_counted_by_address(limited: App) -> None:
    answers = [await limited.ask(TYPENAME, "nonsense") for _ in range(6)]

    assert [answer.response.status_code for answer in answers] == [200] * 5 + [429]


async def test_operations_on_a_socket_count_and_one_too_many_ends_alone(limited: App, limited_live: Served) -> None:
    person = await limited.person()
    async with await limited_live.wire_of(person) as wire:
        await wire.subscribe("subscription { jobsUpdated { id } }", "watching")
        for number in range(4):
            await wire.subscribe(TYPENAME, str(number))
            await wire.next(str(number))
            assert (await wire.receive())["type"] == "complete"
        await wire.subscribe(TYPENAME, "late")
        message = await wire.receive()
        assert (message["id"], message["type"]) == ("late", "error")
        extensions = message["payload"][0]["extensions"]
        assert (extensions["code"], 50 < extensions["retryAfter"] <= 61) == ("RATE_LIMITED", True)
        await until(lambda: limited.listeners == 1)
    assert (await limited.ask(TYPENAME, person)).code == "RATE_LIMITED"


async def test_pages_of_other_origins_may_read_the_numbers(limited: App) -> None:
    answer = await limited.ask(TYPENAME, headers={"Origin": "https://app.example.com"})
    exposed = answer.response.headers["Access-Control-Expose-Headers"].split(", ")

    assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"} <= set(exposed)


# ---------------------------------------------------------------------------------------------------- the deadline


@pytest.fixture
async def brief(tmp_path: Path, empty_database: Path, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """An operation may take a second, or what the test says."""
    async with opened_app(tmp_path, empty_database, operation_timeout=getattr(request, "param", "1 s")) as app:
        yield app


class Slow:
    """Stands in for reads of the domain, and knows what became of them."""

    def __init__(self) -> None:
        self.began = 0
        self.cancelled = 0

    async def read(self, *_: object) -> None:
        self.began += 1
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def write(self, *_: object) -> None:
        async with transaction() as db:
            await User.filter(username="somebody").using_db(db).update(is_disabled=True)
            await self.read()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow = Slow()
    monkeypatch.setattr("resolvers.jobs.find_job", slow.read)
    monkeypatch.setattr("resolvers.session.close_session", slow.write)
    return slow


TWO_SLOW = (
    """{ a: job(id: "batch-1754556928-12a41dbec0f3") { id } b: job(id: "batch-1754556928-12a41dbec0f4") { id } }"""
)


async def test_a_query_that_takes_too_long_is_stopped_wherever_it_is(brief: App, slow: Slow) -> None:
    person = await brief.person()
    started = time.monotonic()
    answer = await brief.ask(TWO_SLOW, person)

    assert (answer.response.status_code, answer.code) == (503, "TIMED_OUT")
    assert time.monotonic() - started < 5
    assert slow.began == slow.cancelled == 2


async def test_a_mutation_that_takes_too_long_leaves_no_write_and_no_lock(brief: App, slow: Slow) -> None:
    person = await brief.person()
    answer = await brief.ask("mutation { logout }", person)

    assert answer.code == "TIMED_OUT"
    assert await User.filter(username="somebody", is_disabled=True).count() == 0
    async with asyncio.timeout(5), transaction() as db:
        await User.filter(username="somebody").using_db(db).update(is_disabled=False)
    assert await brief.data("{ viewer { id } }", person) == {"viewer": {"id": person.id}}


async def test_who_does_not_send_the_whole_request_is_not_waited_for(brief: App) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"query": '
        await asyncio.sleep(60)

    started = time.monotonic()
    answer = read(await brief.http.post("/graphql", content=body(), headers={"Content-Type": "application/json"}))

    assert (answer.response.status_code, answer.code) == (503, "TIMED_OUT")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("brief", ["0.2 s"], indirect=True)
async def test_who_does_not_send_the_whole_form_is_waited_for_ten_times_as_long(brief: App) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"--x\r\n"
        await asyncio.sleep(60)

    person = await brief.person()
    headers = {"Content-Type": "multipart/form-data; boundary=x", **person.header}
    async with asyncio.timeout(20):
        answer = read(await brief.http.post("/graphql", content=body(), headers=headers))

    assert (answer.response.status_code, answer.code) == (503, "TIMED_OUT")
    assert "after 2 s" in answer.errors[0]["message"]


async def test_on_a_socket_only_the_operation_ends_and_subscriptions_have_no_deadline(brief: App, slow: Slow) -> None:
    person = await brief.person()
    upload = await brief.upload(person, status="UPLOADING", offset_bytes=0)
    async with served(brief) as live, await live.wire_of(person) as wire:
        await wire.subscribe("subscription ($id: ID!) { uploadUpdated(id: $id) { status } }", "watch", id=upload.id)
        await wire.next("watch")
        await wire.subscribe(TWO_SLOW, "slow")
        assert await wire.error("slow") == "TIMED_OUT"
        assert slow.cancelled == 2
        await asyncio.sleep(1)
        assert brief.listeners == 1
        await wire.subscribe(TYPENAME, "after")
        assert await wire.next("after") == {"__typename": "Query"}


@pytest.mark.parametrize("uses", [0, 1, 2])
async def test_the_deadline_is_looked_at_in_each_way_of_execution(
    brief: App, uses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By graphql-core, by a plan that it asks, and without an executor."""
    text = f"{{ serverInfo {{ used{uses}: version }} }}"
    for _ in range(uses):
        await brief.data(text)

    monkeypatch.setattr("schema.answers.Deadline.is_over", True)
    assert (await brief.ask(text)).code == "TIMED_OUT"


async def test_zero_is_no_deadline(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def a_while(*_: Any) -> None:
        await asyncio.sleep(0.05)

    monkeypatch.setattr("resolvers.session.close_session", a_while)
    async with opened_app(tmp_path, empty_database, operation_timeout=0) as app:
        assert await app.data("mutation { logout }", await app.person()) == {"logout": True}


# -------------------------------------------------------------------------------------------------- connections


@pytest.fixture
async def narrow(tmp_path: Path, empty_database: Path) -> AsyncIterator[Served]:
    """Two sockets for each user."""
    async with opened_app(tmp_path, empty_database, sockets_per_user=2) as app, served(app) as live:
        yield live


async def test_a_user_has_only_so_many_connections(narrow: Served) -> None:
    person, other = await narrow.app.person(), await narrow.app.person()
    first, second = await narrow.wire_of(person), await narrow.wire_of(person)
    third = await narrow.wire()
    await third.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {person.token}"}})

    assert await third.close_code() == 1013
    assert third.connection.close_reason == "One user has at most 2 connections at a time"
    async with await narrow.wire_of(other):
        pass
    await first.connection.close()
    second.connection.transport.abort()

    async with asyncio.timeout(30):
        await (await let_in(narrow, person)).connection.close()


async def let_in(live: Served, person: Person) -> Wire:
    """A connection, as soon as places have been given back."""
    while True:
        try:
            return await live.wire_of(person)
        except ConnectionClosed:
            await asyncio.sleep(0.02)


async def test_connections_of_nobody_are_counted_by_address(narrow: Served) -> None:
    first, second = await narrow.wire_of(), await narrow.wire_of()
    third = await narrow.wire()
    await third.send({"type": "connection_init"})

    assert await third.close_code() == 1013
    await first.connection.close()
    await second.connection.close()
    await until(lambda: not narrow.app.listeners)
