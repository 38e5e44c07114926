"""Retry-After in its two forms."""

from datetime import UTC, datetime, timedelta

import pytest

from egress.retry_after import parse_retry_after

MOMENT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("99999999999", 1_000_000),
        ("Sun, 29 Nov 2026 12:01:00 GMT", 60),
        ("Sun, 29 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_seconds_and_moments_are_understood(text: str, seconds: int) -> None:
    assert parse_retry_after(text, MOMENT) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "²"])
def test_nonsense_is_nothing(text: str) -> None:
    assert parse_retry_after(text, MOMENT) is None
