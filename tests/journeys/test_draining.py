"""Servers and workers that are told to stop: nothing new begins there, what runs goes on elsewhere, and they are soon gone."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest

from client.api import PROTOCOL, Waybill
from client.server_process import ServerProcess, WorkerProcess
from tests.journeys.installation import PASSWORD, Installation, installed
from tests.processes import alive, children_of
from tests.wire import OFFSET_TYPE

pytestmark = pytest.mark.long

GONE_SECONDS = 10.0
TAKEN_OVER_SECONDS = 5.0
TUS = {"Tus-Resumable": "1.0.0"}
ANNOUNCE = 'mutation ($size: BigInt!) { createUpload(input: {filename: "a.bin", size: $size}) { id url } }'
CREATE_TASK = "mutation ($o: DemoOptionsInput!) { createTask(input: {work: {demo: $o}}) { id } }"
UPLOAD_FILE = '{"query": "mutation ($f: FileUpload!) { uploadFile(file: $f) { id } }", "variables": {"f": null}}'
RENAME = 'mutation ($id: ID!) { updateJob(id: $id, input: {title: "Renamed"}) { title } }'
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
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
    """Status, body and headers."""
    async with session.request(method, url, **options) as response:
        body = await response.json(content_type=None) if method != "HEAD" and response.status != 204 else {}
        return response.status, body or {}, {name.lower(): value for name, value in response.headers.items()}


@asynccontextmanager
async def socket_of(waybill: Waybill) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with waybill._session.ws_connect(f"{waybill.base_url}/graphql", protocols=[PROTOCOL]) as socket:
        await socket.send_json({"type": "connection_init", "payload": waybill.headers})
        assert (await socket.receive_json())["type"] == "connection_ack"
        yield socket


async def sent_file(waybill: Waybill, size_bytes: int) -> tuple[str, bytes]:
    """The address of a finished upload, and what is in it."""
    upload, content = (await waybill.execute(ANNOUNCE, {"size": size_bytes}))["createUpload"], os.urandom(size_bytes)
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": OFFSET_TYPE}
    assert (await answer(waybill._session, "PATCH", upload["url"], data=BytesIO(content), headers=headers))[0] == 204
    return upload["url"], content


async def asked_and_not_read(server: ServerProcess, url: str) -> asyncio.StreamWriter:
    """A client that asks for a file and then reads no byte of it."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**10)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return writer


async def test_nothing_new_begins_at_a_server_that_drains_and_all_is_told_when_to_come_again(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = pair
    async with signed_in(first) as waybill, aiohttp.ClientSession(headers=waybill.headers) as session:
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
        assert refused.value.headers is not None
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "2")
        assert (health[0], listed[0], head[0]) == (200, 200, 200)
        assert all(each[2]["connection"] == "close" for each in (*asked.values(), ready, health, listed, head))
        assert head[2]["upload-offset"] == "0"
        assert await gone(first, told_at) == 0
        assert "Traceback" not in first.output()
    async with signed_in(second) as waybill:
        left = await waybill.execute(LIST)
    assert left == {"jobs": {"totalCount": 0}, "uploads": {"totalCount": 1}}, "something of it was done nevertheless"


