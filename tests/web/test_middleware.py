"""Middleware: request ids, callers, log lines, errors."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from base.errors import ErrorCode, Refusal
from base.logging import request_id
from tests.web_app import App, opened_app, settings_for
from uploads.capability import upload_path
from web.draining import Draining
from web.middleware import RequestMiddleware

ORIGIN = {"Origin": "https://app.example.com"}
PATHS = ["/graphql", "/health", "/ready", "/metrics", "/schema.graphql", "/files/", "/results/x/y", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_good_request_id_comes_back(app: App, path: str) -> None:
    assert (await app.http.get(path, headers={"X-Request-ID": "a-B_9.c"})).headers["X-Request-ID"] == "a-B_9.c"


@pytest.mark.parametrize("given", [b"", b"a b", b"x" * 65, b"a,b", b"<script>", b"\xe9", b"a\tb"])
async def test_any_other_request_id_is_replaced(app: App, given: bytes) -> None:
    response = await app.http.get("/nothing", headers=[(b"X-Request-ID", given)])

    assert len(response.headers["X-Request-ID"]) == 16
    assert response.json()["error"]["requestId"] == response.headers["X-Request-ID"]


async def test_an_unforeseen_error_is_500_with_cors_and_request_id(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        text = "secret at /srv/path"
        raise RuntimeError(text)

    monkeypatch.setattr("results.endpoints.find_file_to_serve", fail)
    monkeypatch.setattr("results.endpoints.check_file_link", lambda *_: 0)
    with capture_logs() as lines:
        response = await app.http.get("/results/file-1754556928-12a41dbec0f3/x", headers=ORIGIN)

    assert response.status_code == 500
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.json()["error"]["code"] == "INTERNAL_ERROR"
    assert response.json()["error"]["requestId"] == response.headers["X-Request-ID"]
    assert "secret" not in response.text
    assert [line["event"] for line in lines] == ["unforeseen error", "request"]
    assert str(lines[0]["exc_info"]) == "secret at /srv/path"


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
async def test_an_unforeseen_error_about_an_upload_is_500_with_all_that_a_tus_client_reads(
    app: App, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async def fail(*_: object) -> None:
        text = "secret at /srv/path"
        raise RuntimeError(text)

    upload = await app.upload(await app.person())
    for what_is_done in ("find_stored_upload", "claim_for_writing", "delete_upload"):
        monkeypatch.setattr(f"uploads.endpoints.{what_is_done}", fail)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    url = upload_path(app.services.request.signer, upload.id)
    response = await app.http.request(method, url, headers=headers | ORIGIN)

    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (500, "*")
    assert response.headers["Tus-Resumable"] == "1.0.0"
    assert "Upload-Offset" in response.headers["Access-Control-Expose-Headers"]
    assert response.headers["X-Request-ID"]
    assert "secret" not in response.text
    assert response.text == "" or response.json()["error"]["code"] == "INTERNAL_ERROR"


async def test_each_request_has_one_line_without_the_right_that_its_path_carries(app: App) -> None:
    person = await app.person()
    upload = await app.upload(person)
    url = (await app.data("query ($id: ID!) { upload(id: $id) { url } }", person, id=upload.id))["upload"]["url"]
    with capture_logs() as lines:
        response = await app.http.head(url, headers={"Tus-Resumable": "1.0.0"})

    assert response.status_code == 200
    (line,) = lines
    assert line == {
        "event": "request", "log_level": "info", "method": "HEAD", "status": 200, "ms": line["ms"], "path": line["path"],
        "database_ms": line["database_ms"], "address": "127.0.0.1",
    }  # fmt: skip
    assert upload.id in line["path"]
    assert url.rpartition("~")[2] not in str(line)


async def test_a_token_that_cannot_be_looked_up_matters_only_where_somebody_must_be_known(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ConnectionError

    person = await app.person()
    monkeypatch.setattr("web.middleware.find_viewer", fail)
    health = await app.http.get("/health", headers=person.header)
    info = await app.ask("{ serverInfo { service } }", person)
    viewer = await app.ask("{ viewer { id } }", person)

    assert health.status_code == 200
    assert info.data == {"serverInfo": {"service": "waybill"}}
    assert (viewer.code, viewer.data) == ("INTERNAL_ERROR", {"viewer": None})


async def never(*_: object) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/schema.graphql", "/graphql/assets/nothing.js"])
async def test_nobody_is_looked_up_where_all_are_answered_alike(
    app: App, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    person = await app.person()
    monkeypatch.setattr("web.middleware.find_viewer", never)
    async with asyncio.timeout(5):
        assert (await app.http.get(path, headers=person.header)).status_code in {200, 404}


async def test_a_caller_is_looked_up_for_as_long_as_an_operation_may_take(
    tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_app(tmp_path, empty_database, operation_timeout="0.2 s") as app:
        person = await app.person()
        monkeypatch.setattr("web.middleware.find_viewer", never)
        async with asyncio.timeout(5):
            viewer = await app.ask("{ viewer { id } }", person)
            listed = await app.http.post("/files/", headers=person.header | {"Tus-Resumable": "1.0.0"})

        assert viewer.code == "TIMED_OUT"
        assert (listed.status_code, listed.json()["error"]["code"]) == (503, "TIMED_OUT")


async def run_frame(app: Any, scope: dict[str, Any], tmp_path: Path) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    await RequestMiddleware(app, settings_for(tmp_path), Draining())(
        {"headers": [], "method": "GET", "path": "/", **scope}, receive, send
    )
    return sent


async def test_an_answer_that_has_begun_is_left_without_its_end(tmp_path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    sent = await run_frame(app, {"type": "http"}, tmp_path)

    assert [message["type"] for message in sent] == ["http.response.start"]


async def test_a_socket_that_fails_is_closed_with_1011(tmp_path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError

    assert await run_frame(app, {"type": "websocket"}, tmp_path) == [{"type": "websocket.close", "code": 1011}]


async def test_a_request_that_the_stopping_server_cancels_is_503(tmp_path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    sent = await run_frame(app, {"type": "http"}, tmp_path)

    assert sent[0]["status"] == 503
    assert (b"retry-after", b"2") in sent[0]["headers"]


async def test_a_request_leaves_no_request_id_behind(tmp_path: Path) -> None:
    seen: list[str | None] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(request_id.get())
        raise Refusal(ErrorCode.FORBIDDEN, "No.")

    sent = await run_frame(app, {"type": "http", "headers": [(b"x-request-id", b"one")]}, tmp_path)

    assert (seen, request_id.get(), sent[0]["status"]) == (["one"], None, 403)
