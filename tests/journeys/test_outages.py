"""Outages of PostgreSQL and Redis: refusals, log lines, recovery."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from client.api import PROTOCOL, Waybill
from client.server_process import ServerFailed
from tests.journeys.installation import PASSWORD, Installation, installed
from tests.journeys.watching import begin_watching
from tests.wire import OFFSET_TYPE

pytestmark = pytest.mark.long

TUS = {"Tus-Resumable": "1.0.0"}
ANNOUNCE = 'mutation { createUpload(input: {filename: "a.bin", size: 6}) { id url } }'
WATCH = "subscription ($id: ID!) { uploadUpdated(id: $id) { status } }"
LOGIN = f'mutation {{ login(username: "admin", password: "{PASSWORD}") {{ accessToken }} }}'
LIST = "{ jobs { nodes { id } } }"


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(tmp_path, servers=1, workers=1) as installation:
        yield installation


@pytest.fixture
async def waybill(installation: Installation) -> AsyncIterator[Waybill]:
    async with Waybill(installation.urls[0]) as waybill:
        await waybill.login("admin", PASSWORD)
        yield waybill


async def operation(waybill: Waybill, query: str) -> tuple[str, bool]:
    """The code of the answer's first error, and whether it says when to come again."""
    async with waybill._session.post(
        f"{waybill.base_url}/graphql", json={"query": query}, headers=waybill.headers
    ) as answer:
        errors = (await answer.json()).get("errors") or [{"extensions": {"code": "OK"}}]
        return errors[0]["extensions"]["code"], bool(errors[0]["extensions"].get("retryAfter"))


async def byte_route(waybill: Waybill, method: str, url: str, **headers: str) -> tuple[int, str, bool]:
    """Status, code in the body, and whether it says when to come again."""
    body = b"abc" if method == "PATCH" else None
    async with waybill._session.request(method, url, headers={**TUS, **headers}, data=body) as answer:
        told = {} if method == "HEAD" else (await answer.json(content_type=None) or {}).get("error", {})
        return answer.status, told.get("code", ""), "Retry-After" in answer.headers


async def parts(waybill: Waybill) -> tuple[int, dict[str, str]]:
    async with waybill._session.get(f"{waybill.base_url}/ready") as answer:
        return answer.status, (await answer.json())["parts"]


async def close_code_of_new_socket(waybill: Waybill) -> int | None:
    async with waybill._session.ws_connect(f"{waybill.base_url}/graphql", protocols=[PROTOCOL]) as socket:
        await socket.send_json({"type": "connection_init", "payload": waybill.headers})
        assert (await socket.receive(timeout=8)).type is aiohttp.WSMsgType.CLOSE
        return socket.close_code


async def send_rest(waybill: Waybill, url: str) -> None:
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": OFFSET_TYPE}
    async with waybill._session.patch(url, headers=headers, data=b"abcdef") as answer:
        assert answer.status == 204


def lines_of(installation: Installation) -> list[str]:
    return [line for path in installation.logs for line in path.read_text().splitlines()]


