"""Uppy in a real browser, in a page of another origin: what it sends arrives, and what it is told it can read."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.page import Page, ask, call, choose, opened_page
from tests.clients.programs import Node, node_or_skip
from tests.clients.relay import Relay
from tests.clients.stored import MB, check_stored, random_file, read_upload
from tests.databases import copied_sqlite

pytestmark = pytest.mark.long

TUS = {"Tus-Resumable": "1.0.0"}
SENT = {**TUS, "Content-Type": "application/offset+octet-stream"}
DELAYS = [100, 500]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    data_dir = copied_sqlite(migrated_file, tmp_path_factory.mktemp("server") / "data")
    async with ServerProcess(data_dir, {"WAYBILL_WORKERS": "0"}) as server:
        yield server


@pytest.fixture(scope="session")
def node() -> Node:
    return node_or_skip()


@pytest.fixture
async def page(node: Node) -> AsyncIterator[Page]:
    async with opened_page(node) as page:
        yield page


async def test_files_of_three_megabytes_and_of_none_arrive_whole(page: Page, waybill: Waybill, tmp_path: Path) -> None:
    content = random_file(tmp_path / "Größe 数.bin", 3 * MB)
    random_file(tmp_path / "empty.csv", 0)
    options = {"endpoint": f"{waybill.base_url}/files/", "headers": waybill.headers, "chunkSize": MB}
    _, sent = await page.do(
        choose(tmp_path / "Größe 数.bin", tmp_path / "empty.csv"),
        call("upload", options, ["Location", "Upload-Offset"]),
    )
    assert sent["failures"] == []
    lines = [request["line"] for request in sent["requests"]]
    assert sorted(lines) == [*["PATCH 204"] * 3, *["POST 201"] * 2]
    for request in sent["requests"]:
        assert request["headers"]["Location" if request["line"] == "POST 201" else "Upload-Offset"]
    await check_stored(waybill, sent["urls"]["Größe 数.bin"], content, filename="Größe 数.bin")
    await check_stored(waybill, sent["urls"]["empty.csv"], b"", filename="empty.csv", contentType="text/csv")


async def test_a_page_that_was_left_in_mid_chunk_goes_on_where_it_was(
    page: Page, waybill: Waybill, tmp_path: Path
) -> None:
    content = random_file(tmp_path / "a.bin", 3 * MB)
    async with Relay(waybill.base_url) as relay:
        options = {"endpoint": f"{relay.base_url}/files/", "headers": waybill.headers, "chunkSize": MB}
        relay.jam_after(1_500_000)
        doing = asyncio.create_task(
            page.do(
                choose(tmp_path / "a.bin"), call("upload", options, [], MB), {"rest": 0.3}, {"reload": True},
                choose(tmp_path / "a.bin"), call("upload", options, ["Upload-Offset", "Upload-Length"]),
            )
        )  # fmt: skip
        await relay.jam(doing)
        results = await doing
        left, done = results[1], results[5]
        assert [request["line"] for request in left["requests"]] == ["POST 201", "PATCH 204"]
        assert done["failures"] == []
        assert [request["line"] for request in done["requests"]] == ["HEAD 200", "PATCH 204", "PATCH 204"]
        head = done["requests"][0]["headers"]
        assert MB <= int(head["Upload-Offset"]) < 1_500_000
        assert head["Upload-Length"] == str(3 * MB)
        await check_stored(waybill, done["urls"]["a.bin"].replace(relay.base_url, waybill.base_url), content)


async def test_what_is_cancelled_in_the_page_is_deleted(page: Page, waybill: Waybill, tmp_path: Path) -> None:
    random_file(tmp_path / "a.bin", 3 * MB)
    async with Relay(waybill.base_url) as relay:
        options = {"endpoint": f"{relay.base_url}/files/", "headers": waybill.headers, "chunkSize": MB}
        relay.jam_after(1_500_000)
        _, sent, *_ = await page.do(
            choose(tmp_path / "a.bin"), call("upload", options, ["Location"], MB), call("cancel"), {"rest": 0.5}
        )
    url = sent["requests"][0]["headers"]["Location"]
    assert (await read_upload(waybill, url))["status"] == "DELETED"


async def test_a_refusal_reaches_uppy_as_a_status_and_a_code(page: Page, waybill: Waybill, tmp_path: Path) -> None:
    random_file(tmp_path / "a.bin", MB)
    options = {"endpoint": f"{waybill.base_url}/files/", "retryDelays": DELAYS}
    _, sent = await page.do(choose(tmp_path / "a.bin"), call("upload", options, ["X-Request-ID"]))
    (failure,) = sent["failures"]
    assert (failure["status"], failure["isNetworkError"]) == (401, False)
    error = json.loads(failure["body"])["error"]
    assert error["code"] == "UNAUTHENTICATED"
    assert [request["line"] for request in sent["requests"]] == ["POST 401"]
    assert sent["requests"][0]["headers"] == {"X-Request-ID": error["requestId"]}


def sha1_of(content: bytes) -> str:
    """Upload-Checksum of `content`."""
    return f"sha1 {base64.b64encode(hashlib.sha1(content).digest()).decode()}"


async def test_a_page_reads_all_the_headers_of_an_upload(page: Page, waybill: Waybill) -> None:
    endpoint = f"{waybill.base_url}/files/"
    creation = {**TUS, **waybill.headers, "Upload-Length": "10", "Upload-Metadata": "filename YS50eHQ="}
    described, created = await page.do(ask("OPTIONS", endpoint), ask("POST", endpoint, creation))
    url = created["headers"]["location"]
    assert described["status"] == 200
    assert {"tus-version", "tus-extension", "tus-max-size", "tus-checksum-algorithm"} <= described["headers"].keys()
    assert created["status"] == 201
    assert {"upload-expires", "tus-resumable", "x-request-id"} <= created["headers"].keys()

    begun, asked, finished, read, part, beyond = await page.do(
        ask("PATCH", url, {**SENT, "Upload-Offset": "0", "X-Request-ID": "of-the-page"}, "01234"),
        ask("HEAD", url, TUS),
        ask("PATCH", url, {**SENT, "Upload-Offset": "5", "Upload-Checksum": sha1_of(b"56789")}, "56789"),
        ask("GET", url),
        ask("GET", url, {"Range": "bytes=2-4"}),
        ask("GET", url, {"Range": "bytes=20-"}),
    )
    assert (begun["status"], begun["headers"]["upload-offset"]) == (204, "5")
    assert begun["headers"]["x-request-id"] == "of-the-page"
    assert begun["headers"]["upload-expires"]
    assert (asked["status"], asked["headers"]["upload-offset"], asked["headers"]["upload-length"]) == (200, "5", "10")
    assert asked["headers"]["upload-metadata"] == "filename YS50eHQ="
    assert (finished["status"], finished["headers"]["upload-offset"]) == (204, "10")
    assert (read["status"], read["body"]) == (200, "0123456789")
    assert {"etag", "accept-ranges", "content-disposition", "x-request-id"} <= read["headers"].keys()
    assert (part["status"], part["body"], part["headers"]["content-range"]) == (206, "234", "bytes 2-4/10")
    assert (beyond["status"], beyond["headers"]["content-range"]) == (416, "bytes */10")
    (known,) = await page.do(ask("GET", url, {"If-None-Match": read["headers"]["etag"]}))
    assert known["status"] == 304


async def test_a_page_reads_every_refusal(page: Page, waybill: Waybill) -> None:
    endpoint = f"{waybill.base_url}/files/"
    (created,) = await page.do(ask("POST", endpoint, {**TUS, **waybill.headers, "Upload-Length": "10"}))
    url = created["headers"]["location"]
    at_0 = {**SENT, "Upload-Offset": "0"}
    refusals = await page.do(
        ask("POST", endpoint, {**TUS, "Upload-Length": "10"}),
        ask("POST", endpoint, {**TUS, "Upload-Length": "10", "Authorization": "Bearer expired"}),
        ask("POST", endpoint, {**TUS, **waybill.headers}),
        ask("POST", endpoint, {**TUS, **waybill.headers, "Upload-Length": str(2**62)}),
        ask("PATCH", url, {**SENT, "Upload-Offset": "5"}, "56789"),
        ask("PATCH", url, at_0, "0123456789X"),
        ask("PATCH", url, {**at_0, "Content-Type": "text/plain"}, "01234"),
        ask("PATCH", url, {**at_0, "Upload-Checksum": sha1_of(b"something else")}, "01234"),
        ask("PATCH", url, {**at_0, "Tus-Resumable": "0.2.2"}, "01234"),
        ask("DELETE", endpoint, TUS),
        ask("GET", f"{url}x"),
        ask("GET", f"{waybill.base_url}/nowhere"),
    )
    codes = [(refusal["status"], json.loads(refusal["body"])["error"]["code"]) for refusal in refusals]
    assert codes == [
        (401, "UNAUTHENTICATED"), (401, "INVALID_TOKEN"), (400, "BAD_INPUT"), (413, "FILE_TOO_LARGE"),
        (409, "OFFSET_MISMATCH"), (413, "FILE_TOO_LARGE"), (415, "UNSUPPORTED_TYPE"), (460, "CHECKSUM_MISMATCH"),
        (412, "UNSUPPORTED_VERSION"), (405, "METHOD_NOT_ALLOWED"), (404, "UPLOAD_NOT_FOUND"), (404, "NOT_FOUND"),
    ]  # fmt: skip
    assert all(refusal["headers"]["x-request-id"] for refusal in refusals)
    assert [refusals[index]["headers"]["upload-offset"] for index in (4, 5, 7)] == ["0", "0", "0"]
    assert refusals[8]["headers"]["tus-version"] == "1.0.0"


async def test_only_pages_of_the_origins_in_the_settings_can_call(node: Node, tmp_path: Path) -> None:
    async with opened_page(node) as ours, opened_page(node) as other:
        settings = {"WAYBILL_WORKERS": "0", "WAYBILL_CORS_ORIGINS": f"https://app.example.com, {ours.origin}"}
        async with ServerProcess(tmp_path / "data", settings) as server, Waybill(server.base_url) as waybill:
            await waybill.login(server.admin_name, server.admin_password)
            content = random_file(tmp_path / "a.bin", MB)
            options = {"endpoint": f"{server.base_url}/files/", "headers": waybill.headers, "retryDelays": []}
            steps = (choose(tmp_path / "a.bin"), call("upload", options), ask("GET", f"{server.base_url}/health"))
            (_, sent, health), (_, refused, nothing) = await asyncio.gather(ours.do(*steps), other.do(*steps))
            assert (sent["failures"], health["status"]) == ([], 200)
            await check_stored(waybill, sent["urls"]["a.bin"], content)
            assert [failure["isNetworkError"] for failure in refused["failures"]] == [True]
            assert nothing == {"error": "TypeError"}
