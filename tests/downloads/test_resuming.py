"""Answers to a request for the rest, row by row: trusted or not."""

import dataclasses

import pytest
from multidict import CIMultiDict

from downloads.representation import describe
from downloads.resuming import RangeRequest, Verdict, judge
from tests.downloads.servers_for_tests import NOW, OLD

URL = "http://h/a.bin"
FIRST = {"ETag": '"v1"', "Last-Modified": OLD, "Date": NOW, "Content-Length": "10"}
GOOD = FIRST | {"Content-Range": "bytes 4-9/10", "Content-Length": "6"}
ASKED = RangeRequest(4, describe(200, CIMultiDict(FIRST), URL))


def verdict(status: int, headers: dict[str, str | None], asked: RangeRequest = ASKED) -> Verdict:
    sent = CIMultiDict({name: value for name, value in headers.items() if value is not None})
    return judge(asked, status, sent, describe(status, sent, URL))


def test_the_rest_of_the_same_file_is_appended() -> None:
    assert verdict(206, {**GOOD}) is Verdict.APPEND
    assert verdict(206, {**GOOD, "Content-Length": None}) is Verdict.APPEND


@pytest.mark.parametrize(
    "change",
    [
        {"ETag": '"v2"'},
        {"ETag": 'W/"v1"'},
        {"ETag": None},
        {"Last-Modified": "Thu, 02 Jan 2025 00:00:00 GMT"},
        {"Last-Modified": None},
        {"Content-Range": "bytes 4-10/11"},
        {"Content-Range": "bytes 3-9/10"},
        {"Content-Range": "bytes 5-9/10"},
        {"Content-Range": "bytes 4-8/10"},
        {"Content-Range": "bytes 4-9/*"},
        {"Content-Range": "4-9/10"},
        {"Content-Range": None},
        {"Content-Length": "5"},
        {"Content-Length": "7"},
        {"Content-Encoding": "gzip"},
        {"Content-Type": "multipart/byteranges; boundary=x"},
    ],
    ids=str,
)
def test_a_206_with_anything_else_in_it_is_never_joined(change: dict[str, str | None]) -> None:
    assert verdict(206, {**GOOD, **change}) is Verdict.RESTART


def test_a_validator_that_was_not_there_before_counts_as_another_file() -> None:
    bare = dict(FIRST) | {"ETag": None}
    asked = RangeRequest(4, describe(200, CIMultiDict({k: v for k, v in bare.items() if v is not None}), URL))

    assert verdict(206, {**GOOD}, asked) is Verdict.RESTART
    assert verdict(206, {**GOOD, "ETag": None}, asked) is Verdict.APPEND


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({**FIRST}, Verdict.ASK_PLAINLY),
        ({**FIRST, "ETag": '"v2"'}, Verdict.REPLACE),
        ({**FIRST, "Content-Length": "12"}, Verdict.REPLACE),
        ({**FIRST, "Content-Length": "6"}, Verdict.RESTART),
        ({**FIRST, "Content-Length": None}, Verdict.REPLACE),
        ({**FIRST, "Content-Encoding": "gzip"}, Verdict.REPLACE),
    ],
)
def test_a_200_is_the_whole_file_or_a_server_that_does_not_know_if_range(
    headers: dict[str, str | None], expected: Verdict
) -> None:
    assert verdict(200, headers) is expected


def test_a_200_without_if_range_is_the_whole_file() -> None:
    assert verdict(200, {**FIRST}, dataclasses.replace(ASKED, is_conditional=False)) is Verdict.REPLACE


@pytest.mark.parametrize("content_range", ["bytes */10", "bytes */4", None])
def test_a_416_is_no_success_while_bytes_are_missing(content_range: str | None) -> None:
    assert verdict(416, {"Content-Range": content_range}) is Verdict.RESTART


def test_the_request_names_range_and_validator() -> None:
    assert ASKED.headers == {"Range": "bytes=4-", "If-Range": '"v1"'}
    assert dataclasses.replace(ASKED, is_conditional=False).headers == {"Range": "bytes=4-"}
