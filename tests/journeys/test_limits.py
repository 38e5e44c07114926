"""Limits as clients meet them at real servers: shared by all of them, and given up rather than anybody is shut out."""

import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from client.server_process import ServerProcess
from tests.clients.relay import Relay

pytestmark = pytest.mark.long

FEW = {"WAYBILL_RATE_LIMIT_PER_MINUTE": "6", "WAYBILL_RATE_LIMIT_PER_SECOND": "0"}
TEXT = "query Known { __typename }"


@pytest.fixture
def shared(shared: dict[str, str]) -> dict[str, str]:
    """Servers that share everything, and let nobody ask more than six times a minute."""
    return {**shared, **FEW, "WAYBILL_TRUSTED_PROXIES": "127.0.0.1"}


@pytest.fixture
def caller() -> dict[str, str]:
    """The headers of a client whose address was never seen before."""
    digits = f"{time.time_ns():016x}"
    return {"X-Forwarded-For": f"2001:db8:{digits[-8:-4]}:{digits[-4:]}::1"}


async def ask(server: ServerProcess, headers: dict[str, str], **body: Any) -> tuple[int, Any, Any]:
    """Status, X-RateLimit-Remaining, and the answer's data or the code of its error."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}/graphql", json={"query": TEXT, **body}, headers=headers) as response,
    ):
        answer = await response.json(content_type=None)
        told = answer.get("data") or answer["errors"][0]["extensions"]["code"]
        return response.status, response.headers.get("X-RateLimit-Remaining"), told


async def test_servers_count_together_and_know_the_same_queries(
    pair: tuple[ServerProcess, ServerProcess], caller: dict[str, str]
) -> None:
    first, second = pair
    text = f"query Known{time.time_ns()} {{ __typename }}"
    hash_ = hashlib.sha256(text.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hash_}}

    assert await ask(first, caller, query=None, extensions=extensions) == (200, "5", "PERSISTED_QUERY_NOT_FOUND")
    assert await ask(first, caller, query=text, extensions=extensions) == (200, "4", {"__typename": "Query"})
    assert await ask(second, caller, query=None, extensions=extensions) == (200, "3", {"__typename": "Query"})
    for server, remaining in ((first, "2"), (second, "1"), (first, "0")):
        assert await ask(server, caller) == (200, remaining, {"__typename": "Query"})
    for server in pair:
        assert await ask(server, caller) == (429, "0", "RATE_LIMITED")


@pytest.fixture
async def redis_relay(redis_url: str) -> AsyncIterator[Relay]:
    async with Relay(redis_url) as relay:
        yield relay


async def test_while_redis_is_gone_nobody_is_limited_and_afterwards_everybody_again(
    server_folder: Path, redis_url: str, redis_prefix: str, redis_relay: Relay, caller: dict[str, str]
) -> None:
    number = redis_url.rpartition("/")[2]
    url = f"redis{redis_relay.base_url.removeprefix('http')}/{number}"
    redis = {"WAYBILL_REDIS_URL": url, "WAYBILL_REDIS_PREFIX": redis_prefix}
    settings = {**FEW, **redis, "WAYBILL_TRUSTED_PROXIES": "127.0.0.1", "WAYBILL_WORKERS": "0"}
    async with ServerProcess(server_folder, settings) as server:
        assert await ask(server, caller) == (200, "5", {"__typename": "Query"})
        await redis_relay.refuse()
        for _ in range(10):
            assert await ask(server, caller) == (200, None, {"__typename": "Query"})
        async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/ready") as response:
            parts = (await response.json())["parts"]
        assert (response.status, parts) == (
            503, {"database": "ok", "storage": "ok", "events": "failing", "queue": "failing", "disk": "ok"},
        )  # fmt: skip
        assert "rate limits are not enforced" in server.output()
        await redis_relay.accept()
        answers = []
        deadline = time.monotonic() + 20
        while "RATE_LIMITED" not in answers and time.monotonic() < deadline:
            answers.append((await ask(server, caller))[2])
        assert "RATE_LIMITED" in answers
