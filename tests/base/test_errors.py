"""Refusals: their status, what a client is told, and times as they leave."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from base.errors import HTTP_STATUS, ErrorCode, Refusal, error_extensions, rfc3339
from base.logging import request_id


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_is_its_own_name_and_has_a_status_of_a_refusal(code: ErrorCode) -> None:
    assert code.name == code.value == str(code)
    assert 400 <= Refusal(code, "Why.").http_status < 600


def test_a_code_without_a_status_of_its_own_is_400() -> None:
    assert ErrorCode.BAD_INPUT not in HTTP_STATUS
    assert Refusal(ErrorCode.BAD_INPUT, "Why.").http_status == 400


def test_a_client_is_told_what_there_is_and_no_more() -> None:
    token = request_id.set("one")
    try:
        told = error_extensions(Refusal(ErrorCode.LOCKED, "Wait.", "input.a", 0.5, {"X": "y"}))
        bare = error_extensions(Refusal(ErrorCode.LOCKED, "Wait."))
    finally:
        request_id.reset(token)

    assert told == {
        "code": "LOCKED", "timestamp": told["timestamp"], "requestId": "one", "field": "input.a", "retryAfter": 0.5,
    }  # fmt: skip
    assert set(bare) == {"code", "timestamp", "requestId"}
    assert set(error_extensions(Refusal(ErrorCode.LOCKED, "Wait."))) == {"code", "timestamp"}


def test_a_refusal_reads_as_its_sentence() -> None:
    assert str(Refusal(ErrorCode.LOCKED, "Wait.")) == "Wait."


def test_refusals_do_not_share_their_headers() -> None:
    Refusal(ErrorCode.LOCKED, "a").headers["X"] = "y"

    assert Refusal(ErrorCode.LOCKED, "b").headers == {}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 21, 10, 0, 0, 999_999, tzinfo=UTC), "2026-11-21T10:00:00.999Z"),
        (datetime(2026, 11, 21, 10, 0, 0, 999, tzinfo=UTC), "2026-11-21T10:00:00.000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
        (datetime(2026, 11, 21, 10, tzinfo=timezone(timedelta(hours=-3))), "2026-11-21T13:00:00.000Z"),
    ],
)
def test_times_leave_in_utc_with_milliseconds(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text
