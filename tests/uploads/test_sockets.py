"""Uploads over real connections: hanging, leaving, resetting, pieces."""

import asyncio
import time

import pytest

from base.words import UploadStatus
from models.upload import Upload
from tests.uploads.app_for_tests import OWNER, Client, Recorder, row_of, sha256, until_stored
from tests.wire import OFFSET_TYPE, Wires, path_in
from uploads.capability import id_in_url
from uploads.wiring import UploadServices

CONTENT = bytes(range(256)) * 4_000
PART = 300_000


@pytest.mark.parametrize("how", ["with a length", "chunked"])
async def test_a_hung_patch_lets_go_at_once_and_its_bytes_are_kept(
    client: Client, wires: Wires, services: UploadServices, how: str
) -> None:
    url = await client.create(len(CONTENT))
    hung, fresh = await wires.connect(), await wires.connect()
    if how == "chunked":
        await hung.patch(path_in(url), 0, "Transfer-Encoding: chunked")
        await hung.send(b"%x\r\n%s\r\n" % (PART, CONTENT[:PART]))
    else:
        await hung.patch(path_in(url), 0, f"Content-Length: {len(CONTENT)}")
        await hung.send(CONTENT[:PART])
    await until_stored(services, id_in_url(url), PART)

    started = time.monotonic()
    await fresh.request("HEAD", path_in(url))
    status, headers = await fresh.answer()
    assert time.monotonic() - started < 5
    assert (status, headers["upload-offset"]) == (200, str(PART))
    status, headers = await hung.answer()
    assert (status, headers["upload-offset"], headers["connection"]) == (400, str(PART), "close")
    assert await hung.reader.read() == b""

    await fresh.patch(path_in(url), PART, f"Content-Length: {len(CONTENT) - PART}")
    await fresh.send(CONTENT[PART:])
    assert (await fresh.answer())[0] == 204
    assert (client.stored(url), (await row_of(url)).sha256) == (CONTENT, sha256(CONTENT))


async def test_a_second_patch_takes_over_from_a_hung_one(
    client: Client, wires: Wires, services: UploadServices
) -> None:
    url = await client.create(len(CONTENT))
    hung, fresh = await wires.connect(), await wires.connect()
    await hung.patch(path_in(url), 0, f"Content-Length: {len(CONTENT)}")
    await hung.send(CONTENT[:PART])
    await until_stored(services, id_in_url(url), PART)
    started = time.monotonic()
    await fresh.patch(path_in(url), PART, f"Content-Length: {len(CONTENT) - PART}")
    await fresh.send(CONTENT[PART:])
    assert (await fresh.answer())[0] == 204
    assert time.monotonic() - started < 5
    assert client.stored(url) == CONTENT


async def test_delete_ends_a_hung_patch(client: Client, wires: Wires, services: UploadServices) -> None:
    url = await client.create(len(CONTENT))
    hung, fresh = await wires.connect(), await wires.connect()
    await hung.patch(path_in(url), 0, f"Content-Length: {len(CONTENT)}")
    await hung.send(CONTENT[:PART])
    await until_stored(services, id_in_url(url), PART)
    started = time.monotonic()
    await fresh.request("DELETE", path_in(url))
    assert (await fresh.answer())[0] == 204
    assert time.monotonic() - started < 5
    assert ((await row_of(url)).status, client.stored(url)) == (UploadStatus.DELETED, None)


@pytest.mark.parametrize("method", ["HEAD", "PATCH"])
async def test_a_request_whose_client_left_while_it_waited_changes_nothing(
    client: Client, wires: Wires, services: UploadServices, method: str
) -> None:
    url = await client.create(3)
    waiting, was_asked = await wires.connect(), asyncio.Event()
    async with services.locks.acquire(id_in_url(url)) as handle:
        handle.on_release_requested(lambda _: was_asked.set())
        if method == "HEAD":
            await waiting.request("HEAD", path_in(url))
        else:
            await waiting.patch(path_in(url), 0, "Content-Length: 3")
            await waiting.send(b"abc")
        await was_asked.wait()
        waiting.reset()
        await asyncio.sleep(0.05)
    async with services.locks.acquire(id_in_url(url)) as handle:
        handle.on_release_requested(lambda _: pytest.fail("nobody wants it"))
        await asyncio.sleep(0.05)
    assert client.stored(url) in (None, b"")


