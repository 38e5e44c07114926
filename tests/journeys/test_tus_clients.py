"""Uploads that are broken off: other people's clients go on with them, and the files are whole in the end."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.storage.filestorage import FileStorage

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import Node, node_or_skip
from tests.clients.relay import Relay
from tests.clients.stored import MB, check_stored, random_file
from tests.clients.tus_js import TusJs
from tests.databases import copied_sqlite
from tests.wire import Wires, path_in

CREATE = 'mutation ($size: BigInt) { createUpload(input: {filename: "a.bin", size: $size}) { url } }'
OFFSETS = "{ uploads(statuses: [UPLOADING], first: 1) { nodes { offset } } }"
SIZE = 12 * MB
RETRY_DELAYS = [50] * 2_000
"""In ms: as long as a server takes to start on a machine that is busy."""
HALF = SIZE // 2
WAYS: dict[str, tuple[dict[str, Any], int]] = {
    "a buffer": ({}, 1),
    "a file": ({"source": "file"}, 1),
    "a deferred length": ({"source": "stream", "chunkSize": 4 * MB, "uploadLengthDeferred": True}, 1),
    "three parts": ({"parallelUploads": 3}, 4),
    "all with the creation": ({"uploadDataDuringCreation": True}, 1),
}
EXPIRED = {"Authorization": "Bearer a-token-that-is-not-valid-any-more"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lasting_server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    data_dir = copied_sqlite(migrated_file, tmp_path_factory.mktemp("server") / "data")
    async with ServerProcess(data_dir, {"WAYBILL_WORKERS": "0"}) as server:
        yield server


@pytest.fixture
def server(shared_server: ServerProcess) -> ServerProcess:
    return shared_server


@pytest.fixture
async def relay(server: ServerProcess) -> AsyncIterator[Relay]:
    async with Relay(server.base_url) as relay:
        yield relay


@pytest.fixture
async def through_relay(relay: Relay, waybill: Waybill) -> AsyncIterator[Waybill]:
    """The same user, whose requests go through the relay."""
    async with Waybill(relay.base_url, waybill.token) as through_relay:
        yield through_relay


@pytest.fixture(scope="session")
def node() -> Node:
    return node_or_skip()


@pytest.fixture(params=[pytest.param(4, marks=pytest.mark.long), 5])
def tus_js(request: pytest.FixtureRequest, node: Node, through_relay: Waybill) -> TusJs:
    return TusJs(node, request.param, through_relay)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a.bin"


@pytest.fixture
def content(file: Path) -> bytes:
    return random_file(file, SIZE)


async def until_kept(storage: Path, count: int) -> None:
    """Returns once a client has stored the URLs of so many uploads."""
    async with asyncio.timeout(30):
        while not storage.exists() or storage.read_text().count("/files/") < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def wait_for_offset(waybill: Waybill, offset: int) -> None:
    """Returns once the upload that is being sent has at least so many bytes."""
    async with asyncio.timeout(60):
        while not any(upload["offset"] >= offset for upload in (await waybill.execute(OFFSETS))["uploads"]["nodes"]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


# ------------------------------------------------------------------------------------------------ tus-js-client


@pytest.mark.long
@pytest.mark.parametrize(("options", "created"), WAYS.values(), ids=WAYS)
async def test_tus_js_client_goes_on_by_itself_after_the_server_was_killed_in_mid_body(
    tus_js: TusJs,
    server: ServerProcess,
    relay: Relay,
    through_relay: Waybill,
    file: Path,
    content: bytes,
    options: dict[str, Any],
    created: int,
) -> None:
    relay.jam_after(HALF)
    sending = asyncio.create_task(tus_js.send(file, retryDelays=RETRY_DELAYS, **options))
    await relay.jam(sending)
    await server.kill()
    await relay.refuse()
    await asyncio.sleep(0.3)
    await server.start()
    await relay.accept()
    outcome = await sending
    assert outcome.error is None
    assert outcome.requests.count("POST 201") == created
    assert sum(request.endswith(" -") for request in outcome.requests) > 2
    await check_stored(through_relay, outcome.url, content)


async def test_tus_js_client_goes_on_by_itself_after_the_server_was_restarted_in_mid_body(
    tus_js: TusJs, server: ServerProcess, relay: Relay, through_relay: Waybill, file: Path, content: bytes
) -> None:
    relay.jam_after(HALF)
    sending = asyncio.create_task(tus_js.send(file, retryDelays=RETRY_DELAYS))
    await relay.jam(sending)
    assert await server.stop() == 0
    await server.start()
    outcome = await sending
    assert outcome.error is None
    answered = [request for request in outcome.requests if not request.endswith(" -")]
    assert answered == ["POST 201", "PATCH 503", "HEAD 200", "PATCH 204"]
    await check_stored(through_relay, outcome.url, content)


@pytest.mark.long
async def test_tus_js_client_goes_on_by_itself_after_the_server_was_killed_between_its_chunks(
    tus_js: TusJs, server: ServerProcess, waybill: Waybill, file: Path, content: bytes
) -> None:
    endpoint = f"{server.base_url}/files/"
    sending = asyncio.create_task(
        tus_js.send(file, endpoint=endpoint, chunkSize=MB, restSeconds=0.05, retryDelays=RETRY_DELAYS)
    )
    await wait_for_offset(waybill, 3 * MB)
    await server.kill()
    await server.start()
    outcome = await sending
    assert outcome.error is None
    assert outcome.requests.count("POST 201") == 1
    assert outcome.requests.count("HEAD 200") == 1
    assert outcome.requests.count("PATCH 204") in {12, 13}, "a chunk may be stored whose answer was lost"
    await check_stored(waybill, outcome.url, content)


async def test_tus_js_client_takes_over_from_itself_where_its_connection_still_hangs(
    tus_js: TusJs, relay: Relay, through_relay: Waybill, file: Path, content: bytes
) -> None:
    relay.jam_after(HALF)
    outcome = await tus_js.send(file, pauseAfterSeconds=0.5)
    assert outcome.requests == ["POST 201", "PATCH -", "HEAD 200", "PATCH 204"]
    assert relay.jammed.is_set()
    assert outcome.seconds < 0.5 + 8
    await check_stored(through_relay, outcome.url, content)


async def test_tus_js_client_takes_over_from_a_hung_connection_of_somebody_else(
    tus_js: TusJs, server: ServerProcess, waybill: Waybill, file: Path, content: bytes
) -> None:
    url = (await waybill.execute(CREATE, {"size": SIZE}))["createUpload"]["url"]
    wires = Wires(int(server.base_url.rpartition(":")[2]))
    hung = await wires.connect()
    await hung.patch(path_in(url), 0, f"Content-Length: {SIZE}")
    await hung.send(content[:HALF])
    await asyncio.sleep(0.2)
    outcome = await tus_js.send(file, endpoint=None, uploadUrl=url, headers={}, chunkSize=MB)
    assert outcome.requests == ["HEAD 200", *["PATCH 204"] * 6]
    assert outcome.seconds < 8
    status, headers = await hung.answer()
    assert (status, headers["upload-offset"]) == (400, str(HALF))
    await wires.close()
    await check_stored(waybill, url, content)


@pytest.mark.parametrize("options", [{}, {"parallelUploads": 3}], ids=["one", "three parts"])
async def test_another_process_of_tus_js_client_goes_on_by_the_url_that_the_first_one_stored(
    tus_js: TusJs, relay: Relay, through_relay: Waybill, file: Path, content: bytes, options: dict[str, Any]
) -> None:
    storage = file.with_name("urls.json")
    options |= {"urlStorage": str(storage)}
    relay.jam_after(HALF)
    first = asyncio.create_task(tus_js.send(file, **options))
    await relay.jam(first)
    await until_kept(storage, options.get("parallelUploads", 1))
    first.cancel()
    await asyncio.wait([first])
    outcome = await tus_js.send(file, **options)
    assert outcome.error is None
    if "parallelUploads" in options:
        assert outcome.requests.count("HEAD 200") == 3
        assert 1 <= outcome.requests.count("PATCH 204") <= 3
        assert [request for request in outcome.requests if request.startswith("POST")] == ["POST 201"]
    else:
        assert outcome.requests == ["HEAD 200", "PATCH 204"]
    await check_stored(through_relay, outcome.url, content)


async def test_an_upload_is_resumed_with_a_token_that_has_expired_meanwhile(
    tus_js: TusJs, relay: Relay, through_relay: Waybill, file: Path, content: bytes
) -> None:
    storage = str(file.with_name("urls.json"))
    relay.jam_after(HALF)
    first = asyncio.create_task(tus_js.send(file, urlStorage=storage))
    await relay.jam(first)
    first.cancel()
    await asyncio.wait([first])
    outcome = await tus_js.send(file, urlStorage=storage, headers=EXPIRED)
    assert outcome.requests == ["HEAD 200", "PATCH 204"]
    await check_stored(through_relay, outcome.url, content)


# -------------------------------------------------------------------------------------------------------- tuspy


class UnclosedStream(io.BytesIO):
    """tuspy closes the file that it is to send where it only wants to know its fingerprint."""

    def __exit__(self, *_error: object) -> None:
        pass


@pytest.mark.long
async def test_tuspy_goes_on_by_the_url_that_it_stored_before_the_server_was_killed(
    server: ServerProcess, relay: Relay, through_relay: Waybill, file: Path, content: bytes
) -> None:
    storage = FileStorage(str(file.with_name("urls.json")))
    client = TusClient(f"{relay.base_url}/files/", headers=through_relay.headers)

    def send() -> tuple[str, int]:
        stream = UnclosedStream(content)
        uploader = client.uploader(file_stream=stream, chunk_size=4 * MB, store_url=True, url_storage=storage)
        offset = uploader.offset
        uploader.upload()
        return str(uploader.url), int(offset)

    relay.jam_after(HALF)
    sending = asyncio.create_task(asyncio.to_thread(send))
    await relay.jam(sending)
    await server.kill()
    with pytest.raises(TusCommunicationError):
        await sending
    await server.start()
    url, offset = await asyncio.to_thread(send)
    storage.close()
    assert offset >= 4 * MB
    await check_stored(through_relay, url, content)


@pytest.mark.long
async def test_tuspy_tries_again_by_itself_after_the_server_was_killed(
    server: ServerProcess, relay: Relay, through_relay: Waybill, file: Path, content: bytes
) -> None:
    client = TusClient(f"{relay.base_url}/files/", headers=through_relay.headers)
    relay.jam_after(HALF)
    sending = asyncio.create_task(asyncio.to_thread(upload_with_retries, client, file))
    await relay.jam(sending)
    await server.kill()
    await server.start()
    began = time.monotonic()
    url = await sending
    assert time.monotonic() - began < 20
    await check_stored(through_relay, url, content)


def upload_with_retries(client: TusClient, path: Path) -> str:
    with path.open("rb") as stream:
        uploader = client.uploader(file_stream=stream, chunk_size=2 * MB, retries=90, retry_delay=1)
        uploader.upload()
    return str(uploader.url)
