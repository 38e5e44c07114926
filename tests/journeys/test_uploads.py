"""Uploads against real servers, by raw connections: watching, stopping, taking over, and files made of parts."""

import asyncio
import csv
import hashlib
import io
import os
import signal
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from storage.keys import upload_key
from storage.local.storage import LocalStorage
from tests.journeys.watching import begin_watching
from tests.wire import Wire, Wires, path_in

CREATE = 'mutation ($size: BigInt) { createUpload(input: {filename: "a.bin", size: $size}) { id url } }'
WATCH = """subscription ($id: ID!) {
  uploadUpdated(id: $id, maxPerSecond: 20) { status offset percentage sha256 expiresAt }
}"""
READ = "query ($id: ID!) { upload(id: $id) { status offset sha256 } }"
CONTENT = os.urandom(3_000_000)


@pytest.fixture
def server(shared_server: ServerProcess) -> ServerProcess:
    return shared_server


@asynccontextmanager
async def connected(*servers: ServerProcess) -> AsyncIterator[list[Wire]]:
    """A raw connection to each of these servers."""
    made = [Wires(urlsplit(server.base_url).port or 80) for server in servers]
    try:
        yield [await wires.connect() for wires in made]
    finally:
        for wires in made:
            await wires.close()


async def ask(wire: Wire, method: str, url: str, *lines: str) -> tuple[int, dict[str, str]]:
    """The answer to a request without a body."""
    await wire.request(method, path_in(url), *lines)
    return await wire.answer()


async def begin(wire: Wire, url: str, offset: int = 0, length: int | None = None) -> None:
    """Send the head of a PATCH of `length` bytes, or of all that is missing."""
    await wire.patch(path_in(url), offset, f"Content-Length: {len(CONTENT) - offset if length is None else length}")


async def create(waybill: Waybill, size: int | None = len(CONTENT)) -> tuple[str, str]:
    """Id and URL of a new upload."""
    upload = (await waybill.execute(CREATE, {"size": size}))["createUpload"]
    return upload["id"], upload["url"]


