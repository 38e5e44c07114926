"""The right that an upload's URL carries: `{id}~{signature}`, valid as long as the upload exists, for nothing else.

There are two: all that a client does with its upload, and reading it only.
"""

import re
from urllib.parse import unquote, urlsplit

from auth.signatures import Signer
from base.errors import ErrorCode, Refusal

ROUTE = "/files"
_ALL, _READ = "upload", "read upload"
_SEGMENT = re.compile(r"(upload-[0-9]{10,12}-[0-9a-f]{12})(?:~([A-Za-z0-9_-]{43}))?")
_SIGNED = re.compile(r"(?:~|%7[Ee])[A-Za-z0-9_-]{8,}[^/?#\s]*")


def upload_path(signer: Signer, upload_id: str) -> str:
    """The path that any tus client can be given: it needs no token to send, read or end this upload."""
    return f"{ROUTE}/{upload_id}~{signer.sign(_ALL, upload_id)}"


def reading_path(signer: Signer, upload_id: str) -> str:
    """The path at which the finished upload can be read without a token, and nothing else be done."""
    return f"{ROUTE}/{upload_id}~{signer.sign(_READ, upload_id)}"


def split_segment(segment: str) -> tuple[str, str | None] | None:
    """The id and the signature, if any, of the path segment after `/files/`; None where it has another shape."""
    match = _SEGMENT.fullmatch(segment)
    return None if match is None else (match[1], match[2])


def id_in_url(url: str) -> str:
    """The id in an upload's URL, which may be absolute or relative; who may use it is not asked here.

    Raises:
        Refusal: UPLOAD_NOT_FOUND for any other URL.
    """
    try:
        segment = unquote(urlsplit(url).path).rpartition("/")[2]
    except ValueError:
        segment = ""
    named = split_segment(segment)
    if named is None:
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "One of the parts is no upload of this server.", "Upload-Concat")
    return named[0]


def is_signed(signer: Signer, upload_id: str, signature: str, *, is_reading: bool = False) -> bool:
    """Whether `signature` gives the right to `upload_id`, or at least that to read it."""
    is_valid = signer.is_valid(_ALL, upload_id, signature)
    return is_valid or (is_reading and signer.is_valid(_READ, upload_id, signature))


def redact_path(path: str) -> str:
    """`path`, whatever it is, as it may be logged: who reads the log must not be able to send in somebody's name."""
    return _SIGNED.sub("~…", path)
