"""Headers of the client's own for the first origin: which may be sent."""

import re
from collections.abc import Iterable

from base.errors import ErrorCode, Refusal

MAX_HEADERS = 50
MAX_CHARACTERS = 8_192
"""Of a name and its value together."""
RESERVED = frozenset(
    {
        "accept-encoding", "connection", "content-encoding", "content-length", "expect", "host", "http2-settings",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "te", "trailer", "transfer-encoding",
        "upgrade", "via",
    }
)  # fmt: skip
"""What belongs to the connection, to the host or to resuming (RFC 9110, sections 7.6.1, 13 and 14)."""
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")


def check_headers(headers: Iterable[tuple[str, str]], field: str = "headers") -> tuple[tuple[str, str], ...]:
    """The headers, with values stripped of white space at their ends.

    Raises:
        Refusal: BAD_INPUT, with `field` and the position, for a name or value that HTTP does not know, a reserved name, a
            name that comes twice, or too many of them. No value is repeated in the sentence.
    """
    checked: list[tuple[str, str]] = []
    seen: set[str] = set()
    for index, (name, value) in enumerate(headers):
        if (wrong := _why_not(name, value.strip(), seen)) is not None:
            raise Refusal(ErrorCode.BAD_INPUT, wrong, f"{field}.{index}")
        if len(checked) == MAX_HEADERS:
            raise Refusal(ErrorCode.BAD_INPUT, f"At most {MAX_HEADERS} headers can be sent.", field)
        seen.add(name.lower())
        checked.append((name, value.strip()))
    return tuple(checked)


def _why_not(name: str, value: str, seen: set[str]) -> str | None:
    if not _NAME.fullmatch(name):
        return "The name of a header is letters, digits and hyphens."
    if name.lower() in RESERVED:
        return f"{name} cannot be set: it belongs to the connection or to resuming."
    if name.lower() in seen:
        return f"{name} comes twice: join both values with a comma."
    if not _VALUE.fullmatch(value):
        return f"The value of {name} has control characters: leave them out."
    if len(name) + len(value) > MAX_CHARACTERS:
        return f"{name} has more than {MAX_CHARACTERS:,} characters."
    return None
