"""Servers and workers that are told to stop: nothing new begins there, what runs goes on elsewhere, and they are soon gone."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from client.api import PROTOCOL, Waybill
from client.server_process import ServerProcess, WorkerProcess
from tests.journeys.installation import PASSWORD, Installation, installed
from tests.wire import OFFSET_TYPE

GONE_SECONDS = 10.0
TAKEN_OVER_SECONDS = 5.0
TUS = {"Tus-Resumable": "1.0.0"}
ANNOUNCE = "mutation ($size: BigInt!) { createUpload(input: {filename: \"a.bin\", size: $size}) { id url } }"
CREATE_TASK = "mutation ($o: DemoInput!) { createTask(input: {work: {demo: $o}}) { id } }"
UPLOAD_FILE = '{"query": "mutation ($f: FileUpload!) { uploadFile(file: $f) { id } }", "variables": {"f": null}}'
RENAME = "mutation ($id: ID!) { updateJob(id: $id, input: {title: \"Renamed\"}) { title } }"
WATCH = "subscription { jobsUpdated { id } }"
LIST = "{ jobs { totalCount } uploads { totalCount } }"


@asynccontextmanager
async def signed_in(server: ServerProcess) -> AsyncIterator[Waybill]:
    async with Waybill(server.base_url) as waybill:
        await waybill.login("admin", PASSWORD)
        yield waybill


def tell_to_stop(server: ServerProcess) -> float:
    """When it was told."""
    server._running().send_signal(signal.SIGTERM)
    return time.monotonic()


async def gone(server: ServerProcess, told_at: float) -> int:
    """Its exit code, once it is gone; in time."""
    left = told_at + GONE_SECONDS - time.monotonic()
    return await asyncio.to_thread(server._running().wait, left)


async def answer(
    session: aiohttp.ClientSession, method: str, url: str, **options: Any
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers; over a connection of its own."""
    async with session.request(method, url, **options) as response:
        body = await response.json(content_type=None) if method != "HEAD" and response.status != 204 else {}
        return response.status, body or {}, {name.lower(): value for name, value in response.headers.items()}


def fresh(waybill: Waybill) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True), headers=waybill.headers)


@asynccontextmanager
async def socket_of(waybill: Waybill) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with waybill._session.ws_connect(f"{waybill.base_url}/graphql", protocols=[PROTOCOL]) as socket:
        await socket.send_json({"type": "connection_init", "payload": waybill.headers})
        assert (await socket.receive_json())["type"] == "connection_ack"
        yield socket


async def is_over(waybill: Waybill, upload_url: str, offset: int) -> bool:
    async with waybill._session.head(upload_url, headers=TUS) as told:
        return told.status == 200 and int(told.headers["Upload-Offset"]) >= offset


