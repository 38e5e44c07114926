"""Forwarded headers, believed of trusted proxies alone."""

from typing import Any

import pytest

from web.proxies import address_of, base_url_of


def scope_from(client: str | None, *headers: tuple[str, str], **changes: Any) -> dict[str, Any]:
    raw = [(name.lower().encode(), value.encode()) for name, value in (("host", "inside:8000"), *headers)]
    return {
        "scheme": "http", "headers": raw, "server": ("127.0.0.1", 8000), "client": (client, 5) if client else None, **changes,
    }  # fmt: skip


RFC_7239 = ("Forwarded", 'for=192.0.2.1;Proto=https;host="a.example.com:8443", for=10.0.0.2;proto=http;host=b')
FORWARDED = (("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "files.example.com, other"))


@pytest.mark.parametrize(
    ("scope", "public_url", "proxies", "expected"),
    [
        (scope_from("10.0.0.1"), "", (), "http://inside:8000"),
        (scope_from("10.0.0.1", scheme="wss"), "", (), "https://inside:8000"),
        (scope_from("10.0.0.1", root_path="/waybill"), "", (), "http://inside:8000/waybill"),
        (scope_from("10.0.0.1", *FORWARDED), "", (), "http://inside:8000"),
        (scope_from("10.0.0.1", *FORWARDED), "", ("10.0.0.2",), "http://inside:8000"),
        (scope_from("10.0.0.1", *FORWARDED), "", ("10.0.0.0/8",), "https://files.example.com"),
        (scope_from("::1", *FORWARDED), "", ("10.0.0.0/8", "::1"), "https://files.example.com"),
        (scope_from("10.0.0.1", RFC_7239), "", ("10.0.0.0/8",), "https://a.example.com:8443"),
        (scope_from("10.0.0.1", RFC_7239), "", (), "http://inside:8000"),
        (scope_from("10.0.0.1", RFC_7239, *FORWARDED), "", ("10.0.0.0/8",), "https://files.example.com"),
        (scope_from("10.0.0.1", ("X-Forwarded-Host", "[::1]:80")), "", ("10.0.0.0/8",), "http://[::1]:80"),
        (scope_from("10.0.0.1", ("X-Forwarded-Host", "a/b?c")), "", ("10.0.0.0/8",), "http://inside:8000"),
        (scope_from("10.0.0.1", ("X-Forwarded-Proto", "javascript")), "", ("10.0.0.0/8",), "http://inside:8000"),
        (scope_from(None, *FORWARDED), "", ("10.0.0.0/8",), "http://inside:8000"),
        (scope_from("testclient", *FORWARDED), "", ("10.0.0.0/8",), "http://inside:8000"),
        (
            scope_from("10.0.0.1", *FORWARDED),
            "https://public.example.com/w",
            ("10.0.0.0/8",),
            "https://public.example.com/w",
        ),
        ({"scheme": "http", "headers": [], "server": ("127.0.0.1", 9000)}, "", (), "http://127.0.0.1:9000"),
        ({"scheme": "http", "headers": [], "server": None}, "", (), "http://127.0.0.1:80"),
    ],
)
def test_the_address_is_the_one_by_which_the_client_reached_us(
    scope: dict[str, Any], public_url: str, proxies: tuple[str, ...], expected: str
) -> None:
    assert base_url_of(scope, public_url, proxies) == expected


FOR = ("X-Forwarded-For", "203.0.113.7, 198.51.100.1, 10.0.0.9")


@pytest.mark.parametrize(
    ("scope", "proxies", "expected"),
    [
        (scope_from("192.0.2.1"), (), "192.0.2.1"),
        (scope_from("192.0.2.1", FOR), (), "192.0.2.1"),
        (scope_from("192.0.2.1", FOR), ("10.0.0.0/8",), "192.0.2.1"),
        (scope_from("10.0.0.1", FOR), ("10.0.0.0/8",), "198.51.100.1"),
        (scope_from("10.0.0.1", FOR), ("10.0.0.1",), "10.0.0.9"),
        (scope_from("10.0.0.1", FOR), ("10.0.0.0/8", "198.51.100.0/24", "203.0.113.0/24"), "203.0.113.7"),
        (scope_from("10.0.0.1", ("X-Forwarded-For", "a"), ("X-Forwarded-For", "198.51.100.1")), ("10.0.0.1",), "198.51.100.1"),
        (scope_from("10.0.0.1"), ("10.0.0.0/8",), "10.0.0.1"),
        (scope_from("10.0.0.1", ("X-Forwarded-For", "")), ("10.0.0.0/8",), "10.0.0.1"),
        (scope_from("10.0.0.1", ("X-Forwarded-For", "nonsense")), ("10.0.0.0/8",), "nonsense"),
        (scope_from("10.0.0.1", ("X-Forwarded-For", "198.51.100.1:4711")), ("10.0.0.0/8",), "198.51.100.1"),
        (scope_from("10.0.0.1", ("X-Forwarded-For", "[2001:db8::1]:4711")), ("10.0.0.0/8",), "2001:db8::1"),
        (scope_from("10.0.0.1", ("Forwarded", 'for="[2001:DB8::1]:4711";proto=https, for=10.0.0.3')), ("10.0.0.0/8",), "2001:db8::1"),
        (scope_from("10.0.0.1", ("Forwarded", "for=_hidden, for=10.0.0.3")), ("10.0.0.0/8",), "_hidden"),
        (scope_from("10.0.0.1", ("Forwarded", "for=192.0.2.9"), FOR), ("10.0.0.0/8",), "198.51.100.1"),
        (scope_from(None), (), None),
        (scope_from("testclient", FOR), ("10.0.0.0/8",), "testclient"),
    ],
)  # fmt: skip
def test_the_address_is_the_last_that_no_trusted_proxy_has(
    scope: dict[str, Any], proxies: tuple[str, ...], expected: str | None
) -> None:
    assert address_of(scope, proxies) == expected


PROXIES = ("10.0.0.0/8",)


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["nonsense"], "nonsense"),
        ("10.0.0.1", ["203.0.113.9,"], "10.0.0.1"),
        (None, ["203.0.113.9"], None),
    ],
)
def test_the_address_of_the_client_is_the_last_that_no_proxy_of_ours_has(
    client: str | None, forwarded: list[str], address: str | None
) -> None:
    scope = scope_from(client, *(("X-Forwarded-For", value) for value in forwarded))
    assert address_of(scope, PROXIES) == address
