"""Subscriptions by SSE and by multipart HTTP: the rights, limits, counters and ends of a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from tests.web.streams_for_tests import HEARTBEAT, MULTIPART, SSE, opened
from tests.web_app import JSON, RESPONSE_JSON, App, Served, opened_app, served, until

WATCH = "subscription ($id: ID!) { jobUpdated(id: $id, maxPerSecond: 20) { id status } }"
WATCH_ALL = "subscription { jobsUpdated { id } }"
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { id } }"
TYPENAME = "{ __typename }"
UNKNOWN = "batch-1754556928-12a41dbec0f3"
FORMS = pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["sse", "multipart"])


def sample(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


def requests_timed() -> float:
    return sample("waybill_http_request_seconds_count", route="graphql")


@FORMS
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_subscription_tells_the_present_state_then_each_change_and_completes(
    app: App, live: Served, accept: str, method: str
) -> None:
    person = await app.person()
    job_id = await app.batch(person, autoStart=False)
    async with opened(live, accept, WATCH, person, method=method, id=job_id) as stream:
        seen = [(await stream.data())["jobUpdated"]["status"]]
        await app.data(CANCEL, person, id=job_id)
        while seen[-1] != "CANCELLED":
            seen.append((await stream.data())["jobUpdated"]["status"])
        assert await stream.end()

    assert seen[0] == "AWAITING_INPUT"
    await until(lambda: app.listeners == 0)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (SSE, "text/event-stream; charset=utf-8"),
        (MULTIPART, 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'),
    ],
)
async def test_a_stream_is_kept_by_nobody_and_delayed_by_no_proxy(
    app: App, live: Served, accept: str, content_type: str
) -> None:
    async with opened(live, accept, WATCH_ALL, await app.person()) as stream:
        headers = stream.response.headers
        assert (stream.response.status, headers["Content-Type"]) == (200, content_type)
        assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
        assert headers["X-Request-ID"]
        assert await stream.read() == HEARTBEAT


async def test_a_heartbeat_comes_while_nothing_happens(app: App, live: Served) -> None:
    async with opened(live, MULTIPART, WATCH_ALL, await app.person()) as stream:
        assert [await stream.read(20) for _ in range(2)] == [HEARTBEAT] * 2


@FORMS
async def test_a_query_and_a_mutation_have_one_result_and_are_complete(app: App, live: Served, accept: str) -> None:
    person = await app.person()
    async with opened(live, accept, "{ viewer { id } }", person) as stream:
        assert await stream.read() == {"data": {"viewer": {"id": person.id}}}
        assert await stream.end()
    mutation = 'mutation { createUpload(input: {filename: "a.txt", size: 5}) { filename } }'
    async with opened(live, accept, mutation, person) as stream:
        assert await stream.read() == {"data": {"createUpload": {"filename": "a.txt"}}}
        assert await stream.end()


@FORMS
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { a: jobsUpdated { id } b: jobsUpdated { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription ($id: ID!) { jobUpdated(id: $id) { id } }", "BAD_INPUT"),
        ("subscription { jobsUpdated(maxPerSecond: 21) { id } }", "BAD_INPUT"),
        (f'subscription {{ jobUpdated(id: "{UNKNOWN}") {{ id }} }}', "BATCH_NOT_FOUND"),
    ],
)
async def test_an_operation_that_is_refused_is_told_so_in_the_stream(
    app: App, live: Served, accept: str, query: str, code: str
) -> None:
    async with opened(live, accept, query, await app.person()) as stream:
        assert stream.response.status == 200
        assert await stream.code() == code
        assert await stream.end()
    await until(lambda: app.listeners == 0)


@FORMS
async def test_nobody_watches_without_a_token(live: Served, accept: str) -> None:
    async with opened(live, accept, WATCH_ALL) as stream:
        assert await stream.code() == "UNAUTHENTICATED"


@FORMS
async def test_nobody_watches_what_is_somebody_elses(app: App, live: Served, accept: str) -> None:
    job_id = await app.batch(await app.person(), autoStart=False)
    async with opened(live, accept, WATCH, await app.person(), id=job_id) as stream:
        assert await stream.code() == "BATCH_NOT_FOUND"


async def test_what_was_not_foreseen_inside_of_a_stream_is_masked(
    app: App, live: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await app.person()
    job_id = await app.batch(person, autoStart=False)

    def fail(*_: object, **__: object) -> None:
        text = "secret at /srv/path"
        raise RuntimeError(text)

    async with opened(live, SSE, WATCH, person, id=job_id) as stream:
        await stream.data()
        monkeypatch.setattr("resolvers.watches.JobWatch._change", fail)
        await app.data(CANCEL, person, id=job_id)
        result = await stream.result()
        assert await stream.end()

    assert result["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
    assert "secret" not in str(result)


@FORMS
async def test_a_client_that_goes_away_ends_its_subscription(app: App, live: Served, accept: str) -> None:
    person = await app.person()
    async with opened(live, accept, WATCH_ALL, person) as stream:
        await stream.read()
        await until(lambda: app.listeners == 1)
    await until(lambda: app.listeners == 0)


@FORMS
async def test_a_stream_ends_with_its_access_token(app: App, live: Served, accept: str) -> None:
    person = await app.person()
    brief = await app.sign_in(person.user, age=timedelta(minutes=30) - timedelta(seconds=2))
    async with opened(live, accept, WATCH_ALL, brief) as stream:
        await until(lambda: app.listeners == 1)
        assert await stream.code() == "TOKEN_EXPIRED"
        assert await stream.end()
    assert app.listeners == 0


@FORMS
async def test_a_stream_ends_with_its_session(app: App, live: Served, accept: str) -> None:
    person = await app.person()
    async with opened(live, accept, WATCH_ALL, person) as stream:
        await until(lambda: app.listeners == 1)
        await app.data("mutation { logout }", person)
        assert await stream.code() == "INVALID_TOKEN"
        assert await stream.end()
    await until(lambda: app.listeners == 0)


async def test_a_server_that_stops_ends_events_without_completing_them(app: App, live: Served) -> None:
    async with opened(live, SSE, WATCH_ALL, await app.person()) as stream:
        await until(lambda: app.listeners == 1)
        app.services.draining.begin()
        assert not await stream.end()
    await app.services.draining.wait(5)
    assert app.listeners == 0


async def test_a_server_that_stops_ends_parts_with_an_error_of_the_transport(app: App, live: Served) -> None:
    async with opened(live, MULTIPART, WATCH_ALL, await app.person()) as stream:
        await until(lambda: app.listeners == 1)
        app.services.draining.begin()
        assert await stream.code() == "SERVICE_UNAVAILABLE"
        assert await stream.end()


@FORMS
async def test_a_server_that_stops_begins_no_stream(app: App, live: Served, accept: str) -> None:
    person = await app.person()
    app.services.draining.begin()
    async with opened(live, accept, WATCH_ALL, person) as stream:
        assert (stream.response.status, stream.response.headers["Retry-After"]) == (503, "2")
        assert (await stream.response.json())["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


@pytest.fixture
async def narrow(tmp_path: Path, empty_database: Path) -> AsyncIterator[Served]:
    """Two connections and five operations a minute for each user."""
    settings: dict[str, Any] = {"sockets_per_user": 2, "user_rate_limit_per_minute": 5}
    async with opened_app(tmp_path, empty_database, **settings) as app, served(app) as live:
        yield live


@FORMS
async def test_streams_and_sockets_share_the_connections_of_a_user(narrow: Served, accept: str) -> None:
    person = await narrow.app.person()
    async with await narrow.wire_of(person):
        async with opened(narrow, accept, WATCH_ALL, person) as first:
            await first.read()
            async with opened(narrow, accept, WATCH_ALL, person) as second:
                assert second.response.status == 429
                error = (await second.response.json())["errors"][0]
                assert (error["extensions"]["code"], error["message"][:39]) == (
                    "RATE_LIMITED", "One user has at most 2 connections at a"
                )  # fmt: skip
        await until(lambda: narrow.app.listeners == 0)
        async with opened(narrow, accept, WATCH_ALL, person) as third:
            assert third.response.status == 200


@FORMS
async def test_operations_of_streams_count(narrow: Served, accept: str) -> None:
    person = await narrow.app.person()
    for left in ("4", "3", "2", "1", "0"):
        async with opened(narrow, accept, TYPENAME, person) as stream:
            assert stream.response.headers["X-RateLimit-Remaining"] == left
            await stream.data()
    async with opened(narrow, accept, TYPENAME, person) as stream:
        assert stream.response.status == 429
        assert int(stream.response.headers["Retry-After"]) > 0


@FORMS
async def test_what_a_stream_keeps_is_counted_until_it_ends(app: App, live: Served, accept: str) -> None:
    before = sample("waybill_socket_operation_bytes")
    async with opened(live, accept, WATCH_ALL, await app.person(), x="y" * 1_000):
        await until(lambda: sample("waybill_socket_operation_bytes") >= before + 8_000)
    await until(lambda: sample("waybill_socket_operation_bytes") == before)


async def test_all_streams_of_a_user_keep_only_so_much(app: App, live: Served) -> None:
    person, streams = await app.person(), AsyncExitStack()
    async with streams:
        statuses = []
        for _ in range(10):  # of 64 MiB, each keeps 8 times a mebibyte
            stream = await streams.enter_async_context(opened(live, SSE, WATCH_ALL, person, x="y" * 1_000_000))
            statuses.append(stream.response.status)
    await until(lambda: app.listeners == 0)

    assert statuses == [200] * 8 + [403] * 2


@FORMS
async def test_a_stream_is_counted_and_logged_once_when_it_ends_and_timed_never(
    app: App, live: Served, accept: str
) -> None:
    person = await app.person()
    labels = {"type": "subscription", "name": "jobsUpdated", "code": "OK"}
    before, timed = sample("waybill_graphql_operations_total", **labels), requests_timed()
    with capture_logs() as lines:
        async with opened(
            live, accept, f"subscription Mine {WATCH_ALL.removeprefix('subscription ')}", person
        ) as stream:
            await stream.read()
            assert sample("waybill_graphql_operations_total", **labels) == before
        await until(lambda: any(line["event"] == "request" for line in lines))

    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["operation"], line["user"], line["status"]) == ("Mine", person.id, 200)
    assert sample("waybill_graphql_operations_total", **labels) == before + 1
    assert requests_timed() == timed


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON, "*/*", ""])
async def test_who_takes_no_stream_is_told_how_to_subscribe(app: App, live: Served, accept: str) -> None:
    async with opened(live, accept, WATCH_ALL, await app.person()) as stream:
        error = (await stream.response.json())["errors"][0]
        assert (stream.response.status, error["extensions"]["code"]) == (422, "BAD_INPUT")
        assert "Accept: text/event-stream" in error["message"]
        assert "multipart/mixed;subscriptionSpec=1.0" in error["message"]


async def test_what_is_not_acceptable_is_406_and_not_done(app: App, live: Served) -> None:
    person = await app.person()
    mutation = 'mutation { createUpload(input: {filename: "a.txt", size: 5}) { filename } }'
    for accept in ("text/html", "image/png", "multipart/mixed;incrementalSpec=v0.2"):
        async with opened(live, accept, mutation, person) as stream:
            assert stream.response.status == 406
            assert (await stream.response.json())["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"
    assert await app.data("{ uploads { totalCount } }", person) == {"uploads": {"totalCount": 0}}


@FORMS
async def test_a_list_is_not_streamed(app: App, accept: str) -> None:
    body = [{"query": TYPENAME}]
    alone = await app.http.post("/graphql", json=body, headers={"Accept": accept})
    beside = await app.http.post("/graphql", json=body, headers={"Accept": f"{accept}, {JSON};q=0.1"})

    assert (alone.status_code, alone.json()[0]["errors"][0]["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")
    assert (beside.status_code, beside.json()) == (200, [{"data": {"__typename": "Query"}}])


async def test_no_page_of_another_origin_begins_a_stream_by_get(app: App) -> None:
    headers = {"Accept": SSE, "Origin": "https://evil.example.com"}
    response = await app.http.get("/graphql", params={"query": WATCH_ALL}, headers=headers)

    assert (response.status_code, response.json()["errors"][0]["extensions"]["field"]) == (
        422,
        "apollo-require-preflight",
    )


@FORMS
async def test_a_mutation_by_get_is_405_in_a_stream_too(app: App, live: Served, accept: str) -> None:
    async with opened(live, accept, "mutation { logout }", await app.person(), method="GET") as stream:
        assert (stream.response.status, stream.response.headers["Allow"]) == (405, "POST")


async def test_a_hash_that_is_not_known_is_told_in_the_stream(app: App) -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    response = await app.http.post("/graphql", json={"extensions": extensions}, headers={"Accept": SSE})

    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert "PERSISTED_QUERY_NOT_FOUND" in response.text
    assert response.text.endswith("event: complete\ndata: \n\n")


async def test_many_streams_that_come_and_go_leave_nothing_behind(app: App, live: Served) -> None:
    person = await app.person()

    async def watch(accept: str) -> None:
        async with opened(live, accept, WATCH_ALL, person) as stream:
            await stream.read()

    await asyncio.gather(*(watch([SSE, MULTIPART][number % 2]) for number in range(20)))
    await until(lambda: app.listeners == 0)
    assert await app.data(TYPENAME) == {"__typename": "Query"}