async def test_nothing_new_begins_at_a_server_that_drains_and_all_is_told_when_to_come_again(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    async with signed_in(first) as waybill, fresh(waybill) as session:
        upload = (await waybill.execute(ANNOUNCE, {"size": 6}))["createUpload"]
        graphql, files, url = f"{first.base_url}/graphql", f"{first.base_url}/files/", upload["url"]
        form = aiohttp.FormData({"operations": UPLOAD_FILE, "map": '{"0": ["variables.f"]}'})
        form.add_field("0", b"abc", filename="a.bin")
        told_at = tell_to_stop(first)
        async with asyncio.timeout(1):
            while (ready := await answer(session, "GET", f"{first.base_url}/ready"))[0] == 200:
                pass
        asked = {
            "mutation": await answer(session, "POST", graphql, json={"query": ANNOUNCE, "variables": {"size": 6}}),
            "uploadFile": await answer(session, "POST", graphql, data=form, headers={"apollo-require-preflight": "true"}),
            "POST": await answer(session, "POST", files, headers={**TUS, "Upload-Length": "6"}),
            "PATCH": await answer(
                session, "PATCH", url, data=b"abc", headers={**TUS, "Upload-Offset": "0", "Content-Type": OFFSET_TYPE}
            ),
            "DELETE": await answer(session, "DELETE", url, headers=TUS),
            "PATCH by another name": await answer(
                session, "POST", url, headers={**TUS, "X-HTTP-Method-Override": "DELETE"}
            ),
        }  # fmt: skip
        health = await answer(session, "GET", f"{first.base_url}/health")
        listed = await answer(session, "POST", graphql, json={"query": LIST})
        head = await answer(session, "HEAD", url, headers=TUS)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(graphql, protocols=[PROTOCOL])
        assert time.monotonic() - told_at < 2, "too slow to have asked while it could be reached"

        assert ready[:2] == (503, {"status": "draining", "parts": {}})
        for name, (status, body, headers) in asked.items():
            refusal = body["errors"][0] if "errors" in body else body["error"]
            details = refusal.get("extensions", refusal)
            assert (name, status, details["code"]) == (name, 503, "SERVICE_UNAVAILABLE")
            assert int(headers["retry-after"]) == details["retryAfter"] > 0
        assert (refused.value.status, (refused.value.headers or {})["Retry-After"]) == (503, "2")
        assert (health[0], listed[0], head[0]) == (200, 200, 200)
        assert all(each[2]["connection"] == "close" for each in (*asked.values(), ready, health, listed, head))
        assert head[2]["upload-offset"] == "0"
        assert await gone(first, told_at) == 0
        assert "Traceback" not in first.output()
    async with signed_in(second) as waybill:
        left = await waybill.execute(LIST)
    assert left == {"jobs": {"totalCount": 0}, "uploads": {"totalCount": 1}}, "something of it was done nevertheless"


async def test_a_socket_is_closed_with_1012_after_what_it_was_asked_is_answered(
    pair: tuple[ServerProcess, ServerProcess], shared: dict[str, str]
) -> None:
    first, _ = pair
    database = await asyncpg.connect(shared["WAYBILL_DATABASE_URL"])
    async with signed_in(first) as waybill, socket_of(waybill) as socket, socket_of(waybill) as watching:
        job = (await waybill.execute(CREATE_TASK, {"o": {"items": 1, "seconds": 0}}))["createTask"]
        await watching.send_json({"id": "w", "type": "subscribe", "payload": {"query": WATCH}})
        assert (await watching.receive_json())["type"] == "next"
        async with database.transaction():
            await database.execute("SELECT * FROM jobs FOR UPDATE")
            await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": RENAME, "variables": job}})
            async with asyncio.timeout(5):
                while not await database.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    pass
            told_at = tell_to_stop(first)
            while (last := await watching.receive(timeout=2)).type is aiohttp.WSMsgType.TEXT:
                pass
            late = {"id": "2", "type": "subscribe", "payload": {"query": "{ __typename }"}}
            await socket.send_json(late)
        answered = [await socket.receive(timeout=2) for _ in range(3)]

        assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        assert answered[0].json()["payload"] == {"data": {"updateJob": {"title": "Renamed"}}}
        assert answered[1].json() == {"id": "1", "type": "complete"}
        assert (answered[2].type, answered[2].data) == (aiohttp.WSMsgType.CLOSE, 1012)
        assert await gone(first, told_at) == 0
    await database.close()


async def test_a_running_upload_is_kept_and_goes_on_at_the_other_server(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    content = os.urandom(400_000)
    has_sent = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield content[:300_000]
        has_sent.set()
        await asyncio.sleep(60)

    async with signed_in(first) as waybill:
        upload = (await waybill.execute(ANNOUNCE, {"size": len(content)}))["createUpload"]
        headers = {**TUS, "Upload-Offset": "0", "Content-Type": OFFSET_TYPE}
        sending = asyncio.create_task(answer(waybill._session, "PATCH", upload["url"], data=slowly(), headers=headers))
        await has_sent.wait()
        told_at = tell_to_stop(first)
        status, _, told = await asyncio.wait_for(sending, 1)
        assert (status, int(told["retry-after"]) > 0, told["connection"]) == (503, True, "close")
        elsewhere = upload["url"].replace(first.base_url, second.base_url)
        _, _, head = await answer(waybill._session, "HEAD", elsewhere, headers=TUS)
        offset = int(head["upload-offset"])
        assert offset == int(told["upload-offset"]) == 300_000
        headers["Upload-Offset"] = str(offset)
        rest = await answer(waybill._session, "PATCH", elsewhere, data=content[offset:], headers=headers)
        assert rest[0] == 204
        assert await gone(first, told_at) == 0


async def worker_of(database: asyncpg.Connection, job_id: str, besides: str = "") -> str:
    """Who does a slice of the job, once somebody (else) does."""
    query = "SELECT worker FROM slices WHERE job_id = $1 AND status = 'RUNNING' AND phase = 'PROCESS' AND worker <> $2"
    while not (worker := await database.fetchval(query, job_id, besides)):
        await asyncio.sleep(0.02)
    return str(worker)


@contextmanager
def of_pid(processes: Iterable[ServerProcess], worker: str) -> Any:
    (found,) = [process for process in processes if worker.endswith(f":{process.pid}")]
    yield found


@pytest.mark.parametrize("kind", [ServerProcess, WorkerProcess])
async def test_a_slice_is_handed_back_and_taken_over_before_its_lease_ends(
    kind: type[ServerProcess], tmp_path: Path, shared: dict[str, str]
) -> None:
    database = await asyncpg.connect(shared["WAYBILL_DATABASE_URL"])
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(ServerProcess(tmp_path / "data", shared, tmp_path / "server.log"))
        settings = {**shared, "WAYBILL_WORKERS": "1"}
        workers = [kind(tmp_path / "data", settings, tmp_path / f"{n}.log") for n in (1, 2)]
        for worker in workers:
            await stack.enter_async_context(worker)
        waybill = await stack.enter_async_context(signed_in(server))
        job = (await waybill.execute(CREATE_TASK, {"o": {"items": 40, "seconds": 8, "failItems": [3]}}))["createTask"]
        name = await worker_of(database, job["id"])
        while not await database.fetchval("SELECT count(*) FROM items WHERE status = 'COMPLETED'"):
            await asyncio.sleep(0.02)
        (busy,) = [worker for worker in workers if name.endswith(f":{worker.pid}")]
        told_at = tell_to_stop(busy)
        async with asyncio.timeout(TAKEN_OVER_SECONDS):
            await worker_of(database, job["id"], name)
        assert await gone(busy, told_at) == 0
        async with asyncio.timeout(30):
            while await database.fetchval("SELECT status FROM jobs WHERE id = $1", job["id"]) != "COMPLETED":
                await asyncio.sleep(0.05)
        slices = await database.fetch("SELECT attempt, crash_count, status FROM slices WHERE phase = 'PROCESS'")
        items = await database.fetch('SELECT status, count(*), max(attempt) FROM items GROUP BY status ORDER BY status')
        assert [tuple(row) for row in slices] == [(1, 0, "DONE")]
        assert [tuple(row) for row in items] == [("COMPLETED", 39, 1), ("FAILED", 1, 1)]
        assert "Traceback" not in busy.output()
    await database.close()
