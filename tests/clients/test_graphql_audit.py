"""GraphQL over HTTP as the specification has it, by the audit of graphql-http."""

from client.server_process import ServerProcess
from tests.clients.programs import Node

CHECKS = 61
ASKED_FIRST = {"apollo-require-preflight": "true"}


async def test_every_check_of_the_audit_holds(server: ServerProcess, node: Node) -> None:
    audit = await node.run("audit.mjs", url=f"{server.base_url}/graphql", headers=ASKED_FIRST)

    assert audit == {"count": CHECKS, "failures": []}


async def test_without_the_header_the_audit_fails_for_queries_by_get_alone(server: ServerProcess, node: Node) -> None:
    audit = await node.run("audit.mjs", url=f"{server.base_url}/graphql", headers={})

    assert [failure for failure in audit["failures"] if "GET" not in failure] == []
    assert audit["failures"] != []