@pytest.mark.parametrize("end", ["FIN", "RST"])
async def test_what_arrived_before_the_connection_ended_is_kept(
    client: Client, wires: Wires, services: UploadServices, end: str
) -> None:
    url = await client.create(len(CONTENT))
    wire = await wires.connect()
    await wire.patch(path_in(url), 0, f"Content-Length: {len(CONTENT)}")
    await wire.send(CONTENT[:PART])
    if end == "RST":
        await until_stored(services, id_in_url(url), PART)
        wire.reset()
    else:
        wire.writer.close()
    await until_stored(services, id_in_url(url), PART)
    fresh = await wires.connect()
    await fresh.request("HEAD", path_in(url))
    status, headers = await fresh.answer()
    assert (status, headers["upload-offset"]) == (200, str(PART))
    assert (client.stored(url) or b"") == CONTENT[:PART]


async def test_a_chunked_body_that_goes_on_too_long_is_413_and_the_connection_goes_on(
    client: Client, wires: Wires
) -> None:
    url = await client.create(10)
    wire = await wires.connect()
    await wire.patch(path_in(url), 0, "Transfer-Encoding: chunked")
    await wire.send(b"5\r\n01234\r\n")
    await asyncio.sleep(0.02)
    await wire.send(b"6\r\n56789X\r\n0\r\n\r\n")
    status, headers = await wire.answer()
    assert (status, headers["upload-offset"]) == (413, "0")
    assert client.stored(url) == b""
    await wire.patch(path_in(url), 0, "Content-Length: 10")
    await wire.send(b"0123456789")
    assert (await wire.answer())[0] == 204
    assert (client.stored(url), (await row_of(url)).sha256) == (b"0123456789", sha256(b"0123456789"))


@pytest.mark.parametrize(
    ("path", "lines", "status"),
    [
        ("/files/upload-1754556928-12a41dbec0f3~" + "x" * 43, [], 404),
        ("{url}", ["Upload-Offset: 3"], 409),
        ("{url}", ["Upload-Offset: 0", "Content-Length: 6"], 413),
    ],
)
async def test_who_asks_before_sending_is_refused_before_sending(
    client: Client, wires: Wires, path: str, lines: list[str], status: int
) -> None:
    """RFC 9110, section 10.1.1: with Expect: 100-continue a final answer may come instead of the 100."""
    url = await client.create(5)
    wire = await wires.connect()
    given = {line.partition(":")[0] for line in lines}
    defaults = [line for line in ("Upload-Offset: 0", "Content-Length: 5") if line.partition(":")[0] not in given]
    kind = "Content-Type: application/offset+octet-stream"
    await wire.request("PATCH", path.format(url=path_in(url)), kind, "Expect: 100-continue", *lines, *defaults)
    assert (await wire.answer())[0] == status


async def test_who_asks_before_creating_is_refused_before_sending(client: Client, wires: Wires) -> None:
    token = f"Authorization: Bearer {OWNER}"
    for lines, status in (
        (["Upload-Length: 5", "Content-Type: text/plain", "Transfer-Encoding: chunked"], 415),
        (["Upload-Length: 5", "Content-Type: text/plain", "Content-Length: 5"], 415),
        (["Upload-Length: 4", f"Content-Type: {OFFSET_TYPE}", "Content-Length: 5"], 413),
        ([f"Content-Type: {OFFSET_TYPE}", "Content-Length: 5"], 400),
    ):
        wire = await wires.connect()
        await wire.request("POST", "/files/", token, "Expect: 100-continue", *lines)
        assert (await wire.answer())[0] == status
    assert await Upload.all().count() == 0


async def test_who_asks_before_sending_is_told_to_go_on(client: Client, wires: Wires) -> None:
    url = await client.create(5)
    wire = await wires.connect()
    await wire.patch(path_in(url), 0, "Content-Length: 5", "Expect: 100-continue")
    assert (await wire.answer())[0] == 100
    await wire.send(b"abcde")
    assert (await wire.answer())[0] == 204


async def test_many_uploads_at_once_are_all_right(client: Client, wires: Wires, recorder: Recorder) -> None:
    async def send(number: int) -> tuple[str, bytes]:
        content = bytes([number]) * (50_000 + number)
        url, wire = await client.create(len(content)), await wires.connect()
        await wire.patch(path_in(url), 0, f"Content-Length: {len(content)}")
        for start in range(0, len(content), 10_000):
            await wire.send(content[start : start + 10_000])
        assert (await wire.answer())[0] == 204
        return url, content

    for url, content in await asyncio.gather(*[send(number) for number in range(30)]):
        assert (client.stored(url), (await row_of(url)).sha256) == (content, sha256(content))
    assert len(recorder.completed) == 30


async def test_other_requests_are_answered_while_an_upload_hangs(client: Client, wires: Wires) -> None:
    url = await client.create(len(CONTENT))
    hung, other = await wires.connect(), await wires.connect()
    await hung.patch(path_in(url), 0, f"Content-Length: {len(CONTENT)}")
    started = time.monotonic()
    await other.request("OPTIONS", "/files/")
    assert (await other.answer())[0] == 200
    assert time.monotonic() - started < 5
