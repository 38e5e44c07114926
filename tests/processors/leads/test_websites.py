"""Websites to their host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.leads.websites import FoundWebsite, read_host, read_website


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


@pytest.mark.parametrize(
    "profile",
    [
        "https://www.linkedin.com/in/olga-brandt",
        "de.linkedin.com/in/olga",
        "https://www.xing.com/profile/Olga_Brandt",
        "github.com/olga",
        "https://x.com/olga",
        "instagram.com/olga",
        "https://fosstodon.org/@olga",
        "https://forms.gle/abc",
    ],
)
def test_a_page_at_a_shared_host_is_a_profile(profile: str) -> None:
    assert read_website(profile) == FoundWebsite(profile=profile)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("linkedin.com", FoundWebsite(rest="linkedin.com")),
        ("gmail.com", FoundWebsite(rest="gmail.com")),
        ("none", FoundWebsite(rest="none")),
        ("https://www.Acme.example.com/shop", FoundWebsite("acme.example.com")),
        ("acme.de; https://www.linkedin.com/in/olga", FoundWebsite("acme.de", "https://www.linkedin.com/in/olga")),
        ("acme.de / beta.de", FoundWebsite("acme.de", rest="beta.de")),
        ("www.acme.de (shop)", FoundWebsite("acme.de", rest="shop")),
    ],
)
def test_what_is_no_website_is_kept(cell: str, expected: FoundWebsite) -> None:
    assert read_website(cell) == expected


def test_a_shared_host_is_the_website_of_who_has_an_address_there() -> None:
    assert read_website("github.com", "github.com") == FoundWebsite("github.com")
