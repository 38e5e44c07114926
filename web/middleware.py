"""Middleware of every request: its id, its caller, CORS, one log line.

Errors of any depth are answered inside of it.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth.callers import find_viewer
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal, server_stops
from base.logging import LogContext, current_log_context, log_for, request_id
from base.settings import Settings
from uploads.capability import carries_right, redact_path
from web.cors import CorsPolicy, is_preflight
from web.draining import Draining
from web.errors import error_response, refusal_of
from web.headers import RequestHeaders, request_headers
from web.metrics import Traffic, count_request
from web.proxies import address_of
from web.timeouts import with_timeout

log = log_for("web.access")

RawHeaders = list[tuple[bytes, bytes]]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FOR_EVERYBODY = frozenset({"/health", "/ready", "/metrics", "/schema.graphql"})
_OF_UPLOADS = frozenset({"GET", "HEAD", "PATCH"})


class RequestMiddleware:
    """The outermost layer: request id, CORS, errors, access log; `state.address` is where the request comes from."""

    def __init__(self, app: ASGIApp, settings: Settings, draining: Draining) -> None:
        self._app = app
        self._draining = draining
        self._cors = CorsPolicy(settings.cors_origins)
        self._trusted_proxies = settings.trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        headers = request_headers(scope)
        given = headers.get("x-request-id", "")
        id_ = given if _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(64):016x}"
        token = request_id.set(id_)
        address = address_of(scope, self._trusted_proxies)
        scope["state"]["address"] = address
        log_context = LogContext(address)
        context_token = current_log_context.set(log_context)
        traffic = Traffic(scope)
        try:
            await self._serve(scope, traffic.received(receive), traffic.sent(send), headers, id_, log_context)
        finally:
            current_log_context.reset(context_token)
            request_id.reset(token)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, headers: RequestHeaders, id_: str, log_context: LogContext
    ) -> None:
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._completed(message.get("headers", ()), headers, id_)
            await send(message)

        try:
            if scope["type"] == "http" and is_preflight(scope["method"], headers):
                await _answer_preflight(self._cors.headers_of_preflight(headers), send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        except asyncio.CancelledError:  # by the server, which stops and has waited for long enough
            if scope["type"] == "http" and not status:
                await error_response(server_stops())(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001  the last door: nothing leaves unanswered
            if scope["type"] == "http" and not status:
                await error_response(refusal_of(error))(scope, receive, send_with_headers)
            else:
                await _break_off(scope, send, error)
        finally:
            if scope["type"] == "http":
                seconds = time.perf_counter() - started
                count_request(scope, status, None if scope["state"].get("is_stream") else seconds)
                if log.is_enabled_for(logging.INFO):
                    log.info(
                        "request",
                        method=scope["method"],
                        path=redact_path(scope["path"]),
                        status=status,
                        ms=round(seconds * 1000, 1),
                        **log_context.line(),
                    )

    def _completed(self, answer: Iterable[tuple[bytes, bytes]], headers: RequestHeaders, id_: str) -> RawHeaders:
        """What every answer says; the names of its own headers are in lower case (ASGI)."""
        raw = [(b"x-request-id", id_.encode())]
        varies = [b"Origin"]  # also where any may call: without an Origin nothing is said
        for name, value in answer:
            if name == b"vary":
                varies.insert(-1, value)
            else:
                raw.append((name, value))
        raw.append((b"vary", b", ".join(varies)))
        if (origin := headers.get("origin")) is not None:
            raw += [
                (name.lower().encode(), value.encode()) for name, value in self._cors.headers_of_answer(origin).items()
            ]
        if self._draining.has_begun:
            raw.append((b"connection", b"close"))  # what is asked next goes to another server
        return raw


class AuthenticationMiddleware:
    """Finds out who calls: `state.viewer`, or `state.viewer_refusal` with what is wrong about the token.

    That takes the database: what is the same for everybody does without, and answers whatever the database does; so does
    what comes to an upload's address with a signature.
    """

    def __init__(self, app: ASGIApp, auth: AuthServices, settings: Settings) -> None:
        self._app = app
        self._auth = auth
        self._seconds = settings.operation_timeout.total_seconds() or None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            state = scope.setdefault("state", {})
            state["viewer"] = state["viewer_refusal"] = None
            authorization = request_headers(scope).get("authorization")
            if authorization and not _needs_nobody(scope):
                await self._find(state, authorization)
        await self._app(scope, receive, send)

    async def _find(self, state: dict[str, Any], authorization: str) -> None:
        try:
            state["viewer"] = await with_timeout(self._seconds, find_viewer(self._auth, authorization))
            if state["viewer"] is not None and (log_context := current_log_context.get()) is not None:
                log_context.user = state["viewer"].user_id
        except TimeoutError:
            message = "Who calls could not be found out in time: try again later."
            state["viewer_refusal"] = Refusal(ErrorCode.TIMED_OUT, message)
        except Exception as error:  # noqa: BLE001  while nobody can be found, what needs nobody still works
            state["viewer_refusal"] = refusal_of(error)


def _needs_nobody(scope: Scope) -> bool:
    """Whether the answer is the same whoever calls; deletions are noted under the name of who did them."""
    path = scope["path"]
    is_of_upload = scope.get("method") in _OF_UPLOADS and carries_right(path)
    return is_of_upload or path in _FOR_EVERYBODY or path.startswith("/graphql/assets/")


async def _break_off(scope: Scope, send: Send, error: Exception) -> None:
    """End what has begun and cannot be ended well: a socket with 1011; an answer without its end closes its connection."""
    log.error("unforeseen error", exc_info=error)
    if scope["type"] == "websocket":
        with suppress(Exception):  # it may be closed already
            await send({"type": "websocket.close", "code": 1011})


async def _answer_preflight(policy: dict[str, str], send: Send) -> None:
    """Any path, also an unknown one, and without a token: browsers send neither (Fetch, section 4.8)."""
    headers = MutableHeaders({**policy, "Content-Length": "0", "Vary": "Access-Control-Request-Headers"})
    await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
    await send({"type": "http.response.body", "body": b""})
