"""What happens to every request: its id, who calls, CORS, one log line; errors of any depth are answered inside of it."""

import ipaddress
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth.callers import find_viewer
from auth.gate import Gate
from base.logging import log_for, request_id
from base.settings import Settings
from uploads import tus
from uploads.capability import redact_path
from web.errors import error_response, refusal_of
from web.metrics import count_request

log = log_for("web.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PAIR = re.compile(r'(proto|host)\s*=\s*"?([^";,\s]+)"?')
_ALLOWED_METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"


class Frame:
    """The outermost layer: request id, CORS, errors, access log."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._origins = settings.cors_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        id_ = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(id_)
        try:
            await self._serve(scope, receive, send, headers, id_)
        finally:
            request_id.reset(token)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: Headers, id_: str) -> None:
        started = time.perf_counter()
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-ID"] = id_
                answer.update(self._cors(headers.get("origin")))
                if "*" not in self._origins:
                    answer.add_vary_header("Origin")
            await send(message)

        try:
            if _is_preflight(scope, headers):
                await _preflight(scope, receive, send_framed)
            else:
                await self._app(scope, receive, send_framed)
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
                )

    def _cors(self, origin: str | None) -> dict[str, str]:
        if origin is None or not ("*" in self._origins or origin in self._origins):
            return {}
        return {
            "Access-Control-Allow-Origin": "*" if "*" in self._origins else origin,
            "Access-Control-Expose-Headers": ", ".join(tus.EXPOSED_HEADERS),
        }


class Callers:
    """Finds out who calls: `state.viewer`, or `state.viewer_refusal` with what is wrong about the token."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            state = scope.setdefault("state", {})
            state["viewer"] = state["viewer_refusal"] = None
            try:
                state["viewer"] = await find_viewer(self._gate, Headers(scope=scope).get("authorization"))
            except Exception as error:  # noqa: BLE001  while nobody can be found, what needs nobody still works
                state["viewer_refusal"] = refusal_of(error)
        await self._app(scope, receive, send)


async def _break_off(scope: Scope, send: Send, error: Exception) -> None:
    """End what has begun and cannot be ended well: a socket with 1011; an answer without its end closes its connection."""
    log.error("unforeseen error", exc_info=error)
    if scope["type"] == "websocket":
        with suppress(Exception):  # it may be closed already
            await send({"type": "websocket.close", "code": 1011})


def base_url_of(scope: Mapping[str, Any], public_url: str, trusted_proxies: Sequence[str]) -> str:
    """How the client reached us: scheme, host and prefix, without a slash at the end.

    PUBLIC_URL wins; forwarded headers count only when they come from a trusted proxy.
    """
    if public_url:
        return public_url
    headers = Headers(raw=list(scope["headers"]))
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    host = headers.get("host") or "{}:{}".format(*(scope.get("server") or ("127.0.0.1", 80)))
    if _is_trusted(scope.get("client"), trusted_proxies):
        told_scheme, told_host = _told_by_proxy(headers)
        scheme = told_scheme if told_scheme in {"http", "https"} else scheme
        host = told_host if _HOST.fullmatch(told_host) else host
    return f"{scheme}://{host}{scope.get('root_path', '')}"


def address_of(scope: Mapping[str, Any], trusted_proxies: Sequence[str]) -> str | None:
    """The network address of the client; None where the transport has none.

    X-Forwarded-For counts only from a trusted proxy, and of it the last address that is not one itself: whoever sends
    the request can write what stands before that.
    """
    client = scope.get("client")
    if client is None:
        return None
    told = ",".join(Headers(raw=list(scope["headers"])).getlist("x-forwarded-for")).split(",")
    address = str(client[0])
    while told and _is_trusted((address, 0), trusted_proxies):
        before = told.pop().strip()
        if not before:
            break
        address = before
    return address


def _told_by_proxy(headers: Headers) -> tuple[str, str]:
    """Scheme and host that the first proxy saw; empty where none says.

    Source: RFC 7239, section 4 (Forwarded); X-Forwarded-Proto and X-Forwarded-Host by convention, which win.
    """
    first = headers.get("forwarded", "").split(",")[0]
    pairs = dict(_PAIR.findall(first.lower()))
    scheme = headers.get("x-forwarded-proto") or pairs.get("proto", "")
    host = headers.get("x-forwarded-host") or pairs.get("host", "")
    return scheme.split(",")[0].strip().lower(), host.split(",")[0].strip()


def _is_trusted(client: tuple[str, int] | None, trusted_proxies: Sequence[str]) -> bool:
    if client is None or not trusted_proxies:
        return False
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in trusted_proxies)


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
        (b"access-control-allow-headers", ", ".join(tus.ALLOWED_HEADERS).encode()),
        (b"access-control-max-age", b"86400"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