async def test_while_postgresql_is_away_everybody_is_told_to_come_again(
    installation: Installation, waybill: Waybill
) -> None:
    upload = (await waybill.execute(ANNOUNCE))["createUpload"]
    watching = await begin_watching(waybill, WATCH, upload["id"])
    await asyncio.to_thread(installation.postgres.stop, "immediate")
    before = len(lines_of(installation))

    for query in (LIST, ANNOUNCE, LOGIN):
        assert await operation(waybill, query) == ("SERVICE_UNAVAILABLE", True)
    away = {
        "HEAD": await byte_route(waybill, "HEAD", upload["url"]),
        "GET": await byte_route(waybill, "GET", upload["url"]),
        "PATCH": await byte_route(waybill, "PATCH", upload["url"], **{"Upload-Offset": "0", "Content-Type": OFFSET_TYPE}),
        "POST": await byte_route(waybill, "POST", f"{waybill.base_url}/files/", **{"Upload-Length": "6", **waybill.headers}),
    }  # fmt: skip
    assert away.pop("HEAD") == (423, "", True)  # a client that is told 503 begins a new upload
    assert set(away.values()) == {(503, "SERVICE_UNAVAILABLE", True)}, away
    assert await close_code_of_new_socket(waybill) == 1013
    assert await parts(waybill) == (
        503, {"database": "failing", "storage": "ok", "events": "ok", "queue": "ok", "disk": "ok"},
    )  # fmt: skip
    said = [line for line in lines_of(installation)[before:] if '"request"' not in line]
    assert len(said) < 40, said

    await asyncio.to_thread(installation.postgres.start)
    await send_rest(waybill, upload["url"])
    assert (await asyncio.wait_for(watching, 30))[-1]["status"] == "COMPLETED"
    assert await operation(waybill, LIST) == ("OK", False)
    assert (await parts(waybill))[0] == 200
    assert [line for line in lines_of(installation) if "Traceback" in line] == []


async def test_while_redis_is_away_bytes_wait_and_everything_else_goes_on(
    installation: Installation, waybill: Waybill
) -> None:
    upload = (await waybill.execute(ANNOUNCE))["createUpload"]
    watching = await begin_watching(waybill, WATCH, upload["id"])
    await asyncio.to_thread(installation.redis.kill)

    for query in (LIST, ANNOUNCE, LOGIN):
        assert await operation(waybill, query) == ("OK", False)
    patch: dict[str, Any] = {"Upload-Offset": "0", "Content-Type": OFFSET_TYPE}
    assert await byte_route(waybill, "PATCH", upload["url"], **patch) == (503, "SERVICE_UNAVAILABLE", True)
    assert await parts(waybill) == (
        503, {"database": "ok", "storage": "ok", "events": "failing", "queue": "failing", "disk": "ok"},
    )  # fmt: skip

    await asyncio.to_thread(installation.redis.start)
    await send_rest(waybill, upload["url"])
    assert (await asyncio.wait_for(watching, 30))[-1]["status"] == "COMPLETED"
    task = (await waybill.execute("mutation { createTask(input: {work: {demo: {items: 2, seconds: 0}}}) { id } }"))[
        "createTask"
    ]
    watch_task = "subscription ($id: ID!) { taskUpdated(id: $id) { status } }"
    statuses = [data["taskUpdated"]["status"] async for data in waybill.subscribe(watch_task, task)]
    assert statuses[-1] == "COMPLETED"
    assert [line for line in lines_of(installation) if "Traceback" in line] == []


async def test_programs_that_start_before_redis_wait_for_it_and_before_postgresql_say_so(
    installation: Installation, waybill: Waybill
) -> None:
    (server,), (worker,) = installation.servers, installation.workers
    await asyncio.gather(server.stop(), worker.stop())
    await asyncio.to_thread(installation.redis.kill)
    starting = asyncio.gather(server.start(), worker.start())
    await asyncio.sleep(4)
    await asyncio.to_thread(installation.redis.start)
    await asyncio.wait_for(starting, 20)
    task = (await waybill.execute("mutation { createTask(input: {work: {demo: {items: 2, seconds: 0}}}) { id } }"))[
        "createTask"
    ]
    watch_task = "subscription ($id: ID!) { taskUpdated(id: $id) { status } }"
    statuses = [data["taskUpdated"]["status"] async for data in waybill.subscribe(watch_task, task)]
    assert statuses[-1] == "COMPLETED"

    await asyncio.gather(server.stop(), worker.stop())
    await asyncio.to_thread(installation.postgres.stop, "fast")
    for process in (server, worker):
        with pytest.raises(ServerFailed) as failed:
            await process.start()
        assert failed.value.last_line.startswith("The database cannot be opened: check WAYBILL_DATABASE_URL")
