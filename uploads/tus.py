"""The tus protocol, version 1.0.0: its headers as values, its refusals, and what it asks of CORS."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from base.errors import ErrorCode, Refusal

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation"
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
PARTIAL = "partial"

_DIGITS = re.compile(r"[0-9]{1,19}")
_MAX_NUMBER = 2**63 - 1
_FINAL = re.compile(r"final;\s*(\S.*)", re.DOTALL)

Headers = Mapping[str, str]
"""Looked up by name in lower case."""


@dataclass(frozen=True)
class Creation:
    """What a POST asks for.

    Attributes:
        length: Bytes of the file; None where it is told later, and for a concatenation.
        concat: The Upload-Concat header as it came; None where there is none.
        part_urls: What a concatenation is made of, in order; empty for everything else.
    """

    length: int | None
    concat: str | None = None
    part_urls: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """A piece of a concatenation to come."""
        return self.concat == PARTIAL


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


def creation_of(headers: Headers, max_size: int) -> Creation:
    """What is to be created.

    Raises:
        Refusal: BAD_INPUT: no length and no deferral, both, either with a concatenation, or no concatenation that is
            known; FILE_TOO_LARGE.

    Source: tus 1.0.0, Creation, POST; Concatenation, Upload-Concat.
    """
    concat = headers.get("upload-concat")
    final = _FINAL.fullmatch(concat.strip()) if concat else None
    if concat is not None and final is None and concat != PARTIAL:
        message = "Upload-Concat is “partial”, or “final;” and the addresses of the parts."
        raise Refusal(ErrorCode.BAD_INPUT, message, "Upload-Concat")
    length, is_deferred = number_of(headers, "Upload-Length"), _is_deferred(headers)
    if final is not None:
        if length is not None or is_deferred:
            message = "The length of a concatenation follows from its parts: do not send it."
            raise Refusal(ErrorCode.BAD_INPUT, message, "Upload-Length")
        return Creation(None, concat, tuple(final[1].split()))
    if (length is None) is not is_deferred:
        message = "Send either Upload-Length, the size of the file in bytes, or Upload-Defer-Length: 1."
        raise Refusal(ErrorCode.BAD_INPUT, message, "Upload-Length")
    if length is not None and length > max_size:
        raise too_large(max_size)
    return Creation(length, concat)


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


def date_of(moment: datetime) -> str:
    """`moment` as Upload-Expires has it (RFC 9110, section 5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


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


def checksum_mismatch(stored: int) -> Refusal:
    """The body is not what its checksum says; nothing of it was kept (tus 1.0.0, Checksum: 460)."""
    message = "The bytes that arrived do not have this checksum; none of them were kept. Send them again."
    return Refusal(ErrorCode.CHECKSUM_MISMATCH, message, "Upload-Checksum", headers={"Upload-Offset": str(stored)})


def cannot_patch_final() -> Refusal:
    """A concatenation takes no bytes of its own (tus 1.0.0, Concatenation: 403)."""
    return Refusal(ErrorCode.FORBIDDEN, "This upload is made of others: no bytes can be sent to it.")


def _is_deferred(headers: Headers) -> bool:
    """Whether the length is told later (tus 1.0.0, Creation, Upload-Defer-Length: the value must be 1)."""
    text = headers.get("upload-defer-length")
    if text not in {None, "1"}:
        raise Refusal(ErrorCode.BAD_INPUT, "Upload-Defer-Length can only be 1.", "Upload-Defer-Length")
    return text is not None
