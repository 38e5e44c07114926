import pytest

from base.errors import ErrorCode
from serving.conditions import HttpRefusal
from serving.ranges import Multipart, Span, parse_range


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-9", [(0, 10)]),
        ("bytes=9-", [(9, 10)]),
        ("bytes=3-99999999999999999999", [(3, 10)]),
        ("bytes=-3", [(7, 10)]),
        ("bytes=-10", [(0, 10)]),
        ("bytes=-11", [(0, 10)]),
        ("BYTES=1-2", [(1, 3)]),
        ("bytes = 1-2", [(1, 3)]),
        ("bytes=,1-2 ,\t, 8-", [(1, 3), (8, 10)]),
        ("bytes=8-,1-2", [(1, 3), (8, 10)]),
        ("bytes=0-3,2-5", [(0, 6)]),
        ("bytes=0-3,4-5", [(0, 6)]),
        ("bytes=0-9,2-3", [(0, 10)]),
        ("bytes=0-1,20-30", [(0, 2)]),
        ("bytes=0-1,-0", [(0, 2)]),
    ],
)
def test_ranges_of_ten_bytes(header: str, spans: list[tuple[int, int]]) -> None:
    assert parse_range(header, 10) == [Span(*span) for span in spans]


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-4", "bytes=+1-2", "bytes=1-2x",
     "bytes=1--2", "bytes=\u0661-\u0662", "lines=0-1", "bytes:0-1", "bytes=0x1-2", "bytes=1 - 2", "bytes=" + "9" * 31 + "-",
     "bytes=" + ",".join(["0-0"] * 51)],
)  # fmt: skip
def test_what_is_no_range_is_ignored(header: str) -> None:
    assert parse_range(header, 10) == []


def test_fifty_ranges_are_still_taken() -> None:
    assert len(parse_range("bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(50)), 100)) == 50


@pytest.mark.parametrize(
    "header", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-", "bytes=10-,11-"]
)
def test_a_range_outside_of_the_file_is_416_with_its_size(header: str) -> None:
    with pytest.raises(HttpRefusal) as caught:
        parse_range(header, 10)
    refusal = caught.value
    assert (refusal.http_status, refusal.code, refusal.headers) == (
        416,
        ErrorCode.BAD_INPUT,
        {"Content-Range": "bytes */10"},
    )


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-1", "bytes=0-0"])
def test_a_range_of_an_empty_file_is_ignored(header: str) -> None:
    assert parse_range(header, 0) == []


def test_content_range_names_the_last_byte() -> None:
    assert Span(2, 5).content_range(10) == "bytes 2-4/10"


def test_a_multipart_body_says_of_each_part_what_it_is() -> None:
    parts = Multipart([Span(0, 1), Span(4, 6)], 10, "text/csv", "edge")
    body = parts.header(parts.spans[0]) + b"0" + parts.header(parts.spans[1]) + b"45" + parts.end
    assert body == (
        b"\r\n--edge\r\nContent-Type: text/csv\r\nContent-Range: bytes 0-0/10\r\n\r\n0"
        b"\r\n--edge\r\nContent-Type: text/csv\r\nContent-Range: bytes 4-5/10\r\n\r\n45\r\n--edge--\r\n"
    )
    assert parts.size == len(body)
