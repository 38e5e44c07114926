"""tus-js-client in all its ways, against a real server."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.stored import MB, check_stored, id_in, random_file, read_upload
from tests.clients.tus_js import TusJs
from tests.databases import copied_sqlite
from tests.wire import Wires, path_in

CREATE = 'mutation ($size: BigInt) { createUpload(input: {filename: "a.bin", size: $size}) { url } }'
WAYS: dict[str, tuple[int, dict[str, Any], list[str]]] = {
    "a buffer": (3 * MB, {}, ["POST 201", "PATCH 204"]),
    "a file": (3 * MB, {"source": "file"}, ["POST 201", "PATCH 204"]),
    "chunks": (5 * MB, {"chunkSize": MB}, ["POST 201", *["PATCH 204"] * 5]),
    "chunks of a file": (2_500_000, {"source": "file", "chunkSize": MB}, ["POST 201", *["PATCH 204"] * 3]),
    "chunks of a stream": (
        3 * MB, {"source": "stream", "chunkSize": MB, "uploadSize": 3 * MB}, ["POST 201", *["PATCH 204"] * 3],
    ),
    "all with the creation": (3 * MB, {"uploadDataDuringCreation": True}, ["POST 201"]),
    "a chunk with the creation": (
        3 * MB, {"uploadDataDuringCreation": True, "chunkSize": MB}, ["POST 201", *["PATCH 204"] * 2],
    ),
    "POST instead of PATCH": (MB, {"overridePatchMethod": True}, ["POST 201", "POST 204"]),
    "a deferred length": (
        2_500_000, {"source": "stream", "chunkSize": MB, "uploadLengthDeferred": True},
        ["POST 201", *["PATCH 204"] * 3],
    ),
    "a deferred length, told with no byte": (
        2 * MB, {"source": "stream", "chunkSize": MB, "uploadLengthDeferred": True}, ["POST 201", *["PATCH 204"] * 3],
    ),
    "a deferred length, told with the last chunk": (
        2 * MB, {"chunkSize": MB, "uploadLengthDeferred": True}, ["POST 201", *["PATCH 204"] * 2],
    ),
    "an empty file": (0, {}, ["POST 201"]),
    "an empty file with the creation": (0, {"uploadDataDuringCreation": True}, ["POST 201"]),
    "an empty file of deferred length": (0, {"uploadLengthDeferred": True, "chunkSize": MB}, ["POST 201", "PATCH 204"]),
    "a pause": (
        3 * MB, {"chunkSize": MB, "pauseAfterChunks": 1},
        ["POST 201", "PATCH 204", "HEAD 200", "PATCH 204", "PATCH 204"],
    ),
    "an id for each request": (MB, {"addRequestId": True}, ["POST 201", "PATCH 204"]),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relative_server(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> AsyncIterator[ServerProcess]:
    settings = {"WAYBILL_WORKERS": "0", "WAYBILL_UPLOAD_LOCATION": "relative"}
    async with ServerProcess(
        copied_sqlite(migrated_file, tmp_path_factory.mktemp("relative") / "data"), settings
    ) as server:
        yield server


@pytest.mark.parametrize(("size", "options", "requests"), WAYS.values(), ids=WAYS)
async def test_a_file_arrives_whole(
    tus_js: TusJs, waybill: Waybill, tmp_path: Path, size: int, options: dict[str, Any], requests: list[str]
) -> None:
    content = random_file(tmp_path / "a.bin", size)
    outcome = await tus_js.send(tmp_path / "a.bin", **options)
    assert outcome.error is None
    assert outcome.requests == requests
    await check_stored(waybill, outcome.url, content, filename="a.bin")


@pytest.mark.parametrize(
    ("size", "parts", "requests"),
    [(3 * MB, 3, [*["POST 201"] * 3, *["PATCH 204"] * 3]), (1, 2, ["POST 201", "POST 201", "PATCH 204"])],
    ids=["three parts", "two parts of one byte"],
)
async def test_parts_that_are_sent_at_the_same_time_become_one_file(
    tus_js: TusJs, waybill: Waybill, tmp_path: Path, size: int, parts: int, requests: list[str]
) -> None:
    content = random_file(tmp_path / "a.bin", size)
    outcome = await tus_js.send(tmp_path / "a.bin", parallelUploads=parts)
    assert outcome.error is None
    assert sorted(outcome.requests[:-1]) == sorted(requests)
    assert outcome.requests[-1] == "POST 201"
    await check_stored(waybill, outcome.url, content, filename="a.bin")


async def test_metadata_in_any_script_is_kept(tus_js: TusJs, waybill: Waybill, tmp_path: Path) -> None:
    content = random_file(tmp_path / "a.bin", MB)
    said = {"filename": "Größe – 数量 😀.csv", "filetype": "text/csv", "externalId": "Büro-7", "relativePath": "null"}
    outcome = await tus_js.send(tmp_path / "a.bin", metadata=said)
    await check_stored(
        waybill, outcome.url, content, filename=said["filename"], contentType="text/csv", externalId="Büro-7"
    )


async def test_a_file_without_metadata_arrives_whole(tus_js: TusJs, waybill: Waybill, tmp_path: Path) -> None:
    content = random_file(tmp_path / "a.bin", MB)
    outcome = await tus_js.send(tmp_path / "a.bin", metadata={})
    await check_stored(waybill, outcome.url, content, contentType="application/octet-stream", externalId=None)


async def test_a_url_of_create_upload_needs_no_endpoint_and_no_token(
    tus_js: TusJs, waybill: Waybill, tmp_path: Path
) -> None:
    content = random_file(tmp_path / "a.bin", 2 * MB)
    url = (await waybill.execute(CREATE, {"size": len(content)}))["createUpload"]["url"]
    outcome = await tus_js.send(tmp_path / "a.bin", endpoint=None, uploadUrl=url, headers={})
    assert outcome.requests == ["HEAD 200", "PATCH 204"]
    await check_stored(waybill, url, content, filename="a.bin")


@pytest.mark.parametrize("options", [{}, {"parallelUploads": 2}], ids=["one", "two parts"])
async def test_an_upload_that_is_told_only_its_path_arrives_whole(
    tus_js: TusJs, relative_server: ServerProcess, tmp_path: Path, options: dict[str, Any]
) -> None:
    async with Waybill(relative_server.base_url) as waybill:
        await waybill.login(relative_server.admin_name, relative_server.admin_password)
        content = random_file(tmp_path / "a.bin", MB)
        endpoint = f"{relative_server.base_url}/files/"
        outcome = await tus_js.send(tmp_path / "a.bin", endpoint=endpoint, headers=waybill.headers, **options)
        assert outcome.error is None
        await check_stored(waybill, outcome.url, content)


async def test_a_finished_upload_is_found_again_and_not_sent_again(
    tus_js: TusJs, waybill: Waybill, tmp_path: Path
) -> None:
    content = random_file(tmp_path / "a.bin", MB)
    storage = str(tmp_path / "urls.json")
    first = await tus_js.send(tmp_path / "a.bin", urlStorage=storage)
    second = await tus_js.send(tmp_path / "a.bin", urlStorage=storage, headers={"Authorization": "Bearer expired"})
    assert (second.url, second.requests, second.error) == (first.url, ["HEAD 200"], None)
    await check_stored(waybill, first.url, content)


async def test_an_upload_that_is_gone_begins_anew(tus_js: TusJs, waybill: Waybill, tmp_path: Path) -> None:
    content = random_file(tmp_path / "a.bin", MB)
    storage = str(tmp_path / "urls.json")
    first = await tus_js.send(tmp_path / "a.bin", urlStorage=storage)
    await waybill.execute("mutation ($id: ID!) { deleteUpload(id: $id) }", {"id": id_in(first.url)})
    second = await tus_js.send(tmp_path / "a.bin", urlStorage=storage)
    assert second.requests == ["HEAD 404", "POST 201", "PATCH 204"]
    assert second.url != first.url
    await check_stored(waybill, second.url, content)


async def test_a_terminated_upload_is_gone(
    tus_js: TusJs, waybill: Waybill, server: ServerProcess, tmp_path: Path
) -> None:
    random_file(tmp_path / "a.bin", 3 * MB)
    outcome = await tus_js.send(tmp_path / "a.bin", chunkSize=MB, terminateAfterChunks=1)
    assert outcome.error is None
    assert outcome.requests == ["POST 201", "PATCH 204", "DELETE 204"]
    wires = Wires(int(server.base_url.rpartition(":")[2]))
    wire = await wires.connect()
    for method in ("GET", "HEAD", "DELETE"):
        await wire.request(method, path_in(outcome.url))
        assert (await wire.answer())[0] == 404
    await wires.close()
    assert (await read_upload(waybill, outcome.url))["status"] == "DELETED"


async def test_a_refusal_ends_the_upload_with_a_status_a_code_and_a_sentence(tus_js: TusJs, tmp_path: Path) -> None:
    random_file(tmp_path / "a.bin", MB)
    outcome = await tus_js.send(tmp_path / "a.bin", headers={}, retryDelays=[10, 10])
    assert outcome.requests == ["POST 401"]
    assert outcome.error is not None
    assert outcome.error["status"] == 401
    assert json.loads(outcome.error["body"])["error"]["code"] == "UNAUTHENTICATED"
