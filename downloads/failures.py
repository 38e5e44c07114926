"""Failures of a transfer: code, sentence, and whether another try may help."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import aiohttp

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from egress.proxies import ProxyFailed
from egress.session import AddressRefused

log = log_for(__name__)

TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
LINK_GONE = frozenset({401, 403, 404, 410})
"""When asked for the rest: the link has expired, or leads nowhere; what was fetched is kept for a fresh one."""
_FORBIDDEN = 403
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""What a name server knows for sure; macOS has one number for both."""
_REASONS = {
    401: "it wants a sign-in: give the credentials as a header or in the URL",
    403: "it refuses: the link may have expired, or needs a sign-in",
    404: "there is nothing at this URL: check it",
    407: "a proxy on the way wants a sign-in",
    410: "the file was removed: ask for a fresh link",
    429: "it wants fewer requests: try again later",
    503: "it is overloaded or under repair: try again later",
}


class FetchFailed(Refusal):
    """A transfer that did not come to its end.

    Attributes:
        is_transient: The same request may succeed later.
        is_link_gone: The link of a transfer that had begun leads nowhere any more; what was fetched is kept, and goes on
            with a fresh link to the same bytes.
        is_forbidden: The server answered 403: as many sites do to every client that is no browser.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        is_transient: bool = False,
        is_link_gone: bool = False,
        is_forbidden: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message, retry_after=retry_after)
        self.is_transient = is_transient
        self.is_link_gone = is_link_gone
        self.is_forbidden = is_forbidden


_BAD_HTTP = "The server did not answer in good HTTP."


class SkipReason(StrEnum):
    """Why a file is not wanted, as `skipReason` tells it."""

    TYPE = "type"
    EXTENSION = "extension"
    SIZE = "size"
    DATE = "date"
    PAGE = "page"
    FOLDER = "folder"
    LIMIT = "limit"
    STREAM = "stream"
    DUPLICATE = "duplicate"


class FileSkipped(Exception):  # noqa: N818  a decision, not an error
    """The file is not one that was asked for; nothing of it is kept."""

    def __init__(self, reason: SkipReason, message: str, duplicate_of: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.duplicate_of = duplicate_of


def answered(status: int, *, is_resuming: bool, retry_after: float | None = None) -> FetchFailed:
    """The failure for an answer that has no file."""
    is_link_gone = is_resuming and status in LINK_GONE
    if is_link_gone:
        sentence = f"The server answered {status} when asked for the rest: give a fresh link to the same file to go on."
    elif status in _REASONS:
        sentence = f"The server answered {status}: {_REASONS[status]}."
    else:
        sentence = f"The server answered {status}, and no file."
    return FetchFailed(
        ErrorCode.DOWNLOAD_FAILED,
        sentence,
        is_transient=status in TRANSIENT_STATUSES,
        is_link_gone=is_link_gone,
        is_forbidden=status == _FORBIDDEN,
        retry_after=retry_after,
    )


def broken_off(received: int, total: int | None) -> FetchFailed:
    """The body ended before its end."""
    bytes_ = f"{received:,} bytes" if total is None else f"{received:,} of {total:,} bytes"
    message = f"The server broke off after {bytes_}: try again."
    return FetchFailed(ErrorCode.DOWNLOAD_FAILED, message, is_transient=True)


def bad_http() -> FetchFailed:
    """The answer is none that HTTP knows, or none to what was asked."""
    return FetchFailed(ErrorCode.DOWNLOAD_FAILED, _BAD_HTTP, is_transient=True)


def stalled(seconds: float) -> FetchFailed:
    message = f"The server sent less than 1 KiB a second for {seconds:g} s: try again, or allow a longer readTimeout."
    return FetchFailed(ErrorCode.TIMED_OUT, message, is_transient=True)


def out_of_time(seconds: float) -> FetchFailed:
    message = f"The file was not complete within {seconds:g} s: allow a longer timeout."
    return FetchFailed(ErrorCode.TIMED_OUT, message)


@contextmanager
def network_failures() -> Iterator[None]:
    """What asking and reading may raise becomes FetchFailed; details are in the log at level debug.

    To be put around the network alone: an OSError of a disk is none of these.
    """
    try:
        yield
    except (aiohttp.ClientError, OSError, EOFError, ValueError) as error:
        log.debug("a transfer failed", cause=type(error).__name__)  # its text may hold headers of ours
        raise _failure_of(error) from error


_FAILURES: tuple[tuple[type[Exception], ErrorCode, str, bool], ...] = (
    (
        aiohttp.ClientSSLError,
        ErrorCode.DOWNLOAD_FAILED,
        "The server's certificate is not good, or it speaks no TLS.",
        False,
    ),
    (
        TimeoutError,
        ErrorCode.TIMED_OUT,
        "The server did not answer in time: try again, or allow a longer connectTimeout or readTimeout.",
        True,
    ),
    (aiohttp.InvalidURL, ErrorCode.URL_NOT_ALLOWED, "This URL cannot be called: check its host.", False),
    (aiohttp.ClientConnectorError, ErrorCode.DOWNLOAD_FAILED, "The server could not be connected to.", True),
    (aiohttp.ClientResponseError, ErrorCode.DOWNLOAD_FAILED, _BAD_HTTP, True),
    (Exception, ErrorCode.DOWNLOAD_FAILED, "The connection to the server broke.", True),
)
"""The first row that fits tells code, sentence, and whether it may pass."""


def _failure_of(error: Exception) -> FetchFailed:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, AddressRefused):
        sentence = "This URL leads to an address that is not public: only the public internet can be fetched from."
        return FetchFailed(ErrorCode.URL_NOT_ALLOWED, sentence)
    if isinstance(cause, ProxyFailed):
        return FetchFailed(ErrorCode.DOWNLOAD_FAILED, cause.sentence, is_transient=cause.is_transient)
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return _unresolved(cause)
    code, sentence, is_transient = next(row[1:] for row in _FAILURES if isinstance(error, row[0]))
    return FetchFailed(code, sentence, is_transient=is_transient)


def _unresolved(cause: BaseException) -> FetchFailed:
    """A name that there is not stays so; a name server that did not answer may do so later."""
    if isinstance(cause, socket.gaierror) and cause.errno not in _NO_SUCH_NAME:
        sentence = "The name in this URL could not be looked up: try again later."
        return FetchFailed(ErrorCode.DOWNLOAD_FAILED, sentence, is_transient=True)
    return FetchFailed(ErrorCode.DOWNLOAD_FAILED, "The name in this URL is unknown: check it.")
