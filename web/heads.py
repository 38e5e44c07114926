"""Heads of requests that are HTTP/1.1 as it is served here.

A head that two programs may read in two ways lets a request be smuggled past a proxy: such a one is no request.
"""

import re
from collections.abc import Sequence

from base.errors import ErrorCode, Refusal

_VERSIONS = {"1.0", "1.1"}
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
"""Source: RFC 3986, section 3.2.2; it may be empty."""
_OFFER = {b"upgrade", b"http2-settings"}
_METHODS = "GET, HEAD, QUERY, POST, PATCH, DELETE, OPTIONS"


def check_head(method: bytes, version: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Refuse a head before there is a request.

    Args:
        method: As it was sent.
        version: Of HTTP, such as `1.1`.
        headers: Names in lower case, values as they were sent, one for each line.

    Raises:
        Refusal: METHOD_NOT_ALLOWED for CONNECT, else BAD_INPUT.

    Source: RFC 9112, section 3.2 (Host), section 6.1 (Transfer-Encoding); RFC 9110, section 9.3.6 (CONNECT).
    """
    if version not in _VERSIONS:
        raise _bad(f"HTTP/{version} is not spoken here: send HTTP/1.1.")
    if method == b"CONNECT":
        message = "This server is no proxy and makes no tunnels."
        raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, message, headers={"Allow": _METHODS})
    hosts = [value.strip() for name, value in headers if name == b"host"]
    if len(hosts) != 1 and (hosts or version == "1.1"):
        raise _bad("Send exactly one Host header.")
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise _bad("The Host header is not the name of a host.")
    codings = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    if codings and (codings != [b"chunked"] or version == "1.0"):
        raise _bad("Send at most one Transfer-Encoding header, chunked, under HTTP/1.1.")


def head_without_offer(method: bytes, url: bytes, version: str, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The head of a request that offers another protocol, in bytes and without its offer.

    Source: RFC 9110, section 7.8 (Upgrade).
    """
    head = [method, b" ", url, b" HTTP/", version.encode(), b"\r\n"]
    for name, value in headers:
        tokens = value.split(b",") if name == b"connection" else []
        kept = b",".join(token for token in tokens if token.strip().lower() not in _OFFER) if tokens else value
        if name not in _OFFER:
            head += [name, b": ", kept, b"\r\n"]
    return b"".join([*head, b"\r\n"])


def _bad(message: str) -> Refusal:
    return Refusal(ErrorCode.BAD_INPUT, message)
