"""Scalars: moments, large integers, JSON, files."""

import re
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, NewType

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from base.errors import rfc3339
from uploads.body import IncomingFile

BigInt = NewType("BigInt", int)
Json = NewType("Json", object)
FileUpload = NewType("FileUpload", IncomingFile)

_LARGEST = 2**53 - 1
_DIGITS = re.compile(r"-?(?:0|[1-9][0-9]{0,15})")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]((?:[01][0-9]|2[0-3]):[0-5][0-9]):([0-5][0-9]|60)(?:\.([0-9]+))?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
"""Source: RFC 3339, section 5.6; the letters T and Z may be small."""
_BEFORE_LEAP_SECONDS = {(6, 30, 23, 59), (12, 31, 23, 59)}
"""Month, day, hour and minute in UTC that may end in one."""


def parse_instant(value: Any) -> datetime:
    """An RFC 3339 date-time. A leap second, which no clock here has, is the second after it, as POSIX counts.

    Raises:
        GraphQLError: For anything else; also for a second 60 where there can be none (RFC 3339, section 5.7).
    """
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    try:
        if match is not None:
            day, time, second, fraction, offset = match.groups()
            is_leap = second == "60"
            text = f"{day}T{time}:{'59' if is_leap else second}.{(fraction or '')[:6]:0<6}{offset.upper().replace('Z', '+00:00')}"
            moment = datetime.fromisoformat(text).astimezone(UTC)
            if not is_leap:
                return moment
            if (moment.month, moment.day, moment.hour, moment.minute) in _BEFORE_LEAP_SECONDS:
                return moment.replace(microsecond=0) + timedelta(seconds=1)
    except (ValueError, OverflowError):
        pass
    message = "A DateTime is written in RFC 3339, with date, time and offset, for example 2026-11-21T10:00:00Z."
    raise GraphQLError(message)


def parse_big_int(value: Any) -> int:
    """A whole number: of JSON, also as 5.0, or as decimal digits in a text. Raises GraphQLError outside of ±(2^53 - 1)."""
    if (isinstance(value, float) and value.is_integer()) or (isinstance(value, str) and _DIGITS.fullmatch(value)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        message = "A BigInt is a whole number from -(2^53 - 1) to 2^53 - 1; as a text, decimal digits alone."
        raise GraphQLError(message)
    return value


def parse_json(value: Any) -> Any:
    """Any JSON value that can be stored and sent again. Raises GraphQLError for one that cannot."""
    try:
        orjson.dumps(value)
    except TypeError:
        message = "This JSON nests too deep, or holds a number of more than 64 bits."
        raise GraphQLError(message) from None
    if not _is_finite(value):
        message = "This JSON holds a number that is too large to be one."
        raise GraphQLError(message)
    return value


def _is_finite(value: Any) -> bool:
    """Whether all numbers in a JSON value are finite: 1e999 in the text of a query is read as infinity."""
    match value:
        case float():
            return isfinite(value)
        case list():
            return all(map(_is_finite, value))
        case dict():
            return all(map(_is_finite, value.values()))
    return True


def parse_file(value: Any) -> Any:
    """A file part of the request. Raises GraphQLError for anything that can be written in JSON or in a query."""
    if not isinstance(value, IncomingFile):
        message = "A FileUpload is a file part of a multipart request."
        raise GraphQLError(message)
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        serialize=rfc3339,
        parse_value=parse_instant,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        description="RFC 3339, always UTC, ends in Z. With any offset on the way in.",
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        serialize=int,
        parse_value=parse_big_int,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc7493#section-2.2",
        description="Integer up to 2^53 - 1, a JSON number (GraphQL's Int ends at 2^31 - 1). Sizes are bytes. On the way in also "
        "decimal digits in a text.",
    ),
    Json: strawberry.scalar(
        name="JSON",
        serialize=lambda value: value,
        parse_value=parse_json,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        description="Any JSON value.",
    ),
    FileUpload: strawberry.scalar(
        name="FileUpload",
        parse_value=parse_file,
        specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
        description="A file part of a multipart request (GraphQL multipart request specification).",
    ),
}
