"""Whatever a client asks that the schema allows: an answer or a refusal, never an error of the server."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.core.result import Ok

from client.api import Waybill
from client.server_process import ServerProcess

NOT_A_FILE = schemathesis.graphql.nodes.String
schemathesis.graphql.scalar("FileUpload", strategies.text(max_size=20).map(NOT_A_FILE))

EXAMPLES = 25
ENDS_THE_SESSION = "logout"
SERVER_FAULTS = ("INTERNAL_ERROR", "DATABASE_ERROR")


@pytest.mark.long
async def test_no_operation_that_the_schema_allows_is_an_error_of_the_server(
    server: ServerProcess, waybill: Waybill
) -> None:
    asked = await asyncio.to_thread(ask_everything, server.base_url, waybill.headers)
    assert {"batches", "createBatch", "node", "cancelJob", "createUpload", "uploadFile"} <= asked
    assert server.is_running


def ask_everything(base_url: str, headers: dict[str, str]) -> set[str]:
    """Ask generated operations for every root field; the names of the fields."""
    schema = schemathesis.graphql.from_url(f"{base_url}/graphql")
    asked: set[str] = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        definition: Any = operation.definition
        name = definition.field_name
        if name == ENDS_THE_SESSION or definition.root_type.name == "Subscription":
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            response = case.call(headers=headers)
            assert response.status_code < 500, (case.body, response.text)
            assert not any(fault in response.text for fault in SERVER_FAULTS), (case.body, response.text)

        ask()
        asked.add(name)
    return asked
