"""The HTTP door: one JSON body for every refusal, nothing of the inside in it."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import asyncpg
import orjson
import pytest
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs
from tortoise.exceptions import OperationalError

from base.errors import HTTP_STATUS, ErrorCode, Refusal
from tests.web_app import App
from web.errors import error_response, refusal_of


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_its_status_and_the_same_body(code: ErrorCode) -> None:
    response = error_response(Refusal(code, "Why."))
    error = orjson.loads(response.body)["error"]

    assert response.status_code == HTTP_STATUS.get(code, 400)
    assert (error["code"], error["message"]) == (code, "Why.")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", error["timestamp"])


def test_what_helps_is_said_where_it_helps() -> None:
    refusal = Refusal(ErrorCode.RATE_LIMITED, "Wait.", "input.name", 2.4, {"X-Extra": "1"})
    response = error_response(refusal)
    error = orjson.loads(response.body)["error"]

    assert (error["field"], error["retryAfter"]) == ("input.name", 2.4)
    assert (response.headers["Retry-After"], response.headers["X-Extra"]) == ("3", "1")


def test_retry_after_is_at_least_a_second() -> None:
    assert error_response(Refusal(ErrorCode.LOCKED, "Wait.", retry_after=0.2)).headers["Retry-After"] == "1"


def test_a_401_names_its_challenge() -> None:
    assert error_response(Refusal(ErrorCode.TOKEN_EXPIRED, "Expired.")).headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("/srv/secret"), ErrorCode.INTERNAL_ERROR),
        (OperationalError("/srv/secret"), ErrorCode.DATABASE_ERROR),
    ],
)
def test_what_was_not_foreseen_stays_in_the_log(error: Exception, code: ErrorCode) -> None:
    with capture_logs() as lines:
        refusal = refusal_of(error)

    assert refusal.code is code
    assert "secret" not in refusal.message
    assert [(line["event"], line["exc_info"]) for line in lines] == [("unforeseen error", error)]


def test_refusals_and_http_errors_are_answers_and_are_not_logged() -> None:
    refusal = Refusal(ErrorCode.FORBIDDEN, "No.")
    with capture_logs() as lines:
        answers = [refusal_of(refusal), refusal_of(HTTPException(404)), refusal_of(HTTPException(400, "Bad form."))]

    assert answers[0] is refusal
    assert answers[1].code is ErrorCode.NOT_FOUND
    assert (answers[2].code, answers[2].message) == (ErrorCode.BAD_INPUT, "Bad form.")
    assert lines == []


def full_sqlite() -> sqlite3.Error:
    """What SQLite says when its file cannot grow."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.Error) as caught:
            database.executescript("CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(100000));")
        return caught.value


@pytest.mark.parametrize("is_wrapped", [True, False])
@pytest.mark.parametrize("make", [full_sqlite, lambda: asyncpg.DiskFullError("could not extend file")])
def test_a_database_without_room_is_told_as_such(make: Callable[[], Exception], is_wrapped: bool) -> None:
    error = make()
    if is_wrapped:
        wrapped = OperationalError("wrapped")
        wrapped.__cause__ = error
        error = wrapped
    refusal = refusal_of(error)
    assert (refusal.code, refusal.http_status, refusal.retry_after) == (ErrorCode.INSUFFICIENT_STORAGE, 507, 60)


@pytest.mark.parametrize("path", ["/nothing", "/graphql/nothing", "/files.txt", "/.env", "/%00", "/graphql/assets"])
async def test_an_unknown_path_is_404_in_json(app: App, path: str) -> None:
    response = await app.http.get(path)

    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/json")
    assert response.json()["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/schema.graphql", "/"])
async def test_a_wrong_method_is_405_and_told_which_work(app: App, path: str) -> None:
    response = await app.http.delete(path)

    assert (response.status_code, set(response.headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert response.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/v1/upload/status?limit=50", "/api/batches/14900113/progress", "/api/downloads/start",
     "/status/0b6c", "/tasks/task-1754556928-abc", "/downloads/active", "/v1/static/guides/a.pdf", "/docs", "/openapi.json"],
)  # fmt: skip
async def test_who_looks_for_an_old_service_is_told_where_the_api_is(app: App, method: str, path: str) -> None:
    response = await app.http.request(method, path, headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/json")
    error = response.json()["error"]
    assert set(error) == {"code", "message", "timestamp", "requestId"}
    assert error["code"] == "NOT_FOUND"
    assert all(place in error["message"] for place in ("/graphql", "/schema.graphql", "/files/"))
