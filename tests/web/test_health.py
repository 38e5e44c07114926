"""Health is of the process, readiness of each part."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest
from starlette.applications import Starlette

from base.settings import VERSION
from tests.web_app import App
from web.draining import Draining
from web.health import Check, health_routes

PARTS = ["database", "storage", "events", "queue", "disk"]


async def test_health_says_what_answers(app: App) -> None:
    response = await app.http.get("/health")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == {"status": "healthy", "service": "waybill", "version": VERSION}


async def test_ready_names_every_part(app: App) -> None:
    response = await app.http.get("/ready")

    assert response.status_code == 200
    assert response.json() == {"status": "ready", "parts": dict.fromkeys(PARTS, "ok")}


async def test_ready_says_when_the_disk_is_nearly_full(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nearly_nothing() -> int:
        return app.services.request.upload_services.limits.reserved_bytes

    monkeypatch.setattr(app.services.request.storage, "free_bytes", nearly_nothing)
    response = await app.http.get("/ready")

    assert (response.status_code, response.json()["parts"]) == (503, dict.fromkeys(PARTS, "ok") | {"disk": "failing"})


async def is_fine() -> bool:
    return True


async def says_no() -> bool:
    return False


async def fails() -> bool:
    raise ConnectionError


async def hangs() -> bool:
    await asyncio.sleep(60)
    return True


@asynccontextmanager
async def client_of(checks: Mapping[str, Check]) -> AsyncIterator[httpx2.AsyncClient]:
    """Of an application that has nothing but these checks, and gives them little time."""
    transport = httpx2.ASGITransport(Starlette(routes=health_routes(checks, Draining(), check_seconds=0.1)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("check", [says_no, fails, hangs])
async def test_one_part_that_fails_makes_503(check: Check) -> None:
    async with client_of({"database": check, "disk": is_fine}) as client:
        response = await client.get("/ready")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert response.json() == {"status": "not ready", "parts": {"database": "failing", "disk": "ok"}}


@pytest.mark.parametrize("part", PARTS)
async def test_each_part_is_asked(app: App, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setitem(app.services.checks, part, fails)
    response = await app.http.get("/ready")

    assert response.json() == {"status": "not ready", "parts": dict.fromkeys(PARTS, "ok") | {part: "failing"}}


async def test_health_does_not_depend_on_the_parts(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.services.checks, "database", fails)

    assert (await app.http.get("/health")).status_code == 200


async def test_ready_answers_also_while_a_part_cannot_be_told_to_stop() -> None:
    may_end = asyncio.Event()

    async def hang() -> bool:
        while not may_end.is_set():
            with suppress(asyncio.CancelledError):
                await may_end.wait()
        return True

    async with client_of({"database": hang}) as client, asyncio.timeout(5):
        response = await client.get("/ready")
    may_end.set()

    assert response.json()["parts"]["database"] == "failing"
