"""The samples of docs/deploy, run: what a client is promised holds behind nginx and Caddy, also below a path."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from urllib.parse import urljoin

import aiohttp
import pytest

from client.api import Data, Waybill
from tests.clients.programs import BROWSERS, node_or_skip, program_or_skip
from tests.clients.stored import check_stored, random_bytes
from tests.deploy.conftest import CLIENT_ADDRESS, PASSWORD, Site
from tests.web.streams_for_tests import MULTIPART, SSE, Stream
from tests.wire import OFFSET_TYPE

TUS = {"Tus-Resumable": "1.0.0"}
MB = 1_000_000
CREATE_UPLOAD = (
    "mutation ($name: String!, $size: BigInt!) { createUpload(input: {filename: $name, size: $size}) { id url } }"
)
CREATE_BATCH = "mutation ($upload: ID!) { createBatch(input: {work: {leads: {}}, uploadIds: [$upload]}) { id } }"
CREATE_TASK = "mutation { createTask(input: {work: {demo: {items: 3, seconds: 1}}}) { id } }"
WATCH_TASK = "subscription ($id: ID!) { taskUpdated(id: $id) { status files { name size sha256 url } bundleUrl } }"
WATCH_UPLOAD = "subscription ($id: ID!) { uploadUpdated(id: $id) { status } }"
OFFSET = "query ($id: ID!) { upload(id: $id) { offset } }"
Answering = AbstractAsyncContextManager[aiohttp.ClientResponse]


async def announce(waybill: Waybill, name: str, size: int) -> Data:
    upload: Data = (await waybill.execute(CREATE_UPLOAD, {"name": name, "size": size}))["createUpload"]
    return upload


def appending(offset: int, length: int | None = None) -> dict[str, str]:
    headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": OFFSET_TYPE}
    return headers if length is None else {**headers, "Content-Length": str(length)}


@pytest.mark.parametrize("path", ["/", "/graphql"])
async def test_a_page_and_all_that_it_loads_are_there(site: Site, path: str) -> None:
    async with site.session() as session:
        async with session.get(f"{site.url}{path}", headers={"Accept": "text/html"}) as answer:
            page = await answer.text()
            assert (answer.status, str(answer.url)) == (200, f"{site.url}{path}")
        loaded = re.findall(r'(?:src|href)="(\./[^"]+\.(?:js|css))"', page)
        assert len(loaded) >= 2
        for link in loaded:
            async with session.get(urljoin(f"{site.url}{path}", link)) as answer:
                assert (answer.status, answer.content_type) in {(200, "text/javascript"), (200, "text/css")}


@pytest.mark.long
async def test_graphiql_works_in_a_browser(site: Site, waybill: Waybill) -> None:
    node = node_or_skip()
    upload = await announce(waybill, "leads.csv", 100)
    job = (await waybill.execute(CREATE_BATCH, {"upload": upload["id"]}))["createBatch"]["id"]
    seen = await node.run(
        "graphiql.mjs",
        executablePath=program_or_skip(BROWSERS[0], also=BROWSERS[1:]),
        url=f"{site.url}/graphql",
        username="admin",
        password=PASSWORD,
        jobId=job,
    )

    assert '"createUpload":{"id":"upload-' in seen["upload"]
    assert '"batchUpdated":{"status":"UPLOADING"' in seen["watched"]
    assert seen["hosts"] == [f"localhost:{site.proxy.port}"]
    assert seen["complaints"] == []


async def test_what_is_for_the_operator_is_not_for_everybody(site: Site) -> None:
    async with site.session() as session:
        statuses = {}
        for path in ("/metrics", "/health"):
            async with session.get(f"{site.url}{path}") as answer:
                statuses[path] = answer.status
    assert statuses == {"/metrics": 404, "/health": 200}


async def test_a_subscription_over_a_socket_comes_to_its_end_and_its_links_lead_back(
    site: Site, waybill: Waybill
) -> None:
    task = (await waybill.execute(CREATE_TASK))["createTask"]
    async with asyncio.timeout(40):
        states = [data["taskUpdated"] async for data in waybill.subscribe(WATCH_TASK, task)]
    assert states[-1]["status"] == "COMPLETED"
    (file,) = states[-1]["files"]
    assert file["url"].startswith(f"{site.url}/results/")
    assert hashlib.sha256(await waybill.fetch(file["url"])).hexdigest() == file["sha256"]
    async with waybill._session.get(file["url"], headers={"Range": "bytes=1-4"}) as answer:
        assert (answer.status, answer.headers["Content-Range"]) == (206, f"bytes 1-4/{file['size']}")
        assert len(await answer.read()) == 4
    assert states[-1]["bundleUrl"].startswith(f"{site.url}/bundles/")
    assert (await waybill.fetch(states[-1]["bundleUrl"]))[:2] == b"PK"


async def test_a_query_passes_as_query_and_partial_success_as_itself(site: Site) -> None:
    headers = {"Accept": "application/graphql-response+json"}
    for query, status in (("{ __typename }", 200), ("{ __typename jobs { totalCount } }", 294)):
        async with site.session() as session:
            request = session.request("QUERY", f"{site.url}/graphql", json={"query": query}, headers=headers)
            async with request as answer:
                assert (answer.status, answer.content_type) == (status, headers["Accept"])


async def test_what_a_subscription_says_arrives_at_once(waybill: Waybill) -> None:
    upload = await announce(waybill, "a.bin", 3)
    statuses = []
    async with asyncio.timeout(20):
        async for data in waybill.subscribe(WATCH_UPLOAD, {"id": upload["id"]}):
            statuses.append(data["uploadUpdated"]["status"])
            if len(statuses) == 1:  # what comes later is made by this: nothing could be collected first
                async with waybill._session.patch(upload["url"], headers=appending(0), data=b"abc") as sent:
                    assert sent.status == 204
    assert (statuses[0], statuses[-1]) == ("UPLOADING", "COMPLETED")


@pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["sse", "multipart"])
async def test_what_a_stream_says_arrives_at_once_and_comes_to_its_end(
    site: Site, waybill: Waybill, accept: str
) -> None:
    upload = await announce(waybill, "a.bin", 3)
    request = {"query": WATCH_UPLOAD, "variables": {"id": upload["id"]}}
    headers = {**waybill.headers, "Accept": accept}
    async with (
        asyncio.timeout(30),
        waybill._session.post(f"{site.url}/graphql", json=request, headers=headers) as answer,
    ):
        stream = Stream(answer)
        statuses = [(await stream.data())["uploadUpdated"]["status"]]
        async with waybill._session.patch(upload["url"], headers=appending(0), data=b"abc") as sent:
            assert sent.status == 204
        while statuses[-1] != "COMPLETED":
            statuses.append((await stream.data())["uploadUpdated"]["status"])
        assert await stream.end()
    assert statuses[0] == "UPLOADING"


async def test_bytes_arrive_while_they_are_sent_and_the_address_of_the_upload_leads_back(
    site: Site, waybill: Waybill
) -> None:
    content = random_bytes("large", 50 * MB) + random_bytes("larger", 50 * MB) + b"the rest"
    headers = {**TUS, **waybill.headers, "Upload-Length": str(len(content))}
    async with waybill._session.post(f"{site.url}/files/", headers=headers) as answer:
        assert answer.status == 201
        url = answer.headers["Location"]
    assert url.startswith(f"{site.url}/files/")
    upload_id = url.rpartition("/")[2].partition("~")[0]

    async def first_chunk() -> AsyncIterator[bytes]:
        yield content[: 20 * MB]
        async with asyncio.timeout(20):
            while (await waybill.execute(OFFSET, {"id": upload_id}))["upload"]["offset"] < 15 * MB:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield content[20 * MB : 50 * MB]

    async with waybill._session.patch(url, headers=appending(0, 50 * MB), data=first_chunk()) as answer:
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(50 * MB))
    for offset in (50 * MB, 100 * MB):
        body = pieces(content[offset : offset + 50 * MB])
        length = min(50 * MB, len(content) - offset)
        async with waybill._session.patch(url, headers=appending(offset, length), data=body) as answer:
            assert answer.status == 204
    await check_stored(waybill, url, content)


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), MB):
        yield content[start : start + MB]


async def test_a_chunk_over_100_mb_is_refused_unread_in_words_that_pages_may_read(site: Site, waybill: Waybill) -> None:
    upload = await announce(waybill, "large.bin", 200 * MB)
    path = "/" + upload["url"].split("/", 3)[3]
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", site.proxy.port, ssl=site.trust, server_hostname="localhost"
    )
    lines = [f"{name}: {value}" for name, value in appending(0, 101 * MB).items()]
    try:
        writer.write("\r\n".join([f"PATCH {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode())
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode().lower().split("\r\n")
        body = await asyncio.wait_for(reader.read(1000), 10)
    finally:
        writer.close()

    assert head[0].split()[1] == "413"
    assert "access-control-allow-origin: *" in head
    assert json.loads(body)["error"]["code"] == "FILE_TOO_LARGE"
    assert (await waybill.execute(OFFSET, {"id": upload["id"]}))["upload"]["offset"] == 0


async def test_the_address_of_a_client_is_its_own_whatever_it_says(site: Site, waybill: Waybill) -> None:
    forged = {
        "X-Forwarded-For": "6.6.6.6",
        "Forwarded": "for=6.6.6.7;host=evil.example",
        "X-Forwarded-Host": "evil.example",
    }
    headers = {**TUS, **waybill.headers, **forged, "Upload-Length": "1", "X-Request-ID": "of-this-test"}
    async with waybill._session.post(f"{site.url}/files/", headers=headers) as answer:
        assert answer.headers["Location"].startswith(f"{site.url}/files/")
    async with asyncio.timeout(10):  # the line is written after the answer
        while not (lines := [line for line in site.log().splitlines() if '"of-this-test"' in line]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert [json.loads(line)["address"] for line in lines] == [CLIENT_ADDRESS]
    assert "6.6.6." not in site.log()


async def test_requests_go_on_while_one_server_is_dead_and_are_told_to_come_again_while_both_are(
    site: Site, waybill: Waybill
) -> None:
    first, second = site.servers
    await first.kill()
    assert await statuses(20, lambda: waybill._session.get(f"{site.url}/schema.graphql")) == [200] * 20
    if (
        site.proxy.program == "caddy"
    ):  # it may not send a body again: until its check finds out, that is told, and no more
        await until_answered(waybill)
    assert await statuses(20, lambda: ask_anything(waybill)) == [200] * 20
    await second.kill()
    async with ask_anything(waybill) as answer:
        said = await answer.json()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert said["error"]["code"] == "SERVICE_UNAVAILABLE"
    await first.start()
    await second.start()
    await until_answered(waybill)


def ask_anything(waybill: Waybill) -> Answering:
    return waybill._session.post(f"{waybill.base_url}/graphql", json={"query": "{ serverInfo { version } }"})


async def statuses(count: int, ask: Callable[[], Answering]) -> list[int]:
    found = []
    for _ in range(count):
        async with ask() as answer:
            found.append(answer.status)
    return found


async def until_answered(waybill: Waybill) -> None:
    """Returns after ten good answers in a row; meanwhile nobody is told but to come again."""
    async with asyncio.timeout(20):
        while (found := set(await statuses(10, lambda: ask_anything(waybill)))) != {200}:
            assert found <= {200, 503}
