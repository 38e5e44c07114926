"""Scalars: moments, large integers, JSON, files."""

from datetime import UTC, datetime
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


def parse_instant(value: Any) -> datetime:
    """An RFC 3339 date-time with a zone. Raises GraphQLError for anything else."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = "A DateTime is written in RFC 3339 with its zone, for example 2026-11-21T10:00:00Z."
    raise GraphQLError(message)


def parse_big_int(value: Any) -> int:
    """A JSON number without fraction. Raises GraphQLError outside of ±(2^53 - 1)."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        message = "A BigInt is a whole number of at most 2^53 - 1."
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
        name="DateTime", description="RFC 3339, always UTC, ends in Z.", serialize=rfc3339, parse_value=parse_instant
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        serialize=int,
        parse_value=parse_big_int,
        description="Integer up to 2^53 - 1, a JSON number (GraphQL's Int ends at 2^31 - 1). Sizes are bytes.",
    ),
    Json: strawberry.scalar(
        name="JSON", description="Any JSON value.", serialize=lambda value: value, parse_value=parse_json
    ),
    FileUpload: strawberry.scalar(
        name="FileUpload",
        parse_value=parse_file,
        description="A file part of a multipart request (GraphQL multipart request specification).",
    ),
}