async def test_what_is_under_way_is_answered_and_then_sockets_are_closed_with_1012(
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
            by_post = asyncio.create_task(waybill.execute(RENAME, job))
            async with asyncio.timeout(5):
                while await database.fetchval(WAITING) < 2:
                    pass
            told_at = tell_to_stop(first)
            while (last := await watching.receive(timeout=2)).type is aiohttp.WSMsgType.TEXT:
                pass
            late = {"id": "2", "type": "subscribe", "payload": {"query": "{ __typename }"}}
            await socket.send_json(late)
        answered = [await socket.receive(timeout=2) for _ in range(3)]

        assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        assert answered[0].json()["payload"] == {"data": {"updateJob": {"title": "Renamed"}}}
        assert await by_post == {"updateJob": {"title": "Renamed"}}
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
        status, _, told = await asyncio.wait_for(sending, 5)
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
    query = (
        "SELECT split_part(worker, '#', 1) FROM slices WHERE job_id = $1 AND status = 'RUNNING' AND phase = 'PROCESS' "
        "AND split_part(worker, '#', 1) <> $2"
    )
    while not (worker := await database.fetchval(query, job_id, besides)):  # noqa: ASYNC110  the database tells nobody
        await asyncio.sleep(0.02)
    return str(worker)


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
        while not await database.fetchval("SELECT count(*) FROM items WHERE status = 'COMPLETED'"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        (busy,) = [worker for worker in workers if name.endswith(f":{worker.pid}")]
        told_at = tell_to_stop(busy)
        async with asyncio.timeout(TAKEN_OVER_SECONDS):
            await worker_of(database, job["id"], name)
        assert await gone(busy, told_at) == 0
        async with asyncio.timeout(30):
            while await database.fetchval("SELECT status FROM jobs WHERE id = $1", job["id"]) != "COMPLETED":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        slices = await database.fetch("SELECT attempt, crash_count, status FROM slices WHERE phase = 'PROCESS'")
        items = await database.fetch("SELECT status, count(*), max(attempt) FROM items GROUP BY status ORDER BY status")
        told = await database.fetch("SELECT message FROM job_events WHERE status = 'PENDING' ORDER BY id")
        assert [row["message"] for row in told][1:] == ["The worker stopped; another goes on."]
        assert [tuple(row) for row in slices] == [(1, 0, "DONE")]
        assert [tuple(row) for row in items] == [("COMPLETED", 39, 1), ("FAILED", 1, 1)]
        assert "Traceback" not in busy.output()
    await database.close()


async def test_a_download_under_way_comes_whole(pair: tuple[ServerProcess, ServerProcess]) -> None:
    first, _ = pair
    async with signed_in(first) as waybill:
        url, content = await sent_file(waybill, 32 * 2**20)
        async with waybill._session.get(url) as download:
            read = bytearray(await download.content.readexactly(2**20))
            told_at = tell_to_stop(first)
            while time.monotonic() < told_at + 4:
                read += await download.content.readexactly(2**20)
                await asyncio.sleep(0.2)
            assert len(read) < len(content), "it was over before it could be broken off"
            read += await download.content.read()
        assert read == content
        assert await gone(first, told_at) == 0


async def test_a_second_signal_ends_a_server_at_once(pair: tuple[ServerProcess, ServerProcess]) -> None:
    first, _ = pair
    async with signed_in(first) as waybill:
        url, _ = await sent_file(waybill, 32 * 2**20)
        writer = await asked_and_not_read(first, url)
        tell_to_stop(first)
        with pytest.raises(subprocess.TimeoutExpired):
            await asyncio.to_thread(first._running().wait, 4)
        first._running().send_signal(signal.SIGINT)
        assert await asyncio.to_thread(first._running().wait, 2) == 1
        writer.close()


class Hanging:
    """Ways in which something about an installation hangs, before its programs are told to stop."""

    def __init__(self, installation: Installation, waybill: Waybill, stack: AsyncExitStack) -> None:
        self.installation = installation
        self.waybill = waybill
        self.stack = stack

    async def a_client_that_reads_nothing(self) -> None:
        url, _ = await sent_file(self.waybill, 32 * 2**20)
        self.stack.callback((await asked_and_not_read(self.installation.servers[0], url)).close)

    async def a_client_that_sends_for_ever(self) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(self.waybill.base_url).port)
        head = [
            "POST /graphql HTTP/1.1",
            "Host: test",
            "Content-Type: application/json",
            "Content-Length: 1000",
            "",
            "{",
        ]
        writer.write("\r\n".join(head).encode())
        await writer.drain()
        self.stack.callback(writer.close)

    async def redis(self) -> None:
        self.installation.redis.hold()

    async def postgresql(self) -> None:
        self.installation.postgres.hold()
        asking = asyncio.create_task(self.waybill.execute(LIST))
        self.stack.push_async_callback(asyncio.wait, [asking])
        await asyncio.sleep(0.2)

    async def the_disk(self) -> None:
        url, _ = await sent_file(self.waybill, 10)
        (stored,) = [path for path in (self.installation.servers[0].data_dir / "uploads").rglob("*") if path.is_file()]
        stored.unlink()
        os.mkfifo(stored)  # whoever opens it waits for ever
        asking = asyncio.create_task(self.waybill.fetch(url))
        self.stack.push_async_callback(asyncio.wait, [asking])
        await asyncio.sleep(0.2)

    async def a_child_process(self) -> None:
        for child in children_of(self.installation.workers[0].pid):
            os.kill(child, signal.SIGSTOP)


HANGING = [name for name, value in vars(Hanging).items() if not name.startswith("_") and callable(value)]
CLEANLY = {"a_client_that_reads_nothing", "a_client_that_sends_for_ever", "a_child_process"}


@pytest.mark.parametrize("what", HANGING)
async def test_whatever_hangs_server_and_worker_are_gone_in_ten_seconds_with_their_children(
    tmp_path: Path, what: str
) -> None:
    async with AsyncExitStack() as stack:
        installation = await stack.enter_async_context(installed(tmp_path, servers=1, workers=1))
        waybill = await stack.enter_async_context(signed_in(installation.servers[0]))
        job = (await waybill.execute(CREATE_TASK, {"o": {"items": 1, "stallAt": 0}}))["createTask"]
        database = await asyncpg.connect(installation.postgres.url)
        await asyncio.wait_for(worker_of(database, job["id"]), 20)
        children = children_of(installation.workers[0].pid)
        hanging = await stack.enter_async_context(AsyncExitStack())
        await getattr(Hanging(installation, waybill, hanging), what)()
        programs = [*installation.servers, *installation.workers]
        assert children
        told_at = [tell_to_stop(program) for program in programs]
        codes = await asyncio.gather(*(gone(*each) for each in zip(programs, told_at, strict=True)))
        assert alive(children) == []
        if what in CLEANLY:
            assert codes == [0, 0]
            assert [program for program in programs if "Traceback" in program.output()] == []
            assert await database.fetchval("SELECT status FROM slices WHERE phase = 'PROCESS'") == "WAITING"
        assert set(codes) <= {0, 1}
        database.terminate()
