"""The code of docs/clients.md, run as it stands there: Apollo Client, urql, Relay, gql and ariadne-codegen."""

import asyncio
import importlib.util
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from graphql import GraphQLInterfaceType, GraphQLScalarType, build_schema, is_specified_scalar_type

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import FOLDER, ariadne_codegen_or_skip, node_or_skip
from tests.clients.stored import random_file

ROOT = FOLDER.parents[1]
PAGE = ROOT / "docs" / "clients.md"
PASSWORD = "a password of the tests"
ADD = """mutation ($name: String!, $password: String!, $role: Role!) {
  createUser(username: $name, password: $password, role: $role) { id }
}"""
NEW_UPLOAD = 'mutation { createUpload(input: {filename: "leads.csv", size: 100}) { id } }'
NEW_BATCH = "mutation ($id: ID!) { createBatch(input: {work: {leads: {}}, uploadIds: [$id]}) { id } }"
NEW_TASK = """mutation ($uploads: [ID!]!) {
  createTask(input: {work: {external: {queue: "clients"}}, uploadIds: $uploads}) { id }
}"""
CLAIM = 'mutation { claimTask(queue: "clients") { id leaseId } }'
REPORT = """mutation ($id: ID!, $lease: ID!, $input: ReportTaskInput!) {
  reportTask(id: $id, leaseId: $lease, input: $input) { status }
}"""
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { id } }"

pytestmark = pytest.mark.asyncio(loop_scope="module")


