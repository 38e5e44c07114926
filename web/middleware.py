"""What happens to every request: its id, who calls, CORS, one log line; errors of any depth are answered inside of it."""

import asyncio
import re
import secrets
import time
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth.callers import find_viewer
from auth.gate import Gate
from base.errors import ErrorCode, Refusal, server_stops
from base.logging import Notes, log_for, notes, request_id
from base.settings import Settings
from uploads import tus
from uploads.capability import redact_path
from web.draining import Draining
from web.errors import error_response, refusal_of
from web.metrics import Traffic, count_request
from web.patience import patiently
from web.proxies import address_of
from web.requests import PREFLIGHT_HEADERS

log = log_for("web.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ALLOWED_HEADERS = ", ".join((*tus.ALLOWED_HEADERS, *PREFLIGHT_HEADERS))
_EXPOSED_HEADERS = ", ".join((*tus.EXPOSED_HEADERS, "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"))
_FOR_EVERYBODY = frozenset({"/health", "/ready", "/metrics", "/schema.graphql"})
_ALLOWED_METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"


class Frame:
    """The outermost layer: request id, CORS, errors, access log; `state.address` is where the request comes from."""

    def __init__(self, app: ASGIApp, settings: Settings, draining: Draining) -> None:
        self._app = app
        self._draining = draining
        self._origins = settings.cors_origins
        self._trusted_proxies = settings.trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        id_ = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(id_)
        address = address_of(scope, self._trusted_proxies)
        scope.setdefault("state", {})["address"] = address
        noted = Notes(address)
        note_token = notes.set(noted)
        traffic = Traffic(scope)
        try:
            await self._serve(scope, traffic.received(receive), traffic.sent(send), headers, id_, noted)
        finally:
            notes.reset(note_token)
            request_id.reset(token)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, id_: str, noted: Notes
    ) -> None:
        started = time.perf_counter()
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._complete(MutableHeaders(scope=message), headers, id_)
            await send(message)

        try:
            if _is_preflight(scope, headers):
                await _preflight(scope, receive, send_framed)
            else:
                await self._app(scope, receive, send_framed)
        except asyncio.CancelledError:  # by the server, which stops and has waited for long enough
            if scope["type"] == "http" and not status:
                await error_response(server_stops())(scope, receive, send_framed)
        except Exception as error:  # noqa: BLE001  the last door: nothing leaves unanswered
            if scope["type"] == "http" and not status:
                await error_response(refusal_of(error))(scope, receive, send_framed)
            else:
                await _break_off(scope, send, error)
        finally:
            if scope["type"] == "http":
                seconds = time.perf_counter() - started
                count_request(scope, status, seconds)
                log.info(
                    "request",
                    method=scope["method"],
                    path=redact_path(scope["path"]),
                    status=status,
                    ms=round(seconds * 1000, 1),
                    **noted.line(),
                )

    def _complete(self, answer: MutableHeaders, headers: Headers, id_: str) -> None:
        """What every answer says."""
        answer["X-Request-ID"] = id_
        answer.update(self._cors(headers.get("origin")))
        if "*" not in self._origins:
            answer.add_vary_header("Origin")
        if self._draining.has_begun:
            answer["Connection"] = "close"  # what is asked next goes to another server

    def _cors(self, origin: str | None) -> dict[str, str]:
        if origin is None or not ("*" in self._origins or origin in self._origins):
            return {}
        return {
            "Access-Control-Allow-Origin": "*" if "*" in self._origins else origin,
            "Access-Control-Expose-Headers": _EXPOSED_HEADERS,
        }


class Callers:
    """Finds out who calls: `state.viewer`, or `state.viewer_refusal` with what is wrong about the token.

    That takes the database: what is the same for everybody does without, and answers whatever the database does.
    """

    def __init__(self, app: ASGIApp, gate: Gate, settings: Settings) -> None:
        self._app = app
        self._gate = gate
        self._seconds = settings.operation_timeout.total_seconds() or None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            state = scope.setdefault("state", {})
            state["viewer"] = state["viewer_refusal"] = None
            authorization = Headers(scope=scope).get("authorization")
            if authorization and not _is_for_everybody(scope["path"]):
                await self._find(state, authorization)
        await self._app(scope, receive, send)

    async def _find(self, state: dict[str, Any], authorization: str) -> None:
        try:
            state["viewer"] = await patiently(self._seconds, find_viewer(self._gate, authorization))
            if state["viewer"] is not None and (noted := notes.get()) is not None:
                noted.user = state["viewer"].user_id
        except TimeoutError:
            message = "Who calls could not be found out in time: try again later."
            state["viewer_refusal"] = Refusal(ErrorCode.TIMED_OUT, message)
        except Exception as error:  # noqa: BLE001  while nobody can be found, what needs nobody still works
            state["viewer_refusal"] = refusal_of(error)


def _is_for_everybody(path: str) -> bool:
    return path in _FOR_EVERYBODY or path.startswith("/graphql/assets/")


async def _break_off(scope: Scope, send: Send, error: Exception) -> None:
    """End what has begun and cannot be ended well: a socket with 1011; an answer without its end closes its connection."""
    log.error("unforeseen error", exc_info=error)
    if scope["type"] == "websocket":
        with suppress(Exception):  # it may be closed already
            await send({"type": "websocket.close", "code": 1011})


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return bool(
        scope["type"] == "http"
        and scope["method"] == "OPTIONS"
        and "origin" in headers
        and "access-control-request-method" in headers
    )


async def _preflight(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Any path, also an unknown one, and without a token: browsers send neither (Fetch, section 4.8)."""
    headers = [
        (b"access-control-allow-methods", _ALLOWED_METHODS.encode()),
        (b"access-control-allow-headers", _ALLOWED_HEADERS.encode()),
        (b"access-control-max-age", b"86400"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
