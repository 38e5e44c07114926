"""graphql-sse and Apollo's HttpLink, watching a job through interruptions."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import FOLDER, Node
from tests.clients.test_documented_clients import PASSWORD, new_batch, person, write_examples
from tests.clients.test_reconnecting import CANCEL, is_counted, is_told

ROLE = "mutation ($id: ID!, $role: Role!) { updateUser(id: $id, role: $role) { id } }"
RENEWED = r'waybill_graphql_operations_total\{[^}]*name="refreshSession"[^}]*\} 1'
STREAM_ENDED = r'waybill_graphql_operations_total\{[^}]*name="jobUpdated"[^}]*\} 1'
TYPES = {
    "graphql-sse": "text/event-stream; charset=utf-8",
    "apollo": 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
}


@pytest.fixture
async def restarted(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A server that nobody else uses."""
    async with ServerProcess(tmp_path / "data", {"WAYBILL_WORKERS": "0"}) as server:
        yield server


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The script that watches, beside the code of the page."""
    folder = tmp_path / "page"
    folder.mkdir()
    write_examples(folder)
    (folder / "streams.mjs").write_bytes((FOLDER / "streams.mjs").read_bytes())
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder / "streams.mjs"


def told_beside(page: Path) -> Path:
    """The file into which the script writes each status that it was told."""
    return page.parent / "told"


def watch(node: Node, page: Path, **options: Any) -> "asyncio.Task[Any]":
    """Start the script, with the options that stand at its head."""
    return asyncio.create_task(node.run(str(page), told=str(told_beside(page)), **options))


@pytest.mark.long
@pytest.mark.parametrize("library", TYPES)
async def test_a_job_is_watched_until_it_ends_through_a_new_role_and_a_new_server(
    restarted: ServerProcess, node: Node, page: Path, library: str
) -> None:
    async with Waybill(restarted.base_url) as admin:
        await admin.login(restarted.admin_name, restarted.admin_password)
        async with await person(admin, "ann") as ann:
            job = await new_batch(ann)
            ann_id = (await ann.execute("{ viewer { id } }"))["viewer"]["id"]
        ann_signs_in = {"username": "ann", "password": PASSWORD}
        watching = watch(node, page, waybill=restarted.base_url, job=job, library=library, **ann_signs_in)
        await is_told(told_beside(page), 1)
        await admin.execute(ROLE, {"id": ann_id, "role": "ADMIN"})
        await is_counted(restarted, STREAM_ENDED)
        await is_counted(restarted, RENEWED)
        await is_told(told_beside(page), 2)
        await restarted.restart()
        await is_told(told_beside(page), 3)
        await admin.execute(CANCEL, {"id": job})
        seen = await watching

    assert seen["problems"] == []
    assert (seen["statuses"][:3], seen["statuses"][-1]) == (["UPLOADING"] * 3, "CANCELLED")
    assert (seen["types"], seen["tokens"]) == ([TYPES[library]], 2)


@pytest.mark.parametrize("library", TYPES)
async def test_a_server_that_stops_is_asked_again(
    restarted: ServerProcess, node: Node, page: Path, library: str
) -> None:
    async with Waybill(restarted.base_url) as admin:
        await admin.login(restarted.admin_name, restarted.admin_password)
        job = await new_batch(admin)
        admin_signs_in = {"username": restarted.admin_name, "password": restarted.admin_password}
        watching = watch(node, page, waybill=restarted.base_url, job=job, library=library, refusals=1, **admin_signs_in)
        await is_told(told_beside(page), 1)
        await admin.execute(CANCEL, {"id": job})
        seen = await watching

    assert seen["problems"] == []
    assert seen["statuses"][-1] == "CANCELLED"
