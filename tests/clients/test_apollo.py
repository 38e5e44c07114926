"""Apollo Client 4 and graphql-ws against a real server: HTTP, persisted queries, WebSocket."""

from typing import Any

import pytest
import pytest_asyncio

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import node_or_skip

RESPONSE_JSON = "application/graphql-response+json"
NEW_JOB = """mutation ($upload: ID!) {
  createBatch(input: {work: {leads: {}}, uploadIds: [$upload]}) { id }
}"""
NEW_UPLOAD = 'mutation { createUpload(input: {filename: "leads.csv", size: 100}) { id } }'


def asked(method: str, *, query: bool, status: int = 200, type_: str = RESPONSE_JSON) -> dict[str, Any]:
    return {"method": method, "hasQuery": query, "status": status, "type": type_}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outcome(server: ServerProcess, token: str) -> Any:
    """What apollo.mjs saw."""
    node = node_or_skip()
    async with Waybill(server.base_url, token) as waybill:
        upload = (await waybill.execute(NEW_UPLOAD))["createUpload"]["id"]
        job = (await waybill.execute(NEW_JOB, {"upload": upload}))["createBatch"]["id"]
    return await node.run("apollo.mjs", url=f"{server.base_url}/graphql", token=token, jobId=job)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_query_goes_by_post_and_comes_back_in_the_type_that_apollo_likes(outcome: Any) -> None:
    assert (outcome["viewer"], outcome["plain"]) == ("admin", [asked("POST", query=True)])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_query_may_go_by_get_as_apollo_sends_it(outcome: Any) -> None:
    assert (outcome["byGet"], outcome["gets"]) == ([], [asked("GET", query=True)])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_persisted_query_is_sent_whole_once_and_then_by_its_hash_alone(outcome: Any) -> None:
    unknown, by_hash = asked("GET", query=False, status=422), asked("GET", query=False)

    assert outcome["persisted"] == [unknown, asked("POST", query=True), by_hash, by_hash]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_persisted_mutation_goes_by_post(outcome: Any) -> None:
    assert outcome["mutation"] == "a.txt"
    assert [request["method"] for request in outcome["mutations"]] == ["POST", "POST"]


@pytest.mark.asyncio(loop_scope="module")
async def test_errors_arrive_with_their_codes(outcome: Any) -> None:
    assert outcome["invalid"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert outcome["unknown"] == ["BATCH_NOT_FOUND"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_subscription_tells_the_present_state_then_each_change_and_ends(outcome: Any) -> None:
    assert (outcome["statuses"][0], outcome["statuses"][-1]) == ("UPLOADING", "CANCELLED")
    assert outcome["overSocket"] == "admin"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_hash_stands_for_a_known_query_on_a_socket_too(outcome: Any) -> None:
    assert outcome["hashes"] == [["PersistedQueryNotFound"], [{"__typename": "Query"}], [{"__typename": "Query"}]]
