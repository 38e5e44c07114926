"""Refusals: code, HTTP status, and the exception that carries them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from base.addresses import shown_address
from base.logging import log_for, request_id, shortened, without_passwords

log = log_for(__name__)


class ErrorCode(StrEnum):
    """`extensions.code` in GraphQL and `error.code` on the byte routes: the same words on both."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    INVALID_TOKEN = "INVALID_TOKEN"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    FORBIDDEN = "FORBIDDEN"
    TASK_NOT_FOUND = "TASK_NOT_FOUND"
    BATCH_NOT_FOUND = "BATCH_NOT_FOUND"
    DOWNLOAD_NOT_FOUND = "DOWNLOAD_NOT_FOUND"
    UPLOAD_NOT_FOUND = "UPLOAD_NOT_FOUND"
    FILE_NOT_FOUND = "FILE_NOT_FOUND"
    WEBHOOK_NOT_FOUND = "WEBHOOK_NOT_FOUND"
    NOT_FOUND = "NOT_FOUND"
    INVALID_ID = "INVALID_ID"
    BAD_INPUT = "BAD_INPUT"
    INVALID_STATE = "INVALID_STATE"
    CANNOT_CANCEL = "CANNOT_CANCEL"
    CANNOT_PAUSE = "CANNOT_PAUSE"
    CANNOT_RESUME = "CANNOT_RESUME"
    CANNOT_RETRY = "CANNOT_RETRY"
    CANNOT_START = "CANNOT_START"
    DUPLICATE = "DUPLICATE"
    RESULT_NOT_READY = "RESULT_NOT_READY"
    RESULT_EXPIRED = "RESULT_EXPIRED"
    UPLOAD_EXPIRED = "UPLOAD_EXPIRED"
    OFFSET_MISMATCH = "OFFSET_MISMATCH"
    CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
    LOCKED = "LOCKED"
    UNSUPPORTED_VERSION = "UNSUPPORTED_VERSION"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    INSUFFICIENT_STORAGE = "INSUFFICIENT_STORAGE"
    LEASE_LOST = "LEASE_LOST"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    UNSUPPORTED_TYPE = "UNSUPPORTED_TYPE"
    CORRUPT_FILE = "CORRUPT_FILE"
    UNSAFE_ARCHIVE = "UNSAFE_ARCHIVE"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    URL_NOT_ALLOWED = "URL_NOT_ALLOWED"
    DOWNLOAD_FAILED = "DOWNLOAD_FAILED"
    PROCESSING_FAILED = "PROCESSING_FAILED"
    WORKER_LOST = "WORKER_LOST"
    TIMED_OUT = "TIMED_OUT"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    DATABASE_ERROR = "DATABASE_ERROR"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"


