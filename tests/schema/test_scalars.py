"""Scalars DateTime, BigInt and JSON, in and out."""

from datetime import UTC, datetime, timedelta, timezone
from math import inf, nan
from typing import Any

import pytest
from graphql import GraphQLError

from schema.build import build_schema, print_schema
from schema.types.scalars import SCALARS, BigInt, Json, parse_big_int, parse_instant, parse_json


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T10:00:00Z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T10:00:00.123Z", datetime(2026, 11, 21, 10, 0, 0, 123_000, tzinfo=UTC)),
        ("2026-11-21T10:00:00+05:30", datetime(2026, 11, 21, 4, 30, tzinfo=UTC)),
        ("2026-11-21T23:00:00-02:00", datetime(2026, 11, 22, 1, tzinfo=UTC)),
        ("2026-11-21t10:00:00z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T10:00:00-00:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T10:00:00.1234567891Z", datetime(2026, 11, 21, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("1990-12-31T15:59:60.5-08:00", datetime(1991, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_with_its_zone_is_taken_in_utc(text: str, moment: datetime) -> None:
    assert parse_instant(text) == moment
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    ["", "now", "2026-11-21", "2026-11-21T10:00:00", "2026-02-30T10:00:00Z", "2026-11-21T25:00:00Z", 1_700_000_000, None, True,
     "20261121T100000Z", "2026-W47-6T10:00:00Z", "2026-325T10:00:00Z", "2026-11-21 10:00:00Z", "2026-11-21T10:00Z", "2026-11-21T10Z",
     "2026-11-21T24:00:00Z", "2026-11-21T10:00:00+0530", "2026-11-21T10:00:00+05", "2026-11-21T10:00:00+24:00", "2026-11-21T10:00:00,5Z",
     "2026-11-21T10:00:00.Z", "2026-11-21T10:60:00Z", "2026-11-21T10:00:60Z", "2026-06-29T23:59:60Z", "2026-11-21T10:00:61Z",
     " 2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z\n", "\u0662026-11-21T10:00:00Z", "+02026-11-21T10:00:00Z", "9999-12-31T23:59:60Z",
     "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", ["2026-11-21T10:00:00Z"]],
)  # fmt: skip
def test_anything_else_is_no_moment(value: Any) -> None:
    with pytest.raises(GraphQLError, match="RFC 3339"):
        parse_instant(value)


def test_a_moment_leaves_in_utc_with_milliseconds_and_z() -> None:
    moment = datetime(2026, 11, 21, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))

    assert SCALARS[datetime].serialize(moment) == "2026-11-21T08:00:00.000Z"  # type: ignore[misc]


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**53 - 1, 1 - 2**53])
def test_a_big_integer_is_taken_and_leaves_as_a_number(value: int) -> None:
    assert SCALARS[BigInt].serialize(parse_big_int(value)) == value  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "number"), [(1.0, 1), ("1", 1), ("-5", -5), ("0", 0), (1e3, 1000), (f"{2**53 - 1}", 2**53 - 1)]
)
def test_a_whole_number_is_taken_in_other_ways_of_writing_it(value: Any, number: int) -> None:
    taken = parse_big_int(value)
    assert (taken, type(taken)) == (number, int)


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**53), 10**30, True, None, [1], 12.5, "12.5", "", " 1", "1 ", "+1", "01", "-", "1_000", "1e3", "0x1", "\u0661",
     f"{2**53}", "9" * 5000, 1e300, inf, nan],
)  # fmt: skip
def test_anything_else_is_no_big_integer(value: Any) -> None:
    with pytest.raises(GraphQLError, match="whole number"):
        parse_big_int(value)


@pytest.mark.parametrize("value", [None, 1, 1.5, "é\0", [], {"a": [{"b": None}]}, 2**64 - 1, -(2**63)])
def test_json_is_taken_and_leaves_as_it_is(value: Any) -> None:
    assert SCALARS[Json].serialize(parse_json(value)) is value  # type: ignore[misc]


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("value", [inf, -inf, nan, {"a": [{"b": inf}]}])
def test_json_with_a_number_that_would_leave_as_null_is_refused(value: Any) -> None:
    with pytest.raises(GraphQLError, match="too large"):
        parse_json(value)


@pytest.mark.parametrize("value", [2**64, nested(300), {1: "a"}, "\ud800"])
def test_json_that_could_not_leave_again_is_refused(value: Any) -> None:
    with pytest.raises(GraphQLError, match="nests too deep"):
        parse_json(value)


def test_every_scalar_says_by_what_it_is_specified() -> None:
    printed = print_schema(build_schema())
    for name, url in (
        ("DateTime", "https://www.rfc-editor.org/rfc/rfc3339"), ("JSON", "https://www.rfc-editor.org/rfc/rfc8259"),
        ("BigInt", "https://www.rfc-editor.org/rfc/rfc7493#section-2.2"),
        ("FileUpload", "https://github.com/jaydenseric/graphql-multipart-request-spec"),
    ):  # fmt: skip
        assert (
            f'scalar {name}\n  @specifiedBy(\n    url: "{url}"' in printed
            or f'scalar {name} @specifiedBy(url: "{url}")' in printed
        )
    assert len(SCALARS) == 4
