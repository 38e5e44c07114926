"""The tus protocol, version 1.0.0: its headers as values, its refusals, and what it asks of CORS."""

import re
from collections.abc import Mapping

from base.errors import ErrorCode, Refusal

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination"
"""What works; without spaces, because a client splits the list at the commas without trimming."""
CONTENT_TYPE = "application/offset+octet-stream"
METHODS = ("POST", "HEAD", "PATCH", "OPTIONS", "GET", "DELETE")
ALLOWED_HEADERS = (
    "Authorization", "Origin", "X-Requested-With", "X-Request-ID", "X-HTTP-Method-Override", "Content-Type",
    "Upload-Length", "Upload-Offset", "Tus-Resumable", "Upload-Metadata", "Upload-Defer-Length", "Upload-Concat",
    "Upload-Checksum", "Upload-Incomplete", "Upload-Complete", "Upload-Draft-Interop-Version", "Upload-Limit",
    "Content-Digest", "Repr-Digest", "Range", "If-Range", "If-None-Match",
)  # fmt: skip
"""What pages of other origins may send: everything that browser clients of tus do send."""
EXPOSED_HEADERS = (
    "Upload-Offset", "Location", "Upload-Length", "Tus-Version", "Tus-Resumable", "Tus-Max-Size", "Tus-Extension",
    "Tus-Checksum-Algorithm", "Upload-Metadata", "Upload-Defer-Length", "Upload-Concat", "Upload-Expires",
    "Upload-Incomplete", "Upload-Complete", "Upload-Draft-Interop-Version", "Upload-Limit", "Content-Disposition",
    "ETag", "Accept-Ranges", "Content-Range", "Retry-After", "X-Request-ID",
)  # fmt: skip
"""What pages of other origins may read."""

_DIGITS = re.compile(r"[0-9]{1,19}")
_MAX_NUMBER = 2**63 - 1

Headers = Mapping[str, str]
"""Looked up by name in lower case."""


def check_version(headers: Headers) -> None:
    """Refuse a client that does not speak 1.0.0.

    Raises:
        Refusal: UNSUPPORTED_VERSION with Tus-Version.

    Source: tus 1.0.0, Core Protocol, Tus-Resumable and Tus-Version.
    """
    if headers.get("tus-resumable") != VERSION:
        message = f"Send Tus-Resumable: {VERSION}; this server speaks no other version of tus."
        raise Refusal(ErrorCode.UNSUPPORTED_VERSION, message, "Tus-Resumable", headers={"Tus-Version": VERSION})


def effective_method(method: str, headers: Headers) -> str:
    """The method that is meant, where X-HTTP-Method-Override names one that a proxy would not let through."""
    return headers.get("x-http-method-override", method).strip().upper()


def number_of(headers: Headers, name: str) -> int | None:
    """The value of header `name`, ASCII digits and nothing else, at most 2**63 - 1; None where it is not sent.

    Raises:
        Refusal: BAD_INPUT: anything else, such as a sign, a space, a point or other scripts' digits.
    """
    text = headers.get(name.lower())
    if text is None:
        return None
    if _DIGITS.fullmatch(text) is None or int(text) > _MAX_NUMBER:
        raise Refusal(ErrorCode.BAD_INPUT, f"{name} must be a whole number of bytes.", name)
    return int(text)


def length_of_new(headers: Headers, max_size: int) -> int:
    """Bytes that a new upload will have.

    Raises:
        Refusal: BAD_INPUT without a length or with an extension that is not offered; FILE_TOO_LARGE.

    Source: tus 1.0.0, Creation, POST.
    """
    for name in ("Upload-Concat", "Upload-Defer-Length"):
        if name.lower() in headers:
            raise Refusal(ErrorCode.BAD_INPUT, f"This server does not offer {name}; see Tus-Extension.", name)
    length = number_of(headers, "Upload-Length")
    if length is None:
        raise Refusal(ErrorCode.BAD_INPUT, "Send Upload-Length, the size of the file in bytes.", "Upload-Length")
    if length > max_size:
        raise too_large(max_size)
    return length


def offset_of(headers: Headers) -> int:
    """Where the body of a PATCH begins.

    Raises:
        Refusal: BAD_INPUT without Upload-Offset.
    """
    offset = number_of(headers, "Upload-Offset")
    if offset is None:
        raise Refusal(ErrorCode.BAD_INPUT, "Send Upload-Offset, where these bytes belong.", "Upload-Offset")
    return offset


def has_content_type(headers: Headers) -> bool:
    """Whether the body is declared as bytes of an upload; parameters do not matter."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == CONTENT_TYPE


def wrong_type() -> Refusal:
    """The body is declared as something else (tus 1.0.0, Core Protocol, PATCH: 415)."""
    return Refusal(ErrorCode.UNSUPPORTED_TYPE, f"Send the bytes with Content-Type: {CONTENT_TYPE}", "Content-Type")


def too_large(max_size: int) -> Refusal:
    """The file is larger than this server takes (tus 1.0.0, Creation, POST: 413)."""
    message = f"The file is too large: this server takes at most {max_size} bytes."
    return Refusal(ErrorCode.FILE_TOO_LARGE, message, "Upload-Length", headers={"Tus-Max-Size": str(max_size)})


def too_long(stored: int) -> Refusal:
    """The body goes beyond Upload-Length; `stored` bytes were kept."""
    message = "The body goes beyond the length of the upload; nothing of the excess was kept."
    return Refusal(ErrorCode.FILE_TOO_LARGE, message, headers={"Upload-Offset": str(stored)})


def offset_mismatch(stored: int) -> Refusal:
    """The body does not begin where the stored bytes end (tus 1.0.0, Core Protocol, PATCH: 409)."""
    message = f"{stored} bytes are stored: go on from there."
    return Refusal(ErrorCode.OFFSET_MISMATCH, message, "Upload-Offset", headers={"Upload-Offset": str(stored)})
