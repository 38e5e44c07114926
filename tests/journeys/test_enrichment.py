"""Leads that a model is asked about: through the server, its worker and a local endpoint."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from client.api import Waybill, WaybillError
from client.server_process import ServerProcess
from client.upload import send_file
from egress.chat import MAX_ATTEMPTS
from tests.chat_server import chat_server
from tests.databases import copied_sqlite

LEADS = b"email,company\n" + b"".join(b"p%d@example%d.com,Company %d\n" % (n, n, n) for n in range(30))
KEY = "a key that nobody may read"
UPLOAD = 'mutation ($size: BigInt!) { createUpload(input: {filename: "leads.csv", size: $size}) { id url } }'
CREATE = """mutation ($id: ID!) {
  createBatch(input: {work: {leads: {enrich: HTTP, batchSize: 20}}, uploadIds: [$id]}) { id status } }"""
WATCH = "subscription ($id: ID!) { batchUpdated(id: $id) { status hasFailures progress { failedItems percentage } } }"
READ = """query ($id: ID!) { batch(id: $id) { options items(status: FAILED) { totalCount nodes { error { code isRetryable } } }
  logs(minLevel: WARNING) { nodes { message } } files { name url } } }"""
RETRY = "mutation ($id: ID!) { retryJob(id: $id, onlyFailedItems: true) { attempt } }"


async def uploaded(waybill: Waybill, folder: Path) -> str:
    (path := folder / "leads.csv").write_bytes(LEADS)
    upload = (await waybill.execute(UPLOAD, {"size": len(LEADS)}))["createUpload"]
    await send_file(upload["url"], path)
    return str(upload["id"])


async def ended(waybill: Waybill, batch_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        states = [data["batchUpdated"] async for data in waybill.subscribe(WATCH, {"id": batch_id})]
    return dict(states[-1])


async def report_of(waybill: Waybill, batch: dict[str, Any]) -> dict[str, Any]:
    (url,) = [file["url"] for file in batch["files"] if file["name"] == "report.json"]
    return dict(orjson.loads(await waybill.fetch(url))["enrichment"])


async def test_a_slice_that_got_no_answer_is_marked_and_asked_about_again(tmp_path: Path, migrated_file: Path) -> None:
    async with chat_server() as chat:
        settings = {
            "WAYBILL_WORKERS": "1",
            "WAYBILL_ENRICH_URL": f"{chat.url}/chat/completions",
            "WAYBILL_ENRICH_KEY": KEY,
            "WAYBILL_ENRICH_MODEL": "a-model",
            "WAYBILL_ENRICH_ALLOW_PRIVATE": "true",
        }
        chat.acts.extend(["well", "418"])  # the second slice is refused for good
        server = ServerProcess(copied_sqlite(migrated_file, tmp_path / "data"), settings)
        async with server, Waybill(server.base_url) as waybill:
            await waybill.login(server.admin_name, server.admin_password)
            batch_id = (await waybill.execute(CREATE, {"id": await uploaded(waybill, tmp_path)}))["createBatch"]["id"]
            first = await ended(waybill, batch_id)
            marked = (await waybill.execute(READ, {"id": batch_id}))["batch"]
            before = await report_of(waybill, marked)
            await waybill.execute(RETRY, {"id": batch_id})
            second = await ended(waybill, batch_id)
            whole = (await waybill.execute(READ, {"id": batch_id}))["batch"]
            after = await report_of(waybill, whole)

    assert (first["status"], first["hasFailures"], first["progress"]["failedItems"]) == ("COMPLETED", True, 10)
    assert marked["items"]["nodes"][0]["error"] == {"code": "SERVICE_UNAVAILABLE", "isRetryable": True}
    assert marked["logs"]["nodes"][0]["message"] == "Rows 22 to 31 were not enriched: The endpoint answered 418."
    assert (before["enriched"], before["notEnriched"]) == (20, 10)
    assert (second["status"], second["hasFailures"]) == ("COMPLETED", False)
    assert (after["enriched"], after["notEnriched"], after["models"]) == (30, 0, ["a-model"])
    assert [len(leads) for leads in chat.questions] == [20, 10, 10]
    assert {headers["Authorization"] for headers in chat.headers} == {f"Bearer {KEY}"}
    assert KEY not in server.output() + str(marked) + str(whole)


async def test_who_cancels_does_not_wait_for_an_endpoint_that_never_answers(
    tmp_path: Path, migrated_file: Path
) -> None:
    async with chat_server() as chat:
        settings = {
            "WAYBILL_WORKERS": "1",
            "WAYBILL_ENRICH_URL": chat.url,
            "WAYBILL_ENRICH_MODEL": "a-model",
            "WAYBILL_ENRICH_ALLOW_PRIVATE": "true",
        }
        chat.acts.extend(["never"] * MAX_ATTEMPTS)
        server = ServerProcess(copied_sqlite(migrated_file, tmp_path / "data"), settings)
        async with server, Waybill(server.base_url) as waybill:
            await waybill.login(server.admin_name, server.admin_password)
            batch_id = (await waybill.execute(CREATE, {"id": await uploaded(waybill, tmp_path)}))["createBatch"]["id"]
            async with asyncio.timeout(30):
                await chat.kept.wait()
            await waybill.execute("mutation ($id: ID!) { cancelJob(id: $id) { id } }", {"id": batch_id})
            async with asyncio.timeout(30):
                last = await ended(waybill, batch_id)

    assert last["status"] == "CANCELLED"


async def test_without_an_endpoint_the_option_is_refused(waybill: Waybill, tmp_path: Path) -> None:
    with pytest.raises(WaybillError) as caught:
        await waybill.execute(CREATE, {"id": await uploaded(waybill, tmp_path)})
    assert caught.value.code == "BAD_INPUT"
    assert caught.value.message == (
        "input.work.leads.enrich: This is not set up here; whoever runs the server names it in WAYBILL_ENRICH_URL."
    )
