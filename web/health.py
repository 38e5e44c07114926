"""Health of the process, and readiness of each part."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from base.settings import VERSION
from web.draining import Draining
from web.timeouts import with_timeout

Check = Callable[[], Coroutine[Any, Any, bool]]
CHECK_SECONDS = 2.0


def health_routes(checks: Mapping[str, Check], draining: Draining, check_seconds: float = CHECK_SECONDS) -> list[Route]:
    """`/health` (the process answers) and `/ready` (each part's state; 503 while one does not answer, or it drains).

    A check that takes longer than `check_seconds` has failed.
    """

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "healthy", "service": "waybill", "version": VERSION})

    async def ready(_request: Request) -> Response:
        if draining.has_begun:
            return JSONResponse({"status": "draining", "parts": {}}, 503, {"Retry-After": "2"})
        states = dict(
            zip(checks, await asyncio.gather(*(_state(check, check_seconds) for check in checks.values())), strict=True)
        )
        is_ready = all(state == "ok" for state in states.values())
        body = {"status": "ready" if is_ready else "not ready", "parts": states}
        return JSONResponse(body, 200 if is_ready else 503, {} if is_ready else {"Retry-After": "2"})

    return [Route("/health", health), Route("/ready", ready)]


async def _state(check: Check, seconds: float) -> str:
    try:
        return "ok" if await with_timeout(seconds, check()) else "failing"
    except Exception:  # noqa: BLE001  whatever is wrong with the part, it is not ready
        return "failing"
