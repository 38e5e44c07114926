"""Reading what an answer says of a file."""

import orjson
import pytest
from multidict import CIMultiDict

from downloads.representation import ByteRange, Representation, describe, parse_content_range, unsatisfied_total
from tests.downloads.servers_for_tests import NOW, OLD

URL = "http://h/a.bin"
YOUNG = "Sun, 29 Nov 2026 11:59:30 GMT"


def described(status: int, headers: dict[str, str]) -> Representation:
    return describe(status, CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}), URL)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes 5-9/10", ByteRange(5, 9, 10)),
        (" bytes 0-0/1 ", ByteRange(0, 0, 1)),
        ("5-9/10", None),
        ("bytes=5-9/10", None),
        ("bytes 5-9/*", None),
        ("bytes 5-10/10", None),
        ("bytes 9-5/10", None),
        ("bytes */10", None),
        (f"bytes 0-1/{'9' * 30}", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_whole_content_range_counts(header: str | None, expected: ByteRange | None) -> None:
    assert parse_content_range(header) == expected


def test_a_416_may_say_the_length() -> None:
    assert unsatisfied_total("bytes */7") == 7
    assert unsatisfied_total("bytes 0-1/7") is None
    assert unsatisfied_total(None) is None


@pytest.mark.parametrize(
    ("status", "headers", "total"),
    [
        (200, {"Content_Length": "10"}, 10),
        (200, {"Content_Length": "0"}, 0),
        (200, {"Content_Length": "-1"}, None),
        (200, {"Content_Length": "ten"}, None),
        (200, {"Content_Length": "10", "Transfer_Encoding": "chunked"}, None),
        (200, {}, None),
        (206, {"Content_Length": "1", "Content_Range": "bytes 0-0/10"}, 10),
        (206, {"Content_Length": "1"}, None),
        (416, {"Content_Length": "99", "Content_Range": "bytes */0"}, 0),
    ],
)
def test_the_total_is_the_length_of_the_whole_file(status: int, headers: dict[str, str], total: int | None) -> None:
    assert described(status, headers).total == total


@pytest.mark.parametrize(
    ("headers", "if_range"),
    [
        ({"ETag": '"v1"'}, '"v1"'),
        ({"ETag": '"v1"', "Last_Modified": OLD, "Date": NOW}, '"v1"'),
        ({"ETag": 'W/"v1"'}, None),
        ({"ETag": "v1"}, None),
        ({"ETag": 'W/"v1"', "Last_Modified": OLD, "Date": NOW}, OLD),
        ({"Last_Modified": OLD, "Date": NOW}, OLD),
        ({"Last_Modified": YOUNG, "Date": NOW}, None),
        ({"Last_Modified": OLD}, None),
        ({"Last_Modified": "yesterday", "Date": NOW}, None),
        ({}, None),
    ],
)
def test_only_a_strong_validator_is_sent_back(headers: dict[str, str], if_range: str | None) -> None:
    assert described(200, headers).if_range == if_range


@pytest.mark.parametrize(
    ("headers", "resumable"),
    [
        ({"ETag": '"v1"', "Content_Length": "9", "Accept_Ranges": "bytes"}, True),
        ({"ETag": '"v1"', "Content_Length": "9"}, None),
        ({"ETag": '"v1"', "Content_Length": "9", "Accept_Ranges": "none"}, False),
        ({"ETag": 'W/"v1"', "Content_Length": "9", "Accept_Ranges": "bytes"}, False),
        ({"ETag": '"v1"', "Accept_Ranges": "bytes"}, False),
        ({"ETag": '"v1"', "Content_Length": "9", "Accept_Ranges": "bytes", "Content_Encoding": "gzip"}, False),
    ],
)
def test_resumable_is_told_as_far_as_it_is_known(headers: dict[str, str], resumable: bool | None) -> None:
    file = described(200, headers)

    assert file.is_resumable is resumable
    assert file.may_be_resumed is (resumable is not False)


@pytest.mark.parametrize(
    ("header", "codings"),
    [("gzip", ("gzip",)), ("GZIP , deflate", ("gzip", "deflate")), ("identity", ()), ("", ()), ("none", ())],
)
def test_codings_are_read_in_order(header: str, codings: tuple[str, ...]) -> None:
    assert described(200, {"Content_Encoding": header}).codings == codings


def test_it_goes_through_json_unchanged() -> None:
    file = described(
        200,
        {
            "ETag": '"v1"', "Last_Modified": OLD, "Date": NOW, "Content_Length": "9", "Content_Encoding": "gzip",
            "Content_Type": "Text/Plain; charset=utf-8", "Content_MD5": "XrY7u+Ae7tCTyyK7j1rNww==",
        },
    )  # fmt: skip

    assert Representation.from_json(orjson.loads(orjson.dumps(file.to_json()))) == file
    assert (file.content_type, file.name, len(file.digests)) == ("text/plain", "a.bin", 1)
