"""Websites to their host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.leads.websites import read_host


@pytest.mark.parametrize(
    ("cell", "host"),
    [
        ("https://www.Example.com/shop?a=1#top", "example.com"),
        ("example.com", "example.com"),
        ("WWW.EXAMPLE.COM", "example.com"),
        ("//cdn.example.co.uk/x", "cdn.example.co.uk"),
        ("http://user:secret@example.com:8080/", "example.com"),
        ("example.com, ", "example.com"),
        ("example.com (shop)", "example.com"),
        ("www.de", "www.de"),
        ("müller.de", "müller.de"),
        ("xn--mller-kva.de", "xn--mller-kva.de"),
        ("http://192.0.2.1/", "192.0.2.1"),
        ("ｅｘａｍｐｌｅ．com", "example.com"),
    ],
)
def test_a_host_comes_out_of_any_address(cell: str, host: str) -> None:
    assert read_host(cell) == host


@pytest.mark.parametrize("cell", ["n/a", "none", "http://", "localhost", "anna@example.com", "a b c", "-x-.com", "1.2"])
def test_what_names_no_host_gives_none(cell: str) -> None:
    assert read_host(cell) is None


@given(st.text(max_size=60))
def test_a_host_is_a_fixed_point(text: str) -> None:
    host = read_host(text)
    assert host is None or read_host(host) in {host, host.removeprefix("www.")}
