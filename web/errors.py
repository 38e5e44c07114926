"""Refusals as HTTP answers: one JSON body on every byte route.

Anything unforeseen is masked, and logged.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from base.errors import ErrorCode, Refusal, error_extensions
from base.logging import log_refusal_code
from schema.errors import refusal_for_fault
from uploads.capability import redact_path
from web.audit import audit_refusal

_WHERE_THE_API_IS = (
    "There is nothing at this address. The API is GraphQL at /graphql: a browser shows its documentation there, and "
    "/schema.graphql is all of it. Files go to /files/ by tus; links to results, bundles and guides come from the API."
)
_HTTP_REFUSALS = {
    404: (ErrorCode.NOT_FOUND, _WHERE_THE_API_IS),
    405: (ErrorCode.METHOD_NOT_ALLOWED, "This address does not take this method; the Allow header has those it takes."),
}

Handler = Callable[[Request, Exception], Awaitable[Response]]


def error_response(refusal: Refusal) -> Response:
    """`{"error": {"code", "message", "timestamp", "requestId"}}` with the refusal's status and headers."""
    details: dict[str, Any] = {"message": refusal.message, **error_extensions(refusal)}
    log_refusal_code(refusal.code)
    return Response(
        orjson.dumps({"error": details}), refusal.http_status, headers_of(refusal), media_type="application/json"
    )


def headers_of(refusal: Refusal) -> dict[str, str]:
    """The headers of an answer that refuses: its own, when to come again, and how to say who one is."""
    headers = dict(refusal.headers)
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after)))
    if refusal.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def refusal_of(error: BaseException) -> Refusal:
    """What a client is told of `error`; the details of what was not foreseen go to the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, HTTPException):
        code, message = _HTTP_REFUSALS.get(error.status_code, (ErrorCode.BAD_INPUT, str(error.detail)))
        return Refusal(code, message, headers=dict(error.headers or {}))
    return refusal_for_fault(error)


async def answer_error(request: Request, error: Exception) -> Response:
    """Starlette's exception handler for refusals, its own HTTP errors, and everything else."""
    refusal = refusal_of(error)
    if refusal.code is ErrorCode.FORBIDDEN:
        await audit_refusal(
            getattr(request.state, "viewer", None),
            f"{request.method} {redact_path(request.url.path)}: {refusal.message}",
        )
    return error_response(refusal)
