"""Redirects: how far they are followed, and what goes along."""

from base64 import b64encode

import pytest

from base.errors import ErrorCode, Refusal
from downloads.client import MAX_REDIRECTS
from downloads.failures import FetchFailed
from tests.downloads.conftest import Fetching
from tests.downloads.servers_for_tests import OURS, Origin, redirecting, serving

CONTENT = b"content " * 10_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_by_get_byte_by_byte(fetching: Fetching, status: int) -> None:
    change = redirecting({"/file.bin": "/a'b(c)%28%7e.bin?s=%2f"}, status)
    async with serving(Origin(CONTENT, change=change)) as origin:
        file = await fetching.fetch(origin.url())
        assert [each.target for each in origin.asked] == ["/file.bin", "/a'b(c)%28%7e.bin?s=%2f"]
        assert file.file.url == origin.url("/a'b(c)%28%7e.bin?s=%2f")

    assert await fetching.content() == CONTENT


async def test_ten_redirects_are_followed_and_no_more(fetching: Fetching) -> None:
    chain = {f"/{number}": f"/{number + 1}" for number in range(MAX_REDIRECTS + 1)}
    async with serving(Origin(CONTENT, change=redirecting(chain))) as origin:
        await fetching.fetch(origin.url("/1"))
        assert len(origin.asked) == MAX_REDIRECTS + 1
        with pytest.raises(FetchFailed, match="redirects more than 10 times"):
            await fetching.fetch(origin.url("/0"))
        assert len(origin.asked) == 2 * (MAX_REDIRECTS + 1)


@pytest.mark.parametrize("location", ["file:///etc/hostname", "ftp://127.0.0.1/a", "data:text/plain,a"])
async def test_a_redirect_leads_to_no_other_scheme(fetching: Fetching, location: str) -> None:
    async with serving(Origin(CONTENT, change=redirecting({"/file.bin": location}))) as origin:
        with pytest.raises(Refusal) as refused:
            await fetching.fetch(origin.url())

    assert refused.value.code is ErrorCode.URL_NOT_ALLOWED


@pytest.mark.parametrize("location", ["http://[::1", "https://", "http://a b/", "https://host:99999/"])
async def test_a_redirect_to_what_is_no_url_is_the_fault_of_its_server(fetching: Fetching, location: str) -> None:
    async with serving(Origin(CONTENT, change=redirecting({"/file.bin": location}))) as origin:
        with pytest.raises(FetchFailed, match="The server answered 302, and no file") as failed:
            await fetching.fetch(origin.url())

    assert failed.value.code is ErrorCode.DOWNLOAD_FAILED


async def test_own_headers_and_credentials_go_to_the_first_origin_alone(fetching: Fetching) -> None:
    """Out and back again: the way back was chosen by somebody else."""
    headers = (("X-Api-Key", "secret"), ("Referer", "http://a/"), ("accept", "image/*"))
    async with serving(Origin(CONTENT)) as home, serving(Origin(CONTENT)) as away:
        home.change = redirecting({"/file.bin": "/second", "/second": away.url("/third")})
        away.change = redirecting({"/third": home.url("/fourth")})
        url = home.url().replace("http://", "http://user:pass@")
        file = await fetching.fetch(url, headers=headers, user_agent="Trial/1")

        assert [each.target for each in home.asked] == ["/file.bin", "/second", "/fourth"]
        for asked in home.asked[:2]:
            assert asked.headers["X-Api-Key"] == "secret"
            assert asked.headers["Accept"] == "image/*"
            assert asked.headers["Authorization"] == "Basic " + b64encode(b"user:pass").decode()
        for asked in (away.asked[0], home.asked[2]):
            assert asked.names == OURS
            assert (asked.headers["User-Agent"], asked.headers["Accept"]) == ("Trial/1", "*/*")
    assert "pass" not in str(file)


async def test_range_and_its_condition_go_along_every_hop(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as away, serving(Origin(CONTENT)) as home:
        home.change = redirecting({"/file.bin": away.url()})
        await fetching.fetcher.probe(home.url(), fetching.request("").options)

        assert away.asked[0].names == OURS | {"range"}
        assert home.ranges == away.ranges == ["bytes=0-0"]


async def test_credentials_in_a_redirect_are_used_for_it(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as away, serving(Origin(CONTENT)) as home:
        target = away.url().replace("http://", "http://user:pass@")
        home.change = redirecting({"/file.bin": target})
        file = await fetching.fetch(home.url())

        assert away.asked[0].headers["Authorization"] == "Basic " + b64encode(b"user:pass").decode()
        assert file.file.url == away.url()


async def test_a_cookie_lives_for_one_chain(fetching: Fetching) -> None:
    change = redirecting({"/file.bin": "/second"}, Set_Cookie="ticket=a1; Path=/")
    async with serving(Origin(CONTENT)) as away, serving(Origin(CONTENT, change=change)) as home:
        await fetching.fetch(home.url(), headers=(("Cookie", "mine=1"),))
        await fetching.fetch(home.url())
        assert [each.headers.get("Cookie") for each in home.asked] == ["mine=1", "mine=1; ticket=a1", None, "ticket=a1"]

        home.change = redirecting({"/file.bin": away.url().replace("127.0.0.1", "localhost")}, Set_Cookie="ticket=a1")
        await fetching.fetch(home.url())
        assert "Cookie" not in away.asked[0].headers
