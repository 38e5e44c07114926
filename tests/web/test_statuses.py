"""Statuses of `/graphql`: every row of GraphQL over HTTP, first edition, in both media types and by both settings."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from tests.web_app import JSON, RESPONSE_JSON, App, opened_app, read

NO_BATCH = 'batch(id: "batch-1754556928-12a41dbec0f3") { id }'
UNKNOWN_HASH = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}


@dataclass(frozen=True)
class Row:
    """A request, the code of its first error, and its statuses in the edition's media type and in JSON."""

    body: object
    code: str | None
    edition: tuple[int, int]
    legacy: tuple[int, int]


ROWS = {
    "data": Row({"query": "{ __typename }"}, None, (200, 200), (200, 200)),
    "data and errors": Row({"query": f"{{ __typename {NO_BATCH} }}"}, "UNAUTHENTICATED", (294, 200), (200, 200)),
    "data that is null, and errors": Row({"query": "{ viewer { id } jobs { totalCount } }"}, "UNAUTHENTICATED", (294, 200), (200, 200)),
    "no JSON": Row(b"NONSENSE", "BAD_INPUT", (400, 400), (400, 400)),
    "JSON without its end": Row(b'{"query":', "BAD_INPUT", (400, 400), (400, 400)),
    "no text that can be parsed": Row({"query": "{"}, "GRAPHQL_PARSE_FAILED", (400, 400), (400, 200)),
    "no query": Row({"qeury": "{ __typename }"}, "BAD_INPUT", (422, 422), (400, 400)),
    "a query of the wrong type": Row({"query": 5}, "BAD_INPUT", (422, 422), (400, 400)),
    "variables that are no map": Row({"query": "{ __typename }", "variables": [7]}, "BAD_INPUT", (422, 422), (400, 400)),
    "an operationName of the wrong type": Row({"query": "{ __typename }", "operationName": 5}, "BAD_INPUT", (422, 422), (400, 400)),
    "extensions that are no map": Row({"query": "{ __typename }", "extensions": 5}, "BAD_INPUT", (422, 422), (400, 400)),
    "no object": Row(b"3", "BAD_INPUT", (422, 422), (400, 400)),
    "an unknown field": Row({"query": "{ nope }"}, "GRAPHQL_VALIDATION_FAILED", (422, 422), (400, 200)),
    "a literal that does not fit": Row({"query": '{ jobs(first: "a") { totalCount } }'}, "BAD_INPUT", (422, 422), (400, 200)),
    "too much": Row({"query": "{" + " ".join(f"a{n}: __typename" for n in range(101)) + "}"}, "QUERY_TOO_COMPLEX", (422, 422), (400, 200)),
    "an unknown operation": Row({"query": "query A { __typename }", "operationName": "B"}, "BAD_INPUT", (422, 422), (400, 200)),
    "one of two operations": Row({"query": "query A { __typename } query B { __typename }"}, "BAD_INPUT", (422, 422), (400, 200)),
    "a variable that is missing": Row({"query": "query ($id: ID!) { job(id: $id) { id } }"}, "BAD_INPUT", (422, 422), (400, 200)),
    "a variable that is null": Row(
        {"query": "query ($id: ID!) { __typename @skip(if: false) job(id: $id) { id } }", "variables": {"id": None}},
        "BAD_INPUT", (422, 422), (400, 200),
    ),
    "a subscription without a stream": Row({"query": "subscription { jobsUpdated { id } }"}, "BAD_INPUT", (422, 422), (400, 400)),
    "an unknown hash": Row({"extensions": UNKNOWN_HASH}, "PERSISTED_QUERY_NOT_FOUND", (422, 200), (200, 200)),
    "the hash of another text": Row({"query": "{ __typename }", "extensions": UNKNOWN_HASH}, "BAD_INPUT", (422, 422), (400, 400)),
    "too large": Row(b" " * (2**20 + 1), "FILE_TOO_LARGE", (413, 413), (413, 413)),
}  # fmt: skip


@pytest.fixture
async def legacy(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    async with opened_app(tmp_path, empty_database, graphql_legacy_status=True) as legacy:
        yield legacy


async def post(app: App, body: object, accept: str, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await app.http.post("/graphql", content=content, headers={"Content-Type": JSON, "Accept": accept, **headers})


async def statuses_of(app: App, row: str) -> tuple[int, int]:
    """In the edition's media type and in JSON; code and media type are those of the row."""
    statuses = []
    for accept in (RESPONSE_JSON, JSON):
        answer = read(await post(app, ROWS[row].body, accept))
        assert answer.codes[:1] == [code for code in (ROWS[row].code,) if code]
        assert answer.response.headers["Content-Type"] == accept
        statuses.append(answer.response.status_code)
    return statuses[0], statuses[1]


@pytest.mark.parametrize("row", ROWS)
async def test_a_status_is_that_of_the_edition(app: App, row: str) -> None:
    assert await statuses_of(app, row) == ROWS[row].edition


@pytest.mark.parametrize("row", ROWS)
async def test_with_the_setting_a_status_is_that_of_the_drafts(legacy: App, row: str) -> None:
    assert await statuses_of(legacy, row) == ROWS[row].legacy


@pytest.mark.parametrize("row", ROWS)
async def test_data_is_there_with_a_2xx_and_only_then(app: App, row: str) -> None:
    response = await post(app, ROWS[row].body, RESPONSE_JSON)

    assert ("data" in response.json()) == (200 <= response.status_code < 300)


@pytest.mark.parametrize("accept", ["*/*", ""])
async def test_who_names_no_media_type_gets_json_and_its_statuses(app: App, accept: str) -> None:
    partial = await post(app, ROWS["data and errors"].body, accept)
    refused = await post(app, ROWS["an unknown field"].body, accept)

    assert (partial.status_code, partial.headers["Content-Type"]) == (200, JSON)
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, JSON)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [({"Content-Type": "text/plain"}, 415, "UNSUPPORTED_TYPE"), ({"accept": "image/png"}, 406, "NOT_ACCEPTABLE")],
)
async def test_what_the_headers_ask_for_in_vain_has_its_own_status(
    app: App, headers: dict[str, str], status: int, code: str
) -> None:
    answer = read(await post(app, {"query": "{ __typename }"}, **{"accept": JSON, **headers}))

    assert (answer.response.status_code, answer.code) == (status, code)


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
@pytest.mark.parametrize("name", ["variables", "extensions"])
async def test_variables_of_a_get_that_are_no_json_are_400_and_those_that_are_no_map_422(
    app: App, accept: str, name: str
) -> None:
    statuses = []
    for value in ("{", "[7]"):
        params: dict[str, Any] = {"query": "{ __typename }", name: value}
        response = await app.http.get("/graphql", params=params, headers={"Accept": accept, "Content-Type": JSON})
        statuses.append(response.status_code)

    assert statuses == [400, 422]


async def test_a_page_that_may_not_ask_is_told_422(app: App) -> None:
    response = await app.http.get("/graphql", params={"query": "{ __typename }"})

    assert (response.status_code, read(response).field) == (422, "apollo-require-preflight")


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
async def test_a_fault_of_the_server_is_a_5xx_whatever_the_client_accepts(
    app: App, accept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("schema.build.Schema.execute", fail)

    assert (await post(app, {"query": "{ __typename }"}, accept)).status_code == 500
