"""Health is of the process, readiness of each part."""

import asyncio
from contextlib import suppress

import pytest

from base.settings import VERSION
from tests.web_app import App
from web import health as health_module

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


async def says_no() -> bool:
    return False


async def fails() -> bool:
    raise ConnectionError


async def hangs() -> bool:
    await asyncio.sleep(60)
    return True


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("check", [says_no, fails, hangs])
async def test_one_part_that_fails_makes_503(
    app: App, monkeypatch: pytest.MonkeyPatch, check: object, part: str
) -> None:
    monkeypatch.setattr(health_module, "_CHECK_TIMEOUT_SECONDS", 1.0)
    monkeypatch.setitem(app.services.checks, part, check)
    response = await app.http.get("/ready")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert response.json() == {"status": "not ready", "parts": dict.fromkeys(PARTS, "ok") | {part: "failing"}}


async def test_health_does_not_depend_on_the_parts(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.services.checks, "database", fails)

    assert (await app.http.get("/health")).status_code == 200


async def test_ready_answers_also_while_a_part_cannot_be_told_to_stop(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = asyncio.Event()

    async def hang() -> bool:
        while not may_end.is_set():
            with suppress(asyncio.CancelledError):
                await may_end.wait()
        return True

    monkeypatch.setattr(health_module, "_CHECK_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setitem(app.services.checks, "database", hang)
    async with asyncio.timeout(5):
        response = await app.http.get("/ready")
    may_end.set()

    assert response.json()["parts"]["database"] == "failing"
