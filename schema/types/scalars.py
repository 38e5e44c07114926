"""Scalars: moments, large integers, JSON."""

from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from base.errors import rfc3339

BigInt = NewType("BigInt", int)
Json = NewType("Json", object)

_LARGEST = 2**53 - 1


def parse_instant(value: Any) -> datetime:
    """An RFC 3339 date-time with a zone. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    if moment is None or moment.tzinfo is None:
        message = "A DateTime is written in RFC 3339 with its zone, for example 2026-11-21T10:00:00Z."
        raise ValueError(message)
    return moment.astimezone(UTC)


def parse_big_int(value: Any) -> int:
    """A JSON number without fraction. Raises ValueError outside of ±(2^53 - 1)."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        message = "A BigInt is a whole number of at most 2^53 - 1."
        raise ValueError(message)
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime", description="RFC 3339, always UTC, ends in Z.", serialize=rfc3339, parse_value=parse_instant,
    ),
    BigInt: strawberry.scalar(
        name="BigInt", serialize=int, parse_value=parse_big_int,
        description="Integer up to 2^53 - 1, a JSON number (GraphQL's Int ends at 2^31 - 1). Sizes are bytes.",
    ),
    Json: strawberry.scalar(
        name="JSON", description="Any JSON value.", serialize=lambda value: value, parse_value=lambda value: value,
    ),
}