async def test_an_upload_is_watched_from_its_first_byte_to_its_end_while_one_patch_runs(
    server: ServerProcess, waybill: Waybill
) -> None:
    id_, url = await create(waybill)
    watching = await begin_watching(waybill, WATCH, id_)
    async with connected(server) as (wire,):
        await begin(wire, url)
        for start in range(0, len(CONTENT), 750_000):
            await wire.send(CONTENT[start : start + 750_000])
            await asyncio.sleep(0.9)
        assert (await wire.answer())[0] == 204
    states = await asyncio.wait_for(watching, 30)
    offsets = [state["offset"] for state in states]
    assert offsets == sorted(offsets)
    assert len(set(offsets) - {0, len(CONTENT)}) >= 2, "bytes must move while the PATCH runs"
    assert (states[0]["status"], states[0]["offset"]) == ("UPLOADING", 0)
    last = states[-1]
    assert (last["status"], last["percentage"]) == ("COMPLETED", 100)
    assert last["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert [state["sha256"] for state in states[:-1]] == [None] * (len(states) - 1)


async def test_a_stopping_server_saves_what_arrived_says_so_while_its_client_hangs_and_goes_on_later(
    server: ServerProcess, waybill: Waybill
) -> None:
    id_, url = await create(waybill)
    async with connected(server) as (wire,):
        await begin(wire, url)
        await wire.send(CONTENT[:2_000_000])
        await until_stored(server, id_, 2_000_000)
        started = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        status, headers = await wire.answer()
        assert time.monotonic() - started < 10
        assert (status, headers["upload-offset"]) == (503, "2000000")
        assert int(headers["retry-after"]) > 0
    await server.restart()
    async with connected(server) as (wire,):
        _, headers = await ask(wire, "HEAD", url)
        assert headers["upload-offset"] == "2000000"
        await begin(wire, url, 2_000_000)
        await wire.send(CONTENT[2_000_000:])
        assert (await wire.answer())[0] == 204
    assert await waybill.fetch(url) == CONTENT
    assert await sha256_of(waybill, id_) == hashlib.sha256(CONTENT).hexdigest()


async def until_stored(server: ServerProcess, upload_id: str, size_bytes: int) -> None:
    """Returns once so many bytes of an upload have come to the server's disk, committed or not."""
    file = LocalStorage(server.data_dir).path_of(upload_key(upload_id))
    async with asyncio.timeout(20):
        while not file.exists() or file.stat().st_size < size_bytes:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_committed(waybill: Waybill, upload_id: str, offset: int) -> None:
    async with asyncio.timeout(20):
        while (await waybill.execute(READ, {"id": upload_id}))["upload"]["offset"] < offset:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def sha256_of(waybill: Waybill, upload_id: str) -> str:
    """The checksum of an upload, once it is complete."""
    async with asyncio.timeout(30):
        while (upload := (await waybill.execute(READ, {"id": upload_id}))["upload"])["status"] != "COMPLETED":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return str(upload["sha256"])


async def test_a_file_of_parts_is_processed_and_bundled_like_any_other(server: ServerProcess, waybill: Waybill) -> None:
    rows = "".join(f"person{number}@example.com,Person {number}\n" for number in range(300))
    content = f"email,name\n{rows}".encode()
    async with connected(server) as (wire,):
        token = f"Authorization: Bearer {waybill.token}"
        parts = []
        for start in range(0, len(content), 4_000):
            piece = content[start : start + 4_000]
            lines = (token, f"Upload-Length: {len(piece)}", "Upload-Concat: partial", "Content-Length: 0")
            parts.append((await ask(wire, "POST", "/files/", *lines))[1]["location"])
            await begin(wire, parts[-1], 0, len(piece))
            await wire.send(piece)
            assert (await wire.answer())[0] == 204
        name = "Upload-Metadata: filename cGVvcGxlLmNzdg=="
        status, headers = await ask(
            wire, "POST", "/files/", token, name, f"Upload-Concat: final;{' '.join(parts)}", "Content-Length: 0"
        )
    assert status == 201
    upload_id = headers["location"].rpartition("/")[2].partition("~")[0]
    batch = "mutation ($id: ID!) { createBatch(input: {work: {leads: {}}, uploadIds: [$id]}) { id } }"
    job_id = (await waybill.execute(batch, {"id": upload_id}))["createBatch"]["id"]
    watch = "subscription ($id: ID!) { batchUpdated(id: $id) { status progress { totalItems } bundleUrl files { name url } } }"
    states = [message["batchUpdated"] async for message in waybill.subscribe(watch, {"id": job_id})]
    assert (states[-1]["status"], states[-1]["progress"]["totalItems"]) == ("COMPLETED", 300)
    with zipfile.ZipFile(io.BytesIO(await waybill.fetch(states[-1]["bundleUrl"]))) as bundle:
        assert bundle.testzip() is None
        assert bundle.read("inputs/people.csv") == content
        leads = bundle.read("results/leads.csv").decode("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(leads)))) == 300


# --------------------------------------------------------------------------------------- two servers, one upload


@pytest.mark.long
async def test_an_upload_that_hangs_at_one_server_goes_on_at_the_other(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    async with Waybill(pair[0].base_url) as waybill, connected(*pair) as (hung, fresh):
        await waybill.login("admin", "a password of the tests")
        id_, url = await create(waybill)
        await begin(hung, url)
        await hung.send(CONTENT[:1_500_000])
        await until_stored(pair[0], id_, 1_500_000)
        started = time.monotonic()
        status, headers = await ask(fresh, "HEAD", url)
        assert time.monotonic() - started < 5
        assert (status, headers["upload-offset"]) == (200, "1500000")
        assert (await hung.answer())[0] == 400
        await begin(fresh, url, 1_500_000)
        await fresh.send(CONTENT[1_500_000:])
        assert (await fresh.answer())[0] == 204
        assert await sha256_of(waybill, id_) == hashlib.sha256(CONTENT).hexdigest()
        assert await waybill.fetch(url) == CONTENT


@pytest.mark.long
async def test_a_server_that_is_killed_leaves_its_uploads_to_the_other_within_seconds(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    async with Waybill(pair[1].base_url) as waybill, connected(*pair) as (dead, fresh):
        await waybill.login("admin", "a password of the tests")
        id_, url = await create(waybill)
        await begin(dead, url)
        await dead.send(CONTENT[:1_500_000])
        await until_committed(waybill, id_, 1_500_000)
        await pair[0].kill()
        async with asyncio.timeout(15):
            while (answer := await ask(fresh, "HEAD", url))[0] == 423:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        offset = int(answer[1]["upload-offset"])
        assert offset == 1_500_000
        await begin(fresh, url, offset)
        await fresh.send(CONTENT[offset:])
        assert (await fresh.answer())[0] == 204
        assert await sha256_of(waybill, id_) == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.long
async def test_bytes_that_arrive_at_one_server_are_watched_at_the_other(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    async with Waybill(pair[1].base_url) as waybill, connected(pair[0]) as (wire,):
        await waybill.login("admin", "a password of the tests")
        id_, url = await create(waybill)
        watching = await begin_watching(waybill, WATCH, id_)
        await begin(wire, url)
        await wire.send(CONTENT)
        assert (await wire.answer())[0] == 204
        assert (await asyncio.wait_for(watching, 30))[-1]["status"] == "COMPLETED"
