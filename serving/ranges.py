"""Range requests: the header as pairs of numbers, and several ranges as one multipart body."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from base.errors import ErrorCode
from serving.conditions import HttpRefusal

MAX_RANGES = 50
"""More ranges than this are answered with the whole (RFC 9110, section 14.2, on requests that waste resources)."""
_UNIT = re.compile(r"bytes[ \t]*=", re.IGNORECASE)
_RANGE = re.compile(r"([0-9]{0,30})-([0-9]{0,30})")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Bytes `start` to `end`, the latter excluded; never empty."""

    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start

    def content_range(self, total: int) -> str:
        """The value of Content-Range (RFC 9110, section 14.4)."""
        return f"bytes {self.start}-{self.end - 1}/{total}"


def parse_range(header: str, total: int) -> list[Span]:
    """The ranges that `header` asks for of `total` bytes; none means that the whole is to be sent.

    A header of another unit or form is ignored, as is one with more than 50 ranges, and any on an empty file, of
    which no range can be named. Several ranges come ascending; those that overlap or touch are joined.

    Raises:
        HttpRefusal: Status 416 with Content-Range, where no range lies within the file.

    Source: RFC 9110, sections 14.1.2, 14.2, 15.3.7.2 and 15.5.17.
    """
    unit = _UNIT.match(header)
    if unit is None or total == 0:
        return []
    parts = [part for part in (text.strip(" \t") for text in header[unit.end() :].split(",")) if part]
    matches = [_RANGE.fullmatch(part) for part in parts]
    if not 1 <= len(parts) <= MAX_RANGES or not all(match and _is_range(*match.groups()) for match in matches):
        return []
    spans = [_span(match[1], match[2], total) for match in matches if match]
    satisfiable = [span for span in spans if span.size > 0]
    if not satisfiable:
        message = f"No byte of this range exists: the file has {total}."
        raise HttpRefusal(
            ErrorCode.BAD_INPUT, message, "Range", headers={"Content-Range": f"bytes */{total}"}, status=416
        )
    return _joined(satisfiable)


@dataclass(frozen=True)
class Multipart:
    """Several spans as one body of type multipart/byteranges.

    Source: RFC 9110, section 14.6.
    """

    spans: Sequence[Span]
    total: int
    content_type: str
    boundary: str

    @property
    def media_type(self) -> str:
        return f"multipart/byteranges; boundary={self.boundary}"

    def header(self, span: Span) -> bytes:
        """What stands before the bytes of `span`."""
        lines = (
            f"--{self.boundary}",
            f"Content-Type: {self.content_type}",
            f"Content-Range: {span.content_range(self.total)}",
        )
        return ("\r\n".join(("", *lines, "", ""))).encode()

    @property
    def end(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()

    @property
    def size(self) -> int:
        """Bytes of the whole body."""
        return sum(len(self.header(span)) + span.size for span in self.spans) + len(self.end)


def _is_range(first: str, last: str) -> bool:
    return bool(first or last) and not (first and last and int(last) < int(first))


def _span(first: str, last: str, total: int) -> Span:
    if not first:
        return Span(max(total - int(last), 0), total)
    return Span(int(first), min(int(last) + 1, total) if last else total)


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined
