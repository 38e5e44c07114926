"""Conditional requests: whether a client has the bytes already, and whether the part it has is of the same bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from base.errors import ErrorCode, Refusal

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@dataclass(eq=False)
class HttpRefusal(Refusal):
    """A refusal whose HTTP status means something to HTTP itself (412, 416), whatever its code."""

    status: int = 400

    @property
    def http_status(self) -> int:
        return self.status


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells one version of the bytes from another: `etag` is strong and stands between quotes."""

    etag: str
    modified_at: datetime

    @property
    def last_modified(self) -> str:
        """As an HTTP date (RFC 9110, section 5.6.7)."""
        return format_datetime(self.modified_at.astimezone(UTC), usegmt=True)

    @property
    def modified_second(self) -> datetime:
        """HTTP dates know whole seconds only."""
        return self.modified_at.replace(microsecond=0)


def is_unchanged(headers: Mapping[str, str], validators: Validators) -> bool:
    """Whether the client has these bytes already and 304 is the answer.

    Raises:
        HttpRefusal: Status 412: the client wants to go on only if nothing changed, and something did.

    Source: RFC 9110, section 13.2.2, whose order this is.
    """
    if (wanted := headers.get("if-match")) is not None:
        if not _names(wanted, validators.etag, is_weak_enough=False):
            raise _changed()
    elif (moment := _date(headers.get("if-unmodified-since"))) and validators.modified_second > moment:
        raise _changed()
    if (known := headers.get("if-none-match")) is not None:
        return _names(known, validators.etag, is_weak_enough=True)
    since = _date(headers.get("if-modified-since"))
    return since is not None and validators.modified_second <= since


def may_send_range(headers: Mapping[str, str], validators: Validators) -> bool:
    """Whether If-Range, where there is one, names these very bytes; if not, all of them are sent.

    Source: RFC 9110, section 13.1.5: strong comparison for a tag, an exact match for a date.
    """
    condition = headers.get("if-range")
    return condition is None or condition.strip() in {validators.etag, validators.last_modified}


def _names(header: str, etag: str, *, is_weak_enough: bool) -> bool:
    if header.strip() == "*":
        return True
    return any(tag == etag and (is_weak_enough or not weak) for weak, tag in _TAG.findall(header))


def _date(text: str | None) -> datetime | None:
    """An HTTP date; None for anything else, which is to be ignored."""
    try:
        moment = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _changed() -> HttpRefusal:
    return HttpRefusal(
        ErrorCode.INVALID_STATE, "The file is not the one that you began to read: read it anew.", status=412
    )
