"""Headers of the client's own."""

import pytest

from base.errors import ErrorCode, Refusal
from downloads.own_headers import MAX_HEADERS, check_headers


def test_good_headers_stay_and_lose_white_space_at_their_ends() -> None:
    assert check_headers([("X-Api-Key", " a b "), ("Cookie", "a=1; b=ü")]) == (
        ("X-Api-Key", "a b"),
        ("Cookie", "a=1; b=ü"),
    )


@pytest.mark.parametrize(
    "name",
    ["Host", "range", "If-Range", "Connection", "Transfer-Encoding", "content-length", "Proxy-Authorization", "TE"],
)
def test_what_belongs_to_the_connection_is_refused_with_its_place(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_headers([("X-A", "1"), (name, "x")], "input.options.headers")
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "input.options.headers.1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "x"),
        ("a b", "x"),
        ("a:b", "x"),
        ("ü", "x"),
        ("X-A", "secret\r\nHost: b"),
        ("X-A", "secret\0"),
        ("X-A", "secret" * 2_000),
    ],
)
def test_what_http_does_not_know_is_refused_without_repeating_the_value(name: str, value: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_headers([(name, value)])
    assert refused.value.code is ErrorCode.BAD_INPUT
    assert "secret" not in refused.value.message


def test_a_name_comes_once_and_not_too_many_come() -> None:
    with pytest.raises(Refusal, match="comes twice"):
        check_headers([("X-A", "1"), ("x-a", "2")])
    many = [(f"X-{number}", "1") for number in range(MAX_HEADERS + 1)]
    assert len(check_headers(many[:-1])) == MAX_HEADERS
    with pytest.raises(Refusal, match="At most"):
        check_headers(many)
