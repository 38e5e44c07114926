"""The description of a file by its server: length, validators, type, name, digests."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from downloads.digests import ExpectedDigest, parse_digests
from downloads.disposition import is_attachment
from downloads.names import choose_name, expected_type
from egress.dates import parse_date
from serving.names import clean_content_type

STRONG_DATE_AGE = timedelta(seconds=60)
"""A file that changed less than so long before the answer could change again within the same second (RFC 9110, 8.8.2.2)."""
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
_UNSATISFIED = re.compile(r"bytes \*/(\d{1,18})")
_LENGTH = re.compile(r"\d{1,18}")
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e\x80-\uffff]*"')
NO_CODING = frozenset({"", "identity", "none"})


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The one range of a 206: bytes `start` to `end` (included) of `total`."""

    start: int
    end: int
    total: int


def parse_content_range(header: str | None) -> ByteRange | None:
    """The range that a 206 says it has; None for everything but `bytes start-end/total` in that order."""
    found = _CONTENT_RANGE.fullmatch((header or "").strip())
    if found is None:
        return None
    start, end, total = map(int, found.groups())
    return ByteRange(start, end, total) if start <= end < total else None


def unsatisfied_total(header: str | None) -> int | None:
    """The length that a 416 says (`bytes */N`); None where it says none."""
    found = _UNSATISFIED.fullmatch((header or "").strip())
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Representation:
    """A file as an answer describes it; the first answer's is kept, and every later one must agree with it.

    Attributes:
        url: The address that answered, after redirects, without credentials.
        name: Clean, to be shown and to be saved as.
        content_type: In lower case without parameters; None where the server says none.
        promised_type: What the link or header says by its extension; None where it says nothing.
        total: Bytes on the wire in all; None where the server does not say.
        etag: As sent, weak ones with `W/`.
        last_modified: As sent.
        if_range: The validator with which it can be resumed; None where there is none that is strong.
        codings: Content codings in the order in which they were applied.
        has_ranges: What Accept-Ranges says; None where it says nothing.
        digests: What the server says that the bytes amount to.
        is_attachment: It is to be saved, a page too, and not shown.
    """

    url: str
    name: str
    content_type: str | None = None
    promised_type: str | None = None
    total: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    if_range: str | None = None
    codings: tuple[str, ...] = ()
    has_ranges: bool | None = None
    digests: tuple[ExpectedDigest, ...] = ()
    is_attachment: bool = False

    @property
    def modified_at(self) -> datetime | None:
        return parse_date(self.last_modified)

    @property
    def is_resumable(self) -> bool | None:
        """Whether a break keeps what was fetched; None where only a break would show it."""
        if self.codings or self.total is None or self.if_range is None:
            return False
        return self.has_ranges

    @property
    def may_be_resumed(self) -> bool:
        """Whether it is worth asking for the rest."""
        return self.is_resumable is not False

    def is_same_file(self, other: Self) -> bool:
        """Whether both are the same bytes: length and both validators are equal, and none is there only once."""
        mine, theirs = (self.total, self.etag, self.last_modified), (other.total, other.etag, other.last_modified)
        return mine == theirs and not self.codings and not other.codings

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The reverse of `to_json`. Raises TypeError, KeyError or ValueError for anything else."""
        digests = tuple(ExpectedDigest(**each) for each in data["digests"])
        return cls(**{**data, "codings": tuple(data["codings"]), "digests": digests})


def describe(status: int, headers: Mapping[str, str], url: str) -> Representation:
    """What an answer of 200, 206 or 416 says of the file.

    Args:
        status: Of the answer.
        headers: Whose names do not tell case apart.
        url: The address that answered, without credentials.
    """
    content_type = clean_content_type(headers["Content-Type"]) if headers.get("Content-Type") else None
    disposition = headers.get("Content-Disposition")
    etag, last_modified = _text(headers.get("ETag")), _text(headers.get("Last-Modified"))
    return Representation(
        url=url,
        name=choose_name(disposition, url, content_type),
        content_type=content_type,
        promised_type=expected_type(disposition, url),
        total=_total(status, headers),
        etag=etag,
        last_modified=last_modified,
        if_range=_strong_validator(etag, last_modified, headers.get("Date")),
        codings=_codings(headers.get("Content-Encoding")),
        has_ranges=_has_ranges(status, headers.get("Accept-Ranges")),
        digests=parse_digests(headers, is_partial=status != 200),
        is_attachment=is_attachment(disposition),
    )


def _total(status: int, headers: Mapping[str, str]) -> int | None:
    if status == 206:
        part = parse_content_range(headers.get("Content-Range"))
        return part.total if part else None
    if status == 416:
        return unsatisfied_total(headers.get("Content-Range"))
    length = headers.get("Content-Length", "").strip()
    is_framed = "Transfer-Encoding" in headers
    return int(length) if not is_framed and _LENGTH.fullmatch(length) else None


def _strong_validator(etag: str | None, last_modified: str | None, date: str | None) -> str | None:
    """What may be sent as If-Range: a strong ETag, else a date that is old enough (RFC 9110, section 13.1.5)."""
    if etag is not None:
        return etag if _STRONG_ETAG.fullmatch(etag) else _old_date(last_modified, date)
    return _old_date(last_modified, date)


def _old_date(last_modified: str | None, date: str | None) -> str | None:
    changed, answered = parse_date(last_modified), parse_date(date)
    if changed is None or answered is None or answered - changed < STRONG_DATE_AGE:
        return None
    return last_modified


def _codings(header: str | None) -> tuple[str, ...]:
    named = (part.strip().lower() for part in (header or "").split(","))
    return tuple(coding for coding in named if coding not in NO_CODING)


def _has_ranges(status: int, header: str | None) -> bool | None:
    if status == 206:
        return True
    units = {unit.strip().lower() for unit in (header or "").split(",")}
    if "bytes" in units:
        return True
    return False if "none" in units else None


def _text(header: str | None) -> str | None:
    return (header or "").strip() or None
