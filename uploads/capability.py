"""Capability of an upload's URL, for this upload alone.

`{id}~{signature}` is that to all that a client does with its upload, as long as it exists. `{id}~{seconds}.{signature}` is
that to read it, until so many seconds after 1970.
"""

import re
from datetime import datetime
from urllib.parse import unquote, urlsplit

from auth.signatures import Signer
from base.errors import ErrorCode, Refusal

ROUTE = "/files"
_ALL, _READ = "upload", "read upload"
_SEGMENT = re.compile(r"(upload-[0-9]{10,12}-[0-9a-f]{12})(?:~((?:[0-9]{1,12}\.)?[A-Za-z0-9_-]{43}))?")
_SIGNED = re.compile(r"(?:~|%7[Ee])[A-Za-z0-9_-]{8,}[^/?#\s]*")


def upload_path(signer: Signer, upload_id: str) -> str:
    """The path that any tus client can be given: it needs no token to send, read or end this upload."""
    return f"{ROUTE}/{upload_id}~{signer.sign(_ALL, upload_id)}"


def reading_path(signer: Signer, upload_id: str, until: datetime) -> str:
    """The path at which the finished upload can be read without a token until a moment, and nothing else be done."""
    seconds = str(int(until.timestamp()))
    return f"{ROUTE}/{upload_id}~{seconds}.{signer.sign(_READ, f'{upload_id}:{seconds}')}"


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


def is_signed(signer: Signer, upload_id: str, signature: str) -> bool:
    """Whether `signature` gives all rights to `upload_id`."""
    return signer.is_valid(_ALL, upload_id, signature)


def end_of_reading(signer: Signer, upload_id: str, signature: str) -> int | None:
    """Until when `signature` gives the right to read `upload_id`, in seconds since 1970; None where it never did."""
    seconds, _, proof = signature.rpartition(".")
    return int(seconds) if seconds and signer.is_valid(_READ, f"{upload_id}:{seconds}", proof) else None


def is_of_uploads(path: str) -> bool:
    """Whether `path` is the collection of uploads or lies in it."""
    return path.startswith(f"{ROUTE}/") or path == ROUTE


def carries_right(path: str) -> bool:
    """Whether `path` is an upload's with a signature, good or not: who calls gives no right to it, and takes none."""
    named = split_segment(path.removeprefix(f"{ROUTE}/")) if path.startswith(f"{ROUTE}/") else None
    return named is not None and named[1] is not None


def redact_path(path: str) -> str:
    """`path`, whatever it is, as it may be logged: who reads the log must not be able to send in somebody's name."""
    return _SIGNED.sub("~…", path)
