"""The HTTP door for refusals: one JSON body on every byte route; anything unforeseen is masked and logged."""

import math
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from base.errors import ErrorCode, Refusal, error_extensions
from base.logging import log_for, note_code
from models.database import refusal_of_database
from uploads.capability import redact_path
from web.refusals import note_refusal

log = log_for(__name__)

_HTTP_REFUSALS = {
    404: (ErrorCode.NOT_FOUND, "There is nothing at this address."),
    405: (ErrorCode.METHOD_NOT_ALLOWED, "This address does not take this method; the Allow header has those it takes."),
}

Handler = Callable[[Request, Exception], Awaitable[Response]]


def error_response(refusal: Refusal) -> Response:
    """`{"error": {"code", "message", "timestamp", "requestId"}}` with the refusal's status and headers."""
    details: dict[str, Any] = {"message": refusal.message, **error_extensions(refusal)}
    note_code(refusal.code)
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
    refusal = refusal_of_database(error)
    if refusal is not None and refusal.retry_after is not None:
        log.warning("the database is away or full", exc_info=error)
    else:
        log.error("unforeseen error", exc_info=error)
    message = "Something went wrong in the server. It was logged under the requestId."
    return refusal or Refusal(ErrorCode.INTERNAL_ERROR, message)


async def answer_error(request: Request, error: Exception) -> Response:
    """Starlette's exception handler for refusals, its own HTTP errors, and everything else."""
    refusal = refusal_of(error)
    if refusal.code is ErrorCode.FORBIDDEN:
        await note_refusal(
            getattr(request.state, "viewer", None),
            f"{request.method} {redact_path(request.url.path)}: {refusal.message}",
        )
    return error_response(refusal)
