"""URLs as they go onto the wire."""

from base64 import b64encode

import pytest

from base.errors import ErrorCode, Refusal
from downloads.urls import follow, parse_address, shown_url, with_credentials


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("http://Example.COM", "http://example.com/"),
        ("HTTPS://example.com:8443/a", "https://example.com:8443/a"),
        ("  http://example.com/a b  ", "http://example.com/a%20b"),
        ("http://example.com/a'b(c).bin?s=%2f~%3D", "http://example.com/a'b(c).bin?s=%2f~%3D"),
        ("http://example.com/%28%7e%e2", "http://example.com/%28%7e%e2"),
        ("http://example.com/ü?ü", "http://example.com/%C3%BC?%C3%BC"),
        ("http://faß.example/", "http://xn--fa-hia.example/"),
        ("http://example.com/a#part", "http://example.com/a"),
        ("http://[2001:db8::1]:8080/a", "http://[2001:db8::1]:8080/a"),
        ("http://user:pass@example.com/a", "http://example.com/a"),
    ],
)
def test_a_url_is_quoted_once_and_otherwise_left_alone(text: str, wire: str) -> None:
    assert str(parse_address(text).url) == wire


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "ftp://example.com/a", "data:text/plain,a", "javascript:alert(1)", "gopher://h/"]
)
def test_other_schemes_are_not_allowed(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_address(text)
    assert refused.value.code is ErrorCode.URL_NOT_ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        "", "example.com/a", "//example.com/a", "http://", "http:///a", "http://a b/", "http://[::1/", "http://h:port/",
        "http://h:99999/", "http://h\\@g/", "http://a%00b/", "http://a..b/", "http://" + "a" * 9_000,
    ],
)  # fmt: skip
def test_what_is_no_url_is_bad_input(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_address(text)
    assert refused.value.code is ErrorCode.BAD_INPUT


def test_credentials_become_a_header_and_leave_the_url() -> None:
    address = parse_address("http://us%40er:p%C3%A4ss@example.com/a")

    assert address.authorization == "Basic " + b64encode("us@er:päss".encode()).decode()
    assert "us" not in str(address.url)


def test_a_url_is_shown_without_credentials() -> None:
    assert shown_url("http://user:p@ss@example.com/a?b") == "http://example.com/a?b"
    assert shown_url("http://[") == ""


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "http://example.com/b"),
        ("b?c", "http://example.com/dir/b?c"),
        ("?c", "http://example.com/dir/a?c"),
        ("//other.example/b", "http://other.example/b"),
        ("https://other.example/b%28", "https://other.example/b%28"),
        ("/a b", "http://example.com/a%20b"),
        (b"/\xfc".decode("utf-8", "surrogateescape"), "http://example.com/%FC"),
        ("/ü", "http://example.com/%C3%BC"),
    ],
)
def test_a_redirect_is_followed_byte_by_byte(location: str, target: str) -> None:
    assert str(follow(parse_address("http://example.com/dir/a"), location).url) == target


def test_a_dot_at_the_end_makes_no_other_host() -> None:
    assert parse_address("http://example.com./a").host == parse_address("http://EXAMPLE.com/").host == "example.com"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://us%40er:p@ss@example.com/", "http://us%40er:p@ss@example.com:80/b?c@d"),
        ("http://example.com/a@b", "http://example.com:80/b?c@d"),
    ],
)
def test_credentials_of_the_given_url_go_with_links_of_its_origin(given: str, expected: str) -> None:
    assert with_credentials("http://example.com:80/b?c@d", given) == expected
