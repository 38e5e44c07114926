"""HTTP QUERY: what GET takes, with a body as POST has it, and with the rights, limits and refusals of both."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import orjson
import pytest

from tests.web.streams_for_tests import SSE, Stream
from tests.web_app import JSON, RESPONSE_JSON, App, Person, Served, opened_app, read

TYPENAME = {"query": "{ __typename }"}
VIEWER = {"query": "{ viewer { id } }"}
CREATE_UPLOAD = {"query": 'mutation { createUpload(input: {filename: "a", size: 1}) { id } }'}


async def query(app: App, body: Any, who: Person | None = None, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    all_headers = {"Content-Type": JSON, "Accept": RESPONSE_JSON, **(who.header if who else {}), **headers}
    return await app.http.request("QUERY", "/graphql", content=content, headers=all_headers)


async def test_a_query_is_answered_as_by_post(app: App) -> None:
    person = await app.person()
    body = {"query": "query ($a: Boolean!) { viewer { id @include(if: $a) } }", "variables": {"a": True}}
    response = await query(app, body, person)

    assert (response.status_code, response.json()) == (200, {"data": {"viewer": {"id": person.id}}})
    assert response.headers["Content-Type"] == RESPONSE_JSON
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON])
async def test_a_mutation_is_405_and_changes_nothing(app: App, accept: str) -> None:
    person = await app.person()
    response = await query(app, CREATE_UPLOAD, person, Accept=accept)

    assert (response.status_code, response.headers["Allow"], read(response).code) == (405, "POST", "METHOD_NOT_ALLOWED")
    assert await app.data("{ uploads { totalCount } }", person) == {"uploads": {"totalCount": 0}}


async def test_a_list_of_queries_is_answered_and_a_mutation_in_it_is_refused(app: App) -> None:
    person = await app.person()
    response = await query(app, [VIEWER, CREATE_UPLOAD, TYPENAME], person)
    first, second, third = response.json()

    assert response.status_code == 200
    assert (first, third) == ({"data": {"viewer": {"id": person.id}}}, {"data": {"__typename": "Query"}})
    assert second["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert await app.data("{ uploads { totalCount } }", person) == {"uploads": {"totalCount": 0}}


async def test_a_form_is_415_however_large_and_told_what_a_query_may_be(app: App) -> None:
    response = await query(app, b"--x--", await app.person(), **{"Content-Type": "multipart/form-data; boundary=x"})

    assert (response.status_code, read(response).code) == (415, "UNSUPPORTED_TYPE")
    assert response.headers["Accept-Query"] == JSON


async def test_another_method_is_told_of_it(app: App) -> None:
    response = await app.http.put("/graphql")

    assert (response.headers["Allow"], response.headers["Accept-Query"]) == ("GET, QUERY, POST", JSON)


async def test_a_body_over_a_mebibyte_is_413(app: App) -> None:
    assert (await query(app, b" " * (2**20 + 1))).status_code == 413


async def test_a_persisted_query_is_known_by_its_hash(app: App) -> None:
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(b"{ __typename }").hexdigest()}}
    unknown = await query(app, {"extensions": persisted})
    await query(app, {**TYPENAME, "extensions": persisted})
    known = await query(app, {"extensions": persisted})

    assert (unknown.status_code, read(unknown).code) == (422, "PERSISTED_QUERY_NOT_FOUND")
    assert known.json() == {"data": {"__typename": "Query"}}


async def test_what_needs_somebody_needs_somebody(app: App) -> None:
    response = await query(app, {"query": "{ jobs { totalCount } }"})

    assert (response.status_code, read(response).code) == (294, "UNAUTHENTICATED")


async def test_a_browser_asks_before_it_sends_one_for_a_page_and_is_told_yes(app: App) -> None:
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "QUERY"}
    response = await app.http.options("/graphql", headers=asked)

    assert "QUERY" in response.headers["Access-Control-Allow-Methods"].split(", ")


@pytest.fixture
async def limited(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    """Two operations a minute."""
    async with opened_app(tmp_path, empty_database, rate_limit_per_minute=2) as app:
        yield app


async def test_it_counts_as_every_operation_does(limited: App) -> None:
    statuses = [(await query(limited, TYPENAME)).status_code for _ in range(3)]
    of_a_list = await query(limited, [TYPENAME])

    assert statuses == [200, 200, 429]
    assert (of_a_list.status_code, len(of_a_list.json())) == (429, 1)


async def test_it_passes_a_real_connection_and_partial_success_has_its_status_line(live: Served) -> None:
    url = f"http://127.0.0.1:{live.port}/graphql"
    async with aiohttp.ClientSession() as session:
        for body, status in ((TYPENAME, 200), ({"query": "{ __typename jobs { totalCount } }"}, 294), (TYPENAME, 200)):
            async with session.request("QUERY", url, json=body, headers={"Accept": RESPONSE_JSON}) as response:
                assert response.status == status
                assert "errors" not in await response.json(content_type=None) or status != 200


async def test_a_subscription_is_streamed(app: App, live: Served) -> None:
    person = await app.person()
    upload = await app.upload(person)
    body = {"query": "subscription ($id: ID!) { uploadUpdated(id: $id) { status } }", "variables": {"id": upload.id}}
    headers = {"Accept": SSE, **person.header}
    url = f"http://127.0.0.1:{live.port}/graphql"
    async with (
        aiohttp.ClientSession() as session,
        session.request("QUERY", url, json=body, headers=headers) as response,
    ):
        assert response.status == 200
        assert await Stream(response).data() == {"uploadUpdated": {"status": "COMPLETED"}}
