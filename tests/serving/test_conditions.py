from datetime import UTC, datetime

import pytest

from base.errors import ErrorCode
from serving.conditions import HttpRefusal, Validators, is_unchanged, may_send_range

OURS = Validators('"abc"', datetime(2025, 8, 7, 9, 35, 28, 500_000, UTC))
SAME, BEFORE, AFTER = (f"Thu, 07 Aug 2025 09:35:{second} GMT" for second in (28, 27, 29))


def test_last_modified_is_an_http_date() -> None:
    assert OURS.last_modified == SAME


@pytest.mark.parametrize("known", ['"abc"', 'W/"abc"', '"x", "abc"', '"x,y","abc"', "*", ' "abc" '])
def test_if_none_match_with_our_tag_is_unchanged(known: str) -> None:
    assert is_unchanged({"if-none-match": known}, OURS)


@pytest.mark.parametrize("known", ['"x"', "abc", '"ABC"', "", '"x\\"abc"'])
def test_if_none_match_with_other_tags_is_changed(known: str) -> None:
    assert not is_unchanged({"if-none-match": known}, OURS)


@pytest.mark.parametrize(
    ("since", "is_same"), [(SAME, True), (AFTER, True), (BEFORE, False), ("yesterday", False), ("", False)]
)
def test_if_modified_since_compares_whole_seconds(since: str, is_same: bool) -> None:
    assert is_unchanged({"if-modified-since": since}, OURS) is is_same


def test_if_modified_since_does_not_count_beside_if_none_match() -> None:
    assert not is_unchanged({"if-none-match": '"x"', "if-modified-since": AFTER}, OURS)


@pytest.mark.parametrize(
    "headers", [{"if-match": '"x"'}, {"if-match": 'W/"abc"'}, {"if-match": ""}, {"if-unmodified-since": BEFORE}]
)
def test_what_was_to_be_continued_and_has_changed_is_412(headers: dict[str, str]) -> None:
    with pytest.raises(HttpRefusal) as caught:
        is_unchanged(headers, OURS)
    assert (caught.value.http_status, caught.value.code) == (412, ErrorCode.INVALID_STATE)


@pytest.mark.parametrize(
    "headers",
    [{"if-match": '"abc"'}, {"if-match": "*"}, {"if-match": '"x", "abc"'}, {"if-unmodified-since": SAME},
     {"if-unmodified-since": "never"}, {"if-match": '"abc"', "if-unmodified-since": BEFORE}, {}],
)  # fmt: skip
def test_what_was_to_be_continued_and_is_the_same_goes_on(headers: dict[str, str]) -> None:
    assert not is_unchanged(headers, OURS)


@pytest.mark.parametrize(
    ("condition", "may"),
    [('"abc"', True), (SAME, True), ('W/"abc"', False), ('"x"', False), (AFTER, False), (BEFORE, False), ("", False)],
)
def test_if_range_wants_exactly_these_bytes(condition: str, may: bool) -> None:
    assert may_send_range({"if-range": condition}, OURS) is may


def test_a_range_without_if_range_may_be_sent() -> None:
    assert may_send_range({}, OURS)