def write_examples(folder: Path) -> None:
    """Each block of the page that begins with the name of a file, as that file."""
    blocks = re.findall(r"```\w+\n(?:#|//) (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for name, code in blocks:
        assert not (folder / name).exists(), f"two blocks are called {name}"
        (folder / name).write_text(code, encoding="utf-8")


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the page."""
    folder = tmp_path_factory.mktemp("page")
    write_examples(folder)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(server: ServerProcess, token: str) -> AsyncIterator[Waybill]:
    async with Waybill(server.base_url, token) as admin:
        yield admin


async def person(admin: Waybill, name: str, role: str = "USER") -> Waybill:
    await admin.execute(ADD, {"name": name, "password": PASSWORD, "role": role})
    person = Waybill(admin.base_url)
    await person.login(name, PASSWORD)
    return person


async def new_batch(waybill: Waybill) -> str:
    upload = (await waybill.execute(NEW_UPLOAD))["createUpload"]["id"]
    id_: str = (await waybill.execute(NEW_BATCH, {"id": upload}))["createBatch"]["id"]
    return id_


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(admin: Waybill, examples: Path) -> dict[str, Any]:
    """What documented_clients.mjs saw; under `jobs` the batches that it knew, newest first."""
    node = node_or_skip()
    for path in (FOLDER / "documented_clients.mjs", *(FOLDER / "relay_compiled").glob("*.graphql.js")):
        (examples / path.name).write_bytes(path.read_bytes())
    (examples / "node_modules").symlink_to(FOLDER / "node_modules")
    (examples / "package.json").write_text('{"type": "module"}')
    async with await person(admin, "ann") as ann:
        jobs = [await new_batch(ann) for _ in range(3)][::-1]
    options = {"waybill": admin.base_url, "username": "ann", "password": PASSWORD, "jobs": jobs}
    return {**await node.run(str(examples / "documented_clients.mjs"), **options), "jobs": jobs}


async def test_a_page_signs_in_and_lists_page_by_page(seen: dict[str, Any]) -> None:
    assert (seen["before"], seen["tooEarly"], seen["refused"]) == ("waybill", "Sign in first.", "INVALID_CREDENTIALS")
    assert seen["pages"] == seen["jobs"]


async def test_events_reach_a_list_without_a_further_request(seen: dict[str, Any]) -> None:
    assert seen["merged"]["events"] >= 6
    assert (seen["merged"]["requests"], seen["merged"]["eta"]) == (0, True)


async def test_a_slow_answer_does_not_overwrite_a_newer_event(seen: dict[str, Any]) -> None:
    assert seen["slow"] == {"answer": "newer", "kind": "leads", "hasTotal": True, "list": "newer"}


async def test_requests_that_find_the_token_ended_at_once_renew_it_once(seen: dict[str, Any]) -> None:
    assert seen["parallel"] == {"names": ["ann"] * 4, "renewals": 1, "questions": 8}
    assert seen["wrongClock"] == 0


async def test_urql_asks_by_get_renews_once_and_shows_events(seen: dict[str, Any]) -> None:
    assert seen["urql"] == {"pages": 3, "error": "", "names": ["ann", "ann"], "methods": ["GET"], "renewals": 1}


async def test_relay_reads_a_node_and_takes_events(seen: dict[str, Any]) -> None:
    assert seen["relay"] == {"status": "UPLOADING", "grew": True, "kept": True}


async def test_a_page_that_is_signed_out_is_told_once_and_watches_again_after_signing_in(seen: dict[str, Any]) -> None:
    assert seen["signedOut"] == {"calls": 1, "token": None, "failures": 1, "renewals": 1}
    assert seen["again"] == seen["jobs"][0]


async def test_no_client_complains_of_its_cache(seen: dict[str, Any]) -> None:
    assert seen["warnings"] == []


async def test_types_are_those_of_the_schema(seen: dict[str, Any]) -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    types = schema.type_map.values()
    abstract = {
        t.name: {o.name for o in schema.get_possible_types(t)} for t in types if isinstance(t, GraphQLInterfaceType)
    }
    own = {t.name for t in types if isinstance(t, GraphQLScalarType) and not is_specified_scalar_type(t)}

    assert {name: set(names) for name, names in seen["possibleTypes"].items()} == abstract
    assert set(seen["scalars"]) == own


@pytest.fixture(scope="module")
def waybill_jobs(examples: Path) -> Any:
    """The page's module for gql."""
    spec = importlib.util.spec_from_file_location("waybill_jobs", examples / "waybill_jobs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def sent_and_begun(waybill_jobs: Any, admin: Waybill, path: Path) -> str:
    """The id of a task over a file that gql has sent."""
    random_file(path, 1000)
    async with waybill_jobs.over_http(admin.base_url, admin.token) as session:
        upload = await waybill_jobs.send_file(session, path)
    assert upload["status"] == "COMPLETED"
    task: str = (await admin.execute(NEW_TASK, {"uploads": [upload["id"]]}))["createTask"]["id"]
    return task


@pytest.mark.parametrize("transport", ["over_http", "over_socket"])
async def test_gql_waits_for_a_job_that_completes_and_for_one_that_fails(
    admin: Waybill, waybill_jobs: Any, tmp_path: Path, transport: str
) -> None:
    every_seconds = {"over_http": 0.05, "over_socket": None}[transport]
    ends: list[dict[str, Any]] = [
        {"status": "COMPLETED"}, {"status": "FAILED", "errorMessage": "The ink is out.", "isRetryable": True},
    ]  # fmt: skip
    open_session = getattr(waybill_jobs, transport)
    async with (
        await person(admin, f"worker-{transport}", "WORKER") as worker,
        open_session(admin.base_url, admin.token) as session,
    ):
        results: list[Any] = []
        for end in ends:
            task = await sent_and_begun(waybill_jobs, admin, tmp_path / "a.bin")
            waiting = asyncio.create_task(waybill_jobs.wait_for_job(session, task, 30, every_seconds))
            claimed = (await worker.execute(CLAIM))["claimTask"]
            await worker.execute(REPORT, {"id": claimed["id"], "lease": claimed["leaseId"], "input": end})
            results += await asyncio.gather(waiting, return_exceptions=True)
    done, failed = results
    assert (done["status"], done["isActive"]) == ("COMPLETED", False)
    assert isinstance(failed, waybill_jobs.JobFailed)
    assert "The ink is out." in str(failed)
    assert failed.job["error"]["isRetryable"]


@pytest.mark.parametrize("transport", ["over_http", "over_socket"])
async def test_gql_stops_waiting_at_the_deadline_and_the_job_goes_on(
    admin: Waybill, waybill_jobs: Any, tmp_path: Path, transport: str
) -> None:
    task = await sent_and_begun(waybill_jobs, admin, tmp_path / "a.bin")
    every_seconds = {"over_http": 0.05, "over_socket": None}[transport]
    async with getattr(waybill_jobs, transport)(admin.base_url, admin.token) as session:
        with pytest.raises(TimeoutError):
            await waybill_jobs.wait_for_job(session, task, 0.3, every_seconds)
        assert (await admin.execute("query ($id: ID!) { task(id: $id) { isActive } }", {"id": task}))["task"][
            "isActive"
        ]
        await admin.execute(CANCEL, {"id": task})
        with pytest.raises(waybill_jobs.JobFailed, match="CANCELLED"):
            await waybill_jobs.wait_for_job(session, task, 30, every_seconds)


async def test_a_client_that_ariadne_codegen_made_asks_and_sends(admin: Waybill, examples: Path) -> None:
    command = ariadne_codegen_or_skip()
    (examples / "schema.graphql").write_bytes((ROOT / "schema.graphql").read_bytes())
    (examples / "leads.csv").write_text("Name,Email\n")
    printed = b""
    for program in (["ariadne-codegen"], ["python", "send.py", "leads.csv"]):
        process = await asyncio.create_subprocess_exec(
            *command, *program, cwd=examples, env=os.environ | {"WAYBILL": admin.base_url, "TOKEN": admin.token},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        printed, complaints = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode == 0, complaints.decode()
    assert re.fullmatch(r"COMPLETED 11 UTC \d+\n", printed.decode())
