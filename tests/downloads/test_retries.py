"""Pauses before a retry."""

from datetime import UTC, datetime

import pytest

from downloads.retries import MAX_PAUSE_SECONDS, backoff_seconds, retry_after_seconds

HERE = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5),
        (" 0 ", 0),
        ("99999", MAX_PAUSE_SECONDS),
        ("Sun, 29 Nov 2026 12:00:30 GMT", 30),
        ("Sunday, 29-Nov-26 12:00:30 GMT", 30),
        ("Sun Nov 29 12:00:30 2026", 30),
        ("Sun, 29 Nov 2026 11:00:00 GMT", 0),
        ("Tue, 29 Nov 2033 11:00:00 GMT", MAX_PAUSE_SECONDS),
        ("1.5", None),
        ("-1", None),
        ("+1", None),
        ("1, 2", None),
        ("2026-11-29T12:00:30Z", None),
        ("soon", None),
        ("Mon, 30 Feb 2026 12:00:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_whole_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, None, HERE) == seconds


def test_a_date_is_measured_by_the_clock_of_its_server() -> None:
    date = "Sun, 29 Nov 2026 12:00:30 GMT"

    assert retry_after_seconds(date, "Sun, 29 Nov 2026 12:00:20 GMT", HERE) == 10


def test_the_pause_doubles_with_a_quarter_of_jitter_up_to_an_hour() -> None:
    for retry, middle in ((1, 2.0), (2, 4.0), (3, 8.0)):
        pauses = [backoff_seconds(retry, 2.0) for _ in range(200)]
        assert middle * 0.75 <= min(pauses) < max(pauses) <= middle * 1.25
        assert len(set(pauses)) > 100
    assert backoff_seconds(1_000, 2.0) == MAX_PAUSE_SECONDS
