"""Several installations on one Redis: each keeps to names that begin with its own prefix."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from client.api import Waybill, WaybillError
from client.server_process import ServerProcess
from tests.conftest import own_redis
from tests.wire import OFFSET_TYPE

PREFIX = "branch-office"
SETTINGS = {"WAYBILL_RATE_LIMIT_PER_MINUTE": "1000", "WAYBILL_REDIS_PREFIX": PREFIX, "WAYBILL_WORKERS": "1"}
TEXT = "{ __typename }"
PERSISTED = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(TEXT.encode()).hexdigest()}}
DEMO = "mutation { createTask(input: {work: {demo: {items: 2, seconds: 1}}}) { id } }"
WATCH = "subscription Watch($id: ID!) { taskUpdated(id: $id) { status } }"
ANNOUNCE = 'mutation { createUpload(input: {filename: "a.bin", size: 100}) { url } }'


async def test_all_that_a_server_has_in_redis_begins_with_its_prefix(tmp_path: Path) -> None:
    with own_redis(tmp_path / "redis") as redis_server:
        settings = {**SETTINGS, "WAYBILL_REDIS_URL": redis_server.url}
        async with (
            Redis.from_url(redis_server.url, decode_responses=True) as redis,
            ServerProcess(tmp_path / "data", settings) as server,
            Waybill(server.base_url) as waybill,
        ):
            await sign_in(waybill, server)
            await send_text_and_hash(waybill)
            await watch_a_task(waybill)
            uploading = asyncio.create_task(upload_slowly(waybill))
            names: set[str] = set()
            while not any(":upload:" in name for name in names):
                names |= {str(name) for name in [*await redis.keys(), *await redis.pubsub_channels()]}
            uploading.cancel()

    assert [name for name in names if not name.startswith(f"{PREFIX}:")] == []
    kinds = {name.split(":")[1] for name in names}
    assert kinds >= {"rates", "sign-in", "query", "work", "deliveries", "upload", "events"}


async def sign_in(waybill: Waybill, server: ServerProcess) -> None:
    with pytest.raises(WaybillError):
        await waybill.login("nobody", "a wrong password")
    await waybill.login(server.admin_name, server.admin_password)


async def send_text_and_hash(waybill: Waybill) -> None:
    async with aiohttp.ClientSession() as session:
        body = {"query": TEXT, "extensions": PERSISTED}
        async with session.post(f"{waybill.base_url}/graphql", json=body) as answer:
            assert (await answer.json())["data"] == {"__typename": "Query"}


async def watch_a_task(waybill: Waybill) -> None:
    task = (await waybill.execute(DEMO))["createTask"]
    statuses = [data["taskUpdated"]["status"] async for data in waybill.subscribe(WATCH, {"id": task["id"]})]
    assert statuses[-1] == "COMPLETED"


async def upload_slowly(waybill: Waybill) -> None:
    async def bytes_now_and_then() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x"
            await asyncio.sleep(0.2)

    url = (await waybill.execute(ANNOUNCE))["createUpload"]["url"]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": OFFSET_TYPE}
    async with aiohttp.ClientSession() as session:
        await session.patch(url, headers=headers, data=bytes_now_and_then())
