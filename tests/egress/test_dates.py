"""Dates of HTTP headers."""

from datetime import UTC, datetime

from egress.dates import parse_date


def test_a_date_of_any_form_is_aware() -> None:
    for text in ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"):
        assert parse_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    assert parse_date("Sun, 06 Nov 1994 09:49:37 +0100") == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    assert parse_date("0") is None


def test_a_date_beyond_the_last_year_is_nonsense() -> None:
    assert parse_date("Fri, 31 Dec 9999 23:59:59 -1200") is None
    assert parse_date("Fri, 31 Dec 9999 23:59:59 GMT") is not None
