"""graphql-transport-ws: clients that misbehave lose their socket or their operation, never the process."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.web_app import App, Served, opened_app, served, until

WATCH = "subscription ($id: ID!) { jobUpdated(id: $id, maxPerSecond: 20) { id status } }"
WATCH_ALL = "subscription { jobsUpdated { id } }"
TYPENAME = "{ __typename }"


@pytest.mark.parametrize("protocol", [None, "graphql-ws", "soap"])
async def test_other_subprotocols_are_closed_with_4406(live: Served, protocol: str | None) -> None:
    wire = await live.wire(protocol=protocol)

    assert await wire.close_code() == 4406
    assert wire.connection.close_reason == (
        "Only the subprotocol graphql-transport-ws is spoken here, that of the library graphql-ws"
    )


async def test_who_does_not_introduce_themselves_in_five_seconds_is_closed_with_4408(live: Served) -> None:
    started = time.monotonic()
    wire = await live.wire()

    assert await wire.close_code(30) == 4408
    assert time.monotonic() - started >= 5


BAD_FRAMES: list[str | bytes] = [
    "", "not json", "[1, 2", "3", "null", "true", '"connection_init"', "[]", "{}", '{"type": null}', '{"type": 5}',
    '{"type": ["connection_init"]}', '{"type": "unknown"}',
    '{"type": "connection_init", "payload": []}', '{"type": "start"}', '{"type": "subscribe"}', '{"type": "complete"}',
    '{"type": "complete", "id": 5}', '"\\ud800"', "[" * 2000, b"\x00\xff",
]  # fmt: skip
BAD_SUBSCRIBES: list[dict[str, Any]] = [
    {"payload": {"query": TYPENAME}},
    {"id": 5, "payload": {"query": TYPENAME}},
    {"id": ["1"], "payload": {"query": TYPENAME}},
    {"id": "", "payload": {"query": TYPENAME}},
    {"id": "1"},
    {"id": "1", "payload": None},
    {"id": "1", "payload": []},
    {"id": "1", "payload": {}},
    {"id": "1", "payload": {"query": None}},
    {"id": "1", "payload": {"query": ""}},
    {"id": "1", "payload": {"query": {"a": 1}}},
    {"id": "1", "payload": {"query": TYPENAME, "variables": []}},
    {"id": "1", "payload": {"query": TYPENAME, "variables": "{}"}},
    {"id": "1", "payload": {"query": TYPENAME, "operationName": 5}},
]


async def test_a_frame_of_the_wrong_shape_closes_with_4400(app: App, live: Served) -> None:
    for frame in BAD_FRAMES:
        wire = await live.wire()
        await wire.send(frame)
        assert await wire.close_code() == 4400, frame

    assert await app.data(TYPENAME) == {"__typename": "Query"}


async def test_a_subscribe_of_the_wrong_shape_closes_with_4400(live: Served) -> None:
    for message in BAD_SUBSCRIBES:
        wire = await live.wire_of()
        await wire.send({"type": "subscribe", **message})
        assert await wire.close_code() == 4400, message


async def test_a_frame_of_more_than_a_mebibyte_closes_with_1009(app: App, live: Served) -> None:
    wire = await live.wire()
    await wire.send("x" * (2**20 + 1))

    assert await wire.close_code() == 1009
    assert await app.data(TYPENAME) == {"__typename": "Query"}


async def test_a_second_introduction_closes_with_4429(live: Served) -> None:
    wire = await live.wire_of()
    await wire.send({"type": "connection_init"})

    assert await wire.close_code() == 4429


async def test_subscribing_before_the_acknowledgement_closes_with_4401(live: Served) -> None:
    wire = await live.wire()
    await wire.subscribe(TYPENAME)

    assert await wire.close_code() == 4401


async def test_a_ping_is_answered_before_and_after_the_introduction(live: Served) -> None:
    async with await live.wire() as wire:
        await wire.send({"type": "ping"})
        assert await wire.receive() == {"type": "pong"}
        await wire.init()
        await wire.send({"type": "ping", "payload": {"a": 1}})
        assert await wire.receive() == {"type": "pong"}
        await wire.send({"type": "pong"})
        await wire.subscribe(TYPENAME)
        assert await wire.next() == {"__typename": "Query"}


async def test_queries_and_mutations_are_answered_and_completed(app: App, live: Served) -> None:
    person = await app.person()
    async with await live.wire_of(person) as wire:
        await wire.subscribe("{ viewer { id } }", "q")
        assert await wire.next("q") == {"viewer": {"id": person.id}}
        assert await wire.receive() == {"id": "q", "type": "complete"}
        await wire.subscribe('mutation { createUpload(input: {filename: "a.txt", size: 5}) { filename } }', "m")
        assert await wire.next("m") == {"createUpload": {"filename": "a.txt"}}


async def test_a_refusal_at_a_field_is_told_beside_the_data(live: Served) -> None:
    async with await live.wire_of() as wire:
        await wire.subscribe('{ job(id: "batch-1754556928-12a41dbec0f3") { id } }')
        message = await wire.receive()

    assert message["payload"]["data"] == {"job": None}
    assert message["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { a: jobsUpdated { id } b: jobsUpdated { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($id: ID!) { job(id: $id) { id } }", "BAD_INPUT"),
        ("query A { __typename } query B { __typename }", "BAD_INPUT"),
        ("fragment F on Query { __typename }", "BAD_INPUT"),
        ("{" + "a:__typename " * 2000 + "}", "QUERY_TOO_COMPLEX"),
        ("{" + "jobs{nodes{" * 300 + "id" + "}}" * 300 + "}", "QUERY_TOO_COMPLEX"),
        ("subscription { jobsUpdated(maxPerSecond: 21) { id } }", "BAD_INPUT"),
        ('subscription { jobUpdated(id: "nonsense") { id } }', "INVALID_ID"),
        ('subscription { jobUpdated(id: "batch-1754556928-12a41dbec0f3") { id } }', "BATCH_NOT_FOUND"),
        ('subscription { uploadUpdated(id: "upload-1754556928-12a41dbec0f3") { id } }', "UPLOAD_NOT_FOUND"),
        ('subscription { logs(after: "5") { id } }', "BAD_INPUT"),
    ],
)
async def test_one_bad_operation_ends_alone(app: App, live: Served, query: str, code: str) -> None:
    person = await app.person()
    job_id = await app.batch(person, autoStart=False)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH, "good", id=job_id)
        await wire.next("good")
        await wire.subscribe(query, "bad")
        assert await wire.error("bad") == code
        await app.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=job_id)
        seen = [(await wire.next("good"))["jobUpdated"]["status"]]
        while seen[-1] != "CANCELLED":
            seen.append((await wire.next("good"))["jobUpdated"]["status"])
        assert await wire.receive() == {"id": "good", "type": "complete"}
    await until(lambda: app.listeners == 0)


async def test_an_operation_name_that_is_not_there_ends_the_operation_alone(live: Served) -> None:
    async with await live.wire_of() as wire:
        payload = {"query": "query A { __typename }", "operationName": "B"}
        await wire.send({"id": "1", "type": "subscribe", "payload": payload})
        assert await wire.error() == "BAD_INPUT"


async def test_what_was_not_foreseen_inside_a_subscription_is_masked(
    app: App, live: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await app.person()
    job_id = await app.batch(person, autoStart=False)

    def fail(*_: object, **__: object) -> None:
        text = "secret at /srv/path"
        raise RuntimeError(text)

    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH, id=job_id)
        await wire.next()
        monkeypatch.setattr("resolvers.watches.JobWatch._change", fail)
        await app.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=job_id)
        message = await wire.receive()

    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "INTERNAL_ERROR")
    assert "secret" not in str(message)
    assert app.listeners == 0


async def test_one_connection_has_at_most_a_hundred_operations(app: App, live: Served) -> None:
    async with await live.wire_of(await app.person()) as wire:
        for number in range(101):
            await wire.subscribe(WATCH_ALL, str(number))
        assert await wire.error("100") == "RATE_LIMITED"
        assert app.listeners == 100
        await wire.send({"id": "0", "type": "complete"})
        await wire.subscribe(TYPENAME, "again")
        assert await wire.next("again") == {"__typename": "Query"}
    await until(lambda: app.listeners == 0)


async def test_a_client_that_completes_stops_listening(app: App, live: Served) -> None:
    async with await live.wire_of(await app.person()) as wire:
        await wire.subscribe(WATCH_ALL)
        await until(lambda: app.listeners == 1)
        await wire.send({"id": "1", "type": "complete"})
        await wire.send({"id": "never was", "type": "complete"})
        await until(lambda: app.listeners == 0)
        await wire.subscribe(TYPENAME)
        assert await wire.next() == {"__typename": "Query"}


async def test_a_client_that_vanishes_stops_listening(app: App, live: Served) -> None:
    wire = await live.wire_of(await app.person())
    for number in range(10):
        await wire.subscribe(WATCH_ALL, str(number))
    await until(lambda: app.listeners == 10)
    wire.connection.transport.abort()

    await until(lambda: app.listeners == 0)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
async def test_a_token_that_is_not_good_closes_with_4403(live: Served, token: str) -> None:
    wire = await live.wire()
    with capture_logs() as lines:
        await wire.send({"type": "connection_init", "payload": {"authorization": f"bearer {token}"}})
        assert await wire.close_code() == 4403

    assert [(line["event"], line["code"], line["security"]) for line in lines] == [
        ("socket refused", "INVALID_TOKEN", True)
    ]


async def test_an_expired_token_closes_with_4403(app: App, live: Served) -> None:
    person = await app.person()
    late = await app.sign_in(person.user, age=timedelta(minutes=31))
    wire = await live.wire()
    await wire.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {late.token}"}})

    assert await wire.close_code() == 4403


@pytest.mark.parametrize("value", [5, ["Bearer x"], {"a": 1}, ""])
async def test_a_token_of_a_strange_type_does_no_harm(live: Served, value: object) -> None:
    wire = await live.wire()
    await wire.send({"type": "connection_init", "payload": {"Authorization": value}})
    if value == "":
        assert await wire.receive() == {"type": "connection_ack"}
        await wire.connection.close()
    else:
        assert await wire.close_code() == 4403


async def test_a_token_in_the_handshake_counts_where_the_introduction_has_none(app: App, live: Served) -> None:
    person = await app.person()
    async with await live.wire(additional_headers=person.header) as wire:
        await wire.init()
        await wire.subscribe("{ viewer { id } }")
        assert await wire.next() == {"viewer": {"id": person.id}}
    wire = await live.wire(additional_headers={"Authorization": "Bearer nonsense"})
    await wire.send({"type": "connection_init"})
    assert await wire.close_code() == 4403


async def test_the_socket_ends_with_its_access_token(app: App, live: Served) -> None:
    person = await app.person()
    brief = await app.sign_in(person.user, age=timedelta(minutes=30) - timedelta(seconds=2))
    wire = await live.wire_of(brief)
    await wire.subscribe(WATCH_ALL)
    await until(lambda: app.listeners == 1)

    assert await wire.close_code() == 4403
    assert app.listeners == 0


async def test_after_a_logout_the_socket_takes_no_more_operations(app: App, live: Served) -> None:
    person = await app.person()
    wire = await live.wire_of(person)
    await wire.subscribe(TYPENAME)
    await wire.next()
    assert await app.data("mutation { logout }", person) == {"logout": True}
    await wire.subscribe(TYPENAME, "2")

    assert await wire.close_code() == 4403


@pytest.fixture
async def strict(tmp_path: Path, empty_database: Path) -> AsyncIterator[Served]:
    """Pages of one other origin, and of the public address, may open sockets."""
    origins, public_url = ["https://app.example.com"], "https://files.example.com/waybill"
    opened = opened_app(tmp_path, empty_database, cors_origins=origins, public_url=public_url)
    async with opened as app, served(app) as live:
        yield live


@pytest.mark.parametrize("path", ["/nothing", "/health", "/graphql/assets/none.js", "/files/"])
async def test_a_handshake_where_there_is_no_socket_is_404_as_a_request_is(live: Served, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{live.port}{path}")

    error = orjson.loads(refused.value.response.body)["error"]
    assert (refused.value.response.status_code, error["code"]) == (404, "NOT_FOUND")
    assert {"message", "timestamp", "requestId"} <= set(error)


async def test_pages_of_strange_origins_may_open_no_socket(strict: Served) -> None:
    for origin in ("https://evil.example.com", "null", "https://app.example.com.evil.com", "http://app.example.com"):
        with capture_logs() as lines, pytest.raises(InvalidStatus) as refused:
            await strict.wire(origin=origin)
        assert refused.value.response.status_code == 403
        assert [(line["origin"], line["security"]) for line in lines] == [(origin, True)]


async def test_pages_of_named_and_own_origins_may(strict: Served) -> None:
    origins = (None, "https://app.example.com", "https://files.example.com", f"http://127.0.0.1:{strict.port}")
    for origin in origins:
        async with await strict.wire(origin=origin) as wire:
            await wire.init()


async def test_any_origin_may_where_any_may_call(live: Served) -> None:
    async with await live.wire(origin="https://anything.example.com") as wire:
        await wire.init()


async def test_a_storm_of_bad_connections_leaves_the_server_well(app: App, live: Served) -> None:
    async def storm(number: int) -> None:
        wire = await live.wire()
        await wire.send(
            ["nonsense", "[]", {"type": "subscribe"}, {"type": "connection_init", "payload": 5}][number % 4]
        )
        if number % 3:
            wire.connection.transport.abort()
        else:
            assert await wire.close_code() == 4400

    await asyncio.gather(*(storm(number) for number in range(60)))

    assert await app.data(TYPENAME) == {"__typename": "Query"}
