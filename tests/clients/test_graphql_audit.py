"""The audit of graphql-http against `/graphql`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from client.server_process import ServerProcess
from tests.clients.programs import Node
from tests.databases import copied_sqlite

CHECKS = 61
ASKED_FIRST = {"apollo-require-preflight": "true"}
MALFORMED_IS_422 = {
    "423L", "3E3A", *(f"{check}{number}" for check in ("LKJ", "6C0", "476", "58B") for number in range(4)),
}  # fmt: skip
"""Checks that a request which is not well-formed may be 400."""
VARIABLES_ARE_422 = {"86EE"}
JSON_HAS_THE_SAME_STATUSES = {"572B", "FDE2", "7B9B"}
CONTRADICT_THE_EDITION = MALFORMED_IS_422 | VARIABLES_ARE_422 | JSON_HAS_THE_SAME_STATUSES
GET_WITHOUT_PREFLIGHT = {"5A70", "D6D5", "6A70"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def legacy_server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    data_dir = copied_sqlite(migrated_file, tmp_path_factory.mktemp("legacy") / "data")
    settings = {"WAYBILL_WORKERS": "0", "WAYBILL_GRAPHQL_LEGACY_STATUS": "true"}
    async with ServerProcess(data_dir, settings) as server:
        yield server


async def failures_of(server: ServerProcess, node: Node, headers: dict[str, str]) -> set[str]:
    audit: dict[str, Any] = await node.run("audit.mjs", url=f"{server.base_url}/graphql", headers=headers)
    assert audit["count"] == CHECKS
    return {failure.partition(" ")[0] for failure in audit["failures"]}


async def test_every_check_of_the_audit_holds_that_does_not_contradict_the_edition(
    server: ServerProcess, node: Node
) -> None:
    assert await failures_of(server, node, ASKED_FIRST) == CONTRADICT_THE_EDITION


async def test_without_the_header_the_audit_fails_for_queries_by_get_besides(server: ServerProcess, node: Node) -> None:
    assert await failures_of(server, node, {}) == CONTRADICT_THE_EDITION | GET_WITHOUT_PREFLIGHT


async def test_with_the_statuses_of_the_drafts_every_check_holds(legacy_server: ServerProcess, node: Node) -> None:
    assert await failures_of(legacy_server, node, ASKED_FIRST) == set()


def test_the_page_names_the_checks_that_do_not_hold() -> None:
    page = (Path(__file__).parents[2] / "docs" / "http.md").read_text()

    assert f"Of its {CHECKS} checks {len(CONTRADICT_THE_EDITION)} contradict the edition" in page
    named = {id_ for id_ in CONTRADICT_THE_EDITION | GET_WITHOUT_PREFLIGHT if id_ in page}
    between = {f"{check}{number}" for check in ("LKJ", "6C0", "476", "58B") for number in (1, 2)}  # "LKJ0 to LKJ3"
    assert named | between == CONTRADICT_THE_EDITION | GET_WITHOUT_PREFLIGHT
