"""GETs and forms of clients that send only a token."""

from typing import Any

import pytest
import pytest_asyncio

from client.server_process import ServerProcess
from tests.clients.programs import node_or_skip

pytestmark = pytest.mark.asyncio(loop_scope="module")
GET: dict[str, Any] = {"method": "GET", "own": [], "isForm": False}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outcome(server: ServerProcess, token: str) -> Any:
    """What get_and_upload.mjs saw."""
    return await node_or_skip().run("get_and_upload.mjs", url=f"{server.base_url}/graphql", token=token)


@pytest.mark.parametrize("client", ["urql", "graphqlRequest"])
async def test_a_query_by_get_needs_a_token_and_no_other_header(outcome: Any, client: str) -> None:
    assert outcome[client] == {"result": {"viewer": {"username": "admin"}}, "requests": [GET]}


async def test_a_form_of_apollo_upload_client_needs_a_token_and_no_other_header(outcome: Any) -> None:
    sent = outcome["apolloUpload"]["result"]["uploadFile"]

    assert (sent["filename"], sent["size"], sent["status"]) == ("leads.csv", 11, "COMPLETED")
    assert outcome["apolloUpload"]["requests"] == [{"method": "POST", "own": [], "isForm": True}]
