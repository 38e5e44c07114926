"""`serverInfo` and `limits`, over GraphQL."""

import pytest

from base.settings import VERSION
from resolvers import server as resolvers_server
from tests.web_app import App

INFO = """{ serverInfo { service version tusEndpoint isAnonymousAllowed oidcIssuer maxUploadSize recommendedChunkSize
  processors { kind type description accept maxFiles stages optionsSchema } } }"""


@pytest.fixture(autouse=True)
def _fresh_list() -> None:
    resolvers_server._processors.cache_clear()


async def test_who_is_not_signed_in_can_read_what_the_server_can_do(app: App) -> None:
    info = (await app.data(INFO))["serverInfo"]
    counting = next(processor for processor in info.pop("processors") if processor["kind"] == "counting")

    assert info == {
        "service": "waybill", "version": VERSION, "tusEndpoint": "http://test/files/", "isAnonymousAllowed": False,
        "oidcIssuer": None, "maxUploadSize": 10 * 2**30, "recommendedChunkSize": 50_000_000,
    }  # fmt: skip
    assert counting == {
        "kind": "counting", "type": "BATCH", "description": "Counts.", "accept": [".txt"], "maxFiles": 3,
        "stages": ["read", "count", "write"], "optionsSchema": counting["optionsSchema"],
    }  # fmt: skip
    assert counting["optionsSchema"]["properties"]["number"] == {"default": 1, "type": "integer"}


async def test_the_tus_endpoint_is_where_the_client_came_in(app: App) -> None:
    query = {"query": "{ serverInfo { tusEndpoint } }"}
    headers = {"Host": "files.example.com:8443", "Apollo-Require-Preflight": "true"}
    response = await app.http.get("/graphql", params=query, headers=headers)

    assert response.json() == {"data": {"serverInfo": {"tusEndpoint": "http://files.example.com:8443/files/"}}}


async def test_the_schema_is_there_as_text(app: App) -> None:
    response = await app.http.get("/schema.graphql")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "type Query {" in response.text
