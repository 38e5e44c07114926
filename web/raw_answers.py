"""Error answers in raw bytes, for refusals before there is a request."""

import secrets

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from base.errors import Refusal
from base.logging import log_for, request_id
from web.errors import error_response

log = log_for("web.connection")


def raw_error(refusal: Refusal, status: int | None = None, *, is_logged: bool = False) -> bytes:
    """The answer that refuses, with an id of its own, and the end of its connection.

    Args:
        refusal: Why.
        status: Where the protocol obliges it, instead of that of the refusal.
        is_logged: Whether the log has a line about it, under that id.
    """
    id_ = secrets.token_hex(8)
    token = request_id.set(id_)
    try:
        if is_logged:
            log.info("no request", reason=refusal.message)
        answer = error_response(refusal)
    finally:
        request_id.reset(token)
    answer.headers.update({"X-Request-ID": id_, "Connection": "close"})
    lines = [name + b": " + value + b"\r\n" for name, value in answer.raw_headers]
    return b"".join([STATUS_LINE[status or refusal.http_status], *lines, b"\r\n", bytes(answer.body)])
