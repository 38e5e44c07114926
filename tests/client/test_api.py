"""The client speaks the API's protocols: GraphQL over HTTP, graphql-transport-ws, and links to files."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from client.api import Waybill, WaybillError

REFUSAL = {"message": "Sign in first.", "extensions": {"code": "UNAUTHENTICATED"}}
FILE = b"name,email\n" * 1000


class FakeServer:
    """Answers as a Waybill server does; keeps what it was sent."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str | None] = []
        self.sent_over_socket: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {}
        self.messages: list[dict[str, Any]] = []
        self.close_code = 1000
        self.noise = b""
        self.app = web.Application()
        self.app.add_routes(
            [web.post("/graphql", self.post), web.get("/graphql", self.socket), web.get("/results/{name}", self.file)]
        )

    async def post(self, request: web.Request) -> web.Response:
        self.authorizations.append(request.headers.get("Authorization"))
        self.requests.append(await request.json())
        return web.json_response(self.answer)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["graphql-transport-ws"])
        await socket.prepare(request)
        for _ in range(2):
            self.sent_over_socket.append(await socket.receive_json())
            await socket.send_json({"type": "connection_ack"} if len(self.sent_over_socket) == 1 else {"type": "ping"})
        self.sent_over_socket.append(await socket.receive_json())
        for message in self.messages:
            await socket.send_json(message)
        if self.noise and request.transport:
            request.transport.write(self.noise)
        await socket.close(code=self.close_code)
        return socket

    async def file(self, request: web.Request) -> web.Response:
        if request.match_info["name"] == "leads.csv":
            return web.Response(body=FILE)
        error = {"code": "RESULT_EXPIRED", "message": "This link has expired."}
        return web.json_response({"error": error}, status=410)


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
async def waybill(server: FakeServer) -> AsyncIterator[Waybill]:
    async with TestServer(server.app) as running, Waybill(str(running.make_url("/"))) as client:
        yield client


async def collect(waybill: Waybill) -> list[dict[str, Any]]:
    return [data async for data in waybill.subscribe("subscription { tick }", {"id": 1})]


async def test_execute_sends_query_and_variables_and_returns_the_data(server: FakeServer, waybill: Waybill) -> None:
    server.answer = {"data": {"viewer": None}}

    assert await waybill.execute("{ viewer { id } }", {"a": 1}) == {"viewer": None}
    assert server.requests == [{"query": "{ viewer { id } }", "variables": {"a": 1}}]
    assert server.authorizations == [None]


async def test_login_makes_what_follows_the_work_of_that_user(server: FakeServer, waybill: Waybill) -> None:
    server.answer = {"data": {"login": {"accessToken": "abc"}}}
    await waybill.login("admin", "secret")
    await waybill.execute("{ viewer { id } }")

    assert server.requests[0]["variables"] == {"username": "admin", "password": "secret"}
    assert server.authorizations == [None, "Bearer abc"]


async def test_refusal_is_an_error_with_its_code_and_sentence(server: FakeServer, waybill: Waybill) -> None:
    server.answer = {"data": None, "errors": [REFUSAL]}
    with pytest.raises(WaybillError) as refusal:
        await waybill.execute("{ uploads { totalCount } }")

    assert (refusal.value.code, refusal.value.message) == ("UNAUTHENTICATED", "Sign in first.")


async def test_answer_that_is_no_json_object_is_an_error(server: FakeServer, waybill: Waybill) -> None:
    server.answer = []  # type: ignore[assignment]
    with pytest.raises(WaybillError) as refusal:
        await waybill.execute("{ viewer { id } }")

    assert refusal.value.code == "HTTP_200"


async def test_subscription_signs_in_answers_pings_and_ends_with_complete(server: FakeServer, waybill: Waybill) -> None:
    waybill.token = "abc"
    server.messages = [{"type": "next", "id": "1", "payload": {"data": {"tick": n}}} for n in range(3)]
    server.messages += [{"type": "pong"}, {"type": "complete", "id": "1"}]

    assert await collect(waybill) == [{"tick": 0}, {"tick": 1}, {"tick": 2}]
    assert server.sent_over_socket == [
        {"type": "connection_init", "payload": {"Authorization": "Bearer abc"}},
        {"type": "subscribe", "id": "1", "payload": {"query": "subscription { tick }", "variables": {"id": 1}}},
        {"type": "pong"},
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "error", "id": "1", "payload": [REFUSAL]},
        {"type": "next", "id": "1", "payload": {"data": None, "errors": [REFUSAL]}},
    ],
)
async def test_refused_subscription_is_an_error(server: FakeServer, waybill: Waybill, message: dict[str, Any]) -> None:
    server.messages = [message]
    with pytest.raises(WaybillError) as refusal:
        await collect(waybill)

    assert refusal.value.code == "UNAUTHENTICATED"


async def test_socket_closed_before_the_end_is_an_error_with_the_close_code(
    server: FakeServer, waybill: Waybill
) -> None:
    server.close_code = 4403
    with pytest.raises(WaybillError) as refusal:
        await collect(waybill)

    assert refusal.value.code == "SOCKET_4403"


async def test_a_socket_that_breaks_the_protocol_is_told_as_closed(waybill: Waybill, server: FakeServer) -> None:
    server.noise = b"\xf0\x00"  # a frame with reserved bits
    with pytest.raises(WaybillError) as refused:
        await collect(waybill)
    assert refused.value.code == "SOCKET_1002"


async def test_download_writes_the_bytes_and_returns_their_digest(waybill: Waybill, tmp_path: Path) -> None:
    digest = await waybill.download("/results/leads.csv", tmp_path / "leads.csv")

    assert digest == hashlib.sha256(FILE).hexdigest()
    assert (tmp_path / "leads.csv").read_bytes() == FILE
    assert await waybill.fetch(f"{waybill.base_url}/results/leads.csv") == FILE


async def test_refused_download_is_an_error_and_writes_nothing(waybill: Waybill, tmp_path: Path) -> None:
    with pytest.raises(WaybillError) as refusal:
        await waybill.download("/results/old.csv", tmp_path / "old.csv")

    assert refusal.value.code == "RESULT_EXPIRED"
    assert not (tmp_path / "old.csv").exists()