HTTP_STATUS = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.INVALID_TOKEN: 401,
    ErrorCode.INVALID_CREDENTIALS: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.TASK_NOT_FOUND: 404,
    ErrorCode.BATCH_NOT_FOUND: 404,
    ErrorCode.DOWNLOAD_NOT_FOUND: 404,
    ErrorCode.UPLOAD_NOT_FOUND: 404,
    ErrorCode.FILE_NOT_FOUND: 404,
    ErrorCode.WEBHOOK_NOT_FOUND: 404,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.INVALID_STATE: 409,
    ErrorCode.CANNOT_CANCEL: 409,
    ErrorCode.CANNOT_PAUSE: 409,
    ErrorCode.CANNOT_RESUME: 409,
    ErrorCode.CANNOT_RETRY: 409,
    ErrorCode.CANNOT_START: 409,
    ErrorCode.DUPLICATE: 409,
    ErrorCode.RESULT_NOT_READY: 409,
    ErrorCode.RESULT_EXPIRED: 410,
    ErrorCode.UPLOAD_EXPIRED: 410,
    ErrorCode.OFFSET_MISMATCH: 409,
    ErrorCode.CHECKSUM_MISMATCH: 460,
    ErrorCode.LOCKED: 423,
    ErrorCode.UNSUPPORTED_VERSION: 412,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.NOT_ACCEPTABLE: 406,
    ErrorCode.INSUFFICIENT_STORAGE: 507,
    ErrorCode.LEASE_LOST: 409,
    ErrorCode.FILE_TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_TYPE: 415,
    ErrorCode.QUOTA_EXCEEDED: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.GRAPHQL_VALIDATION_FAILED: 422,
    ErrorCode.QUERY_TOO_COMPLEX: 422,
    ErrorCode.PERSISTED_QUERY_NOT_FOUND: 422,
    ErrorCode.TIMED_OUT: 503,
    ErrorCode.INTERNAL_ERROR: 500,
    ErrorCode.DATABASE_ERROR: 500,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
}
"""The HTTP status of each code; one that is not listed is a 400 (`BAD_INPUT` at /graphql: see `web.statuses`)."""


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818  a refusal is an answer, not an error of the program
    """What the caller asked cannot be done; both doors (GraphQL and HTTP) translate it, nobody between catches it.

    Attributes:
        code: What a program branches on.
        message: One or two sentences for people: what is wrong and what to do; no paths, no stack traces.
        field: The input that is wrong, as the client wrote it (`input.uploadIds`), where there is one.
        retry_after: Seconds to wait before the same request can succeed, where waiting helps.
        headers: What the HTTP answer says besides, where a protocol obliges it (tus: Upload-Offset with a 409).
        status: Its HTTP status where the code alone does not tell.
    """

    code: ErrorCode
    message: str
    field: str | None = None
    retry_after: float | None = None
    headers: dict[str, str] = dataclass_field(default_factory=dict)
    status: int | None = None

    def __str__(self) -> str:
        return self.message

    @property
    def http_status(self) -> int:
        return self.status or HTTP_STATUS.get(self.code, 400)


def error_extensions(refusal: Refusal) -> dict[str, Any]:
    """What a client is told besides the sentence: `code`, `timestamp`, `requestId`, and `field`, `retryAfter` if any."""
    details: dict[str, Any] = {
        "code": str(refusal.code),
        "timestamp": rfc3339(datetime.now(UTC)),
        "requestId": request_id.get(),
        "field": refusal.field,
        "retryAfter": refusal.retry_after,
    }
    return {name: value for name, value in details.items() if value is not None}


def server_stops() -> Refusal:
    """This server begins nothing more: the same request succeeds at another one, or at this one once it is back."""
    return Refusal(ErrorCode.SERVICE_UNAVAILABLE, "The server is stopping: try again.", retry_after=2)


_ERROR_NUMBER = re.compile(r"\[Errno -?\d+\] |Error -?\d+ (?=connecting)")


@contextmanager
def translate_errors(sentence: str, address: str = "") -> Iterator[None]:
    """Translate whatever the block raises into a sentence for the operator; the traceback goes to the log at level debug.

    Raises:
        Refusal: SERVICE_UNAVAILABLE with `sentence`, `address` without its password and the reason, for any exception in
            the block.
    """
    try:
        yield
    except Exception as error:
        log.debug("could not start", exc_info=error)
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, f"{sentence} ({reason_of(error, address)}).") from error


def reason_of(error: BaseException, address: str = "") -> str:
    """What an exception says, for an operator: without passwords and numbers of errors, and with where that was."""
    words = _ERROR_NUMBER.sub("", without_passwords(str(error).partition("\n")[0]))
    reason = shortened(words) or type(error).__name__
    return f"{shown_address(address)}: {reason}" if address else reason


def rfc3339(moment: datetime) -> str:
    """`moment` (aware) in UTC with milliseconds, ending in `Z`: the one form in which times leave Waybill."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    text = orjson.dumps(in_utc).decode()  # as isoformat writes it, in half the time
    return text[1:24] + "Z" if moment.microsecond else text[1:20] + ".000Z"
