"""Resolving: who is asked, what a URL itself is, what is selected of whatever a resolver found."""

import gzip
from collections.abc import Callable

import pytest

from base.errors import ErrorCode, Refusal
from downloads.failures import FetchFailed, SkipReason
from downloads.media_types import Category
from downloads.resolving.contract import MAX_FILES, MAX_NAMED, Link, Resolution, ResolvedFile
from tests.downloads.resolving.conftest import Asking
from tests.downloads.servers_for_tests import Asked, Change, Origin, Reply, cut_after, first, serving


class Leading:
    """A resolver that leads to these URLs."""

    def __init__(self, *urls: str, final_url: str | None = None, unnamed: int = 0) -> None:
        files = tuple(ResolvedFile(url=url, name="a") for url in urls)
        self.found = Resolution(files=files, final_url=final_url, unnamed=unnamed)

    async def resolve(self, link: Link) -> Resolution | None:
        return self.found


class Broken:
    async def resolve(self, link: Link) -> Resolution | None:
        raise ZeroDivisionError


class Reading:
    """A resolver that reads addresses, and keeps what came."""

    def __init__(self, *urls: str, most_bytes: int = 2**20) -> None:
        self.urls = urls
        self.most_bytes = most_bytes
        self.pages: list[tuple[bytes, str | None, bool]] = []

    async def resolve(self, link: Link) -> Resolution | None:
        for url in self.urls:
            page = await link.read(url, self.most_bytes)
            self.pages.append((page.content, page.charset, page.is_whole))
        return Resolution(files=())


def status(code: int) -> Change:
    return lambda _asked, _reply: Reply(code, [("Content-Length", "0")])


async def test_a_url_of_something_else_than_a_page_is_itself_the_file(asking: Asking) -> None:
    async with serving(Origin(b"a" * 5_000, content_type="application/pdf")) as origin:
        found = await asking.resolve(origin.url("/get?id=5").replace("//", "//user:pass@"))

        assert found.is_file
        assert found.final_url == origin.url("/get?id=5")
        [file] = found.files
        assert (file.url, file.name, file.content_type) == (origin.url("/get?id=5"), "get.pdf", "application/pdf")
        assert (file.size_bytes, file.will_download, file.is_first_origin) == (5_000, True, True)
        assert [(asked.method, asked.range) for asked in origin.asked] == [("GET", "bytes=0-0")]


@pytest.mark.parametrize(("path", "follow_links"), [("/photo.jpg", True), ("/album", False), ("/page.html", False)])
async def test_nothing_is_asked_where_it_would_change_nothing(asking: Asking, path: str, follow_links: bool) -> None:
    async with serving(Origin()) as origin:
        found = await asking.resolve(origin.url(path), follow_links=follow_links)

        assert (found.is_file, found.files[0].url, found.final_url) == (True, origin.url(path), None)
        assert origin.asked == []


async def test_a_url_that_cannot_be_asked_is_retried_and_then_an_error(asking: Asking) -> None:
    async with serving(Origin(change=first(2, status(500)))) as origin:
        assert (await asking.resolve(origin.url("/a"))).is_file
        assert len(asking.warnings) == 2
        origin.change = status(404)
        with pytest.raises(FetchFailed, match="nothing at this URL"):
            await asking.resolve(origin.url("/a"))
        origin.change, before = status(500), len(origin.asked)
        with pytest.raises(FetchFailed):
            await asking.resolve(origin.url("/a"), max_retries=0)
        assert len(origin.asked) == before + 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/b", "no url", "http://"])
async def test_what_may_not_be_asked_is_refused(asking: Asking, url: str) -> None:
    with pytest.raises(Refusal) as refused:
        await asking.resolve(url)
    assert refused.value.code in {ErrorCode.URL_NOT_ALLOWED, ErrorCode.BAD_INPUT}


async def test_links_are_named_once_and_only_those_of_http(asking: Asking) -> None:
    links = ("http://a.example/1#x", "http://a.example/1", "mailto:b@a.example", "http://", "HTTPS://B.example/ü?a b")
    found = await asking.resolve("http://a.example/", resolvers=[Leading(*links)])

    assert [file.url for file in found.files] == ["http://a.example/1", "https://b.example/%C3%BC?a%20b"]


async def test_credentials_are_for_links_of_the_first_origin_on_its_own_page(asking: Asking) -> None:
    links = ("http://a.example/1", "http://a.example:81/1", "https://a.example/1", "http://x:y@b.example/1")
    own = await asking.resolve("http://u:p@a.example/", resolvers=[Leading(*links, final_url="http://a.example/x")])
    led_away = await asking.resolve("http://a.example/", resolvers=[Leading(*links, final_url="http://b.example/")])

    assert [file.is_first_origin for file in own.files] == [True, False, False, False]
    assert not any(file.is_first_origin for file in led_away.files)
    assert "@" not in "".join(file.url for file in own.files)


async def test_links_are_skipped_by_their_extension_alone(asking: Asking) -> None:
    links = [f"http://a.example/{name}" for name in ("a.jpg", "b.PDF", "c.dat", "d", "e.zip")]
    found = await asking.resolve(
        "http://a.example/",
        resolvers=[Leading(*links)],
        categories=frozenset({Category.IMAGE}),
        excluded_extensions=frozenset({"dat"}),
    )

    assert [file.skip_reason for file in found.files] == [
        None, SkipReason.TYPE, SkipReason.EXTENSION, None, SkipReason.TYPE,
    ]  # fmt: skip
    assert found.files[1].skip_message == "The options leave documents out."


async def test_files_beyond_the_limit_are_skipped_and_beyond_many_more_only_counted(asking: Asking) -> None:
    links = [f"http://a.example/{number}" for number in range(MAX_NAMED + 7)]
    found = await asking.resolve("http://a.example/", resolvers=[Leading(*links, unnamed=3)])

    assert len(found.files) == MAX_NAMED
    assert all(file.will_download for file in found.files[:MAX_FILES])
    assert {file.skip_reason for file in found.files[MAX_FILES:]} == {SkipReason.LIMIT}
    assert found.unnamed == 10


async def test_a_resolver_that_fails_is_passed_over(asking: Asking) -> None:
    found = await asking.resolve("http://a.example/", resolvers=[Broken(), Leading("http://a.example/1")])

    assert len(found.files) == 1
    assert asking.warnings == ["The resolver Broken failed: the URL is taken without it."]


async def test_reading_takes_credentials_to_the_first_origin_alone(asking: Asking) -> None:
    async with serving(Origin()) as home, serving(Origin()) as away:
        reading = Reading(home.url("/1"), away.url("/2"))
        url = home.url("/").replace("//", "//user:pass@")
        await asking.resolve(url, resolvers=[reading], headers=(("X-Key", "secret"),))

        assert {"Authorization", "X-Key"} <= set(home.asked[0].headers)
        assert {"Authorization", "X-Key"}.isdisjoint(away.asked[0].headers)


CODED = gzip.compress(b"page" * 100_000)


@pytest.mark.parametrize(
    ("content", "coding", "most", "expected", "is_whole"),
    [
        (b"page" * 1_000, None, 4_000, b"page" * 1_000, True),
        (b"page" * 1_000, None, 3_999, b"page" * 999 + b"pag", False),
        (CODED, "gzip", 2**20, b"page" * 100_000, True),
        (CODED, "gzip", 8, b"pagepage", False),
    ],
)
async def test_a_page_is_read_without_its_coding_and_not_beyond_its_limit(
    asking: Asking, content: bytes, coding: str | None, most: int, expected: bytes, is_whole: bool
) -> None:
    def change(_asked: Asked, reply: Reply) -> Reply:
        return reply.set("Content-Encoding", coding)

    async with serving(Origin(content, content_type='text/html; charset="KOI8-R"', change=change)) as origin:
        reading = Reading(origin.url(), most_bytes=most)
        await asking.resolve(origin.url("/"), resolvers=[reading])

    assert reading.pages == [(expected, "koi8-r", is_whole)]


@pytest.mark.parametrize("change", [cut_after(1_000), lambda _asked, reply: reply.set("Content-Length", "99999")])
async def test_a_page_that_breaks_off_is_read_again(asking: Asking, change: Callable[[Asked, Reply], Reply]) -> None:
    async with serving(Origin(b"page" * 1_000, change=first(1, change))) as origin:
        reading = Reading(origin.url())
        await asking.resolve(origin.url("/"), resolvers=[reading])

    assert reading.pages == [(b"page" * 1_000, None, True)]
    assert len(asking.warnings) == 1


@pytest.mark.parametrize(("content", "coding"), [(CODED[:-20], "gzip"), (b"no gzip", "gzip"), (b"brotli", "br")])
async def test_a_page_whose_coding_is_broken_or_unknown_is_refused(asking: Asking, content: bytes, coding: str) -> None:
    def change(_asked: Asked, reply: Reply) -> Reply:
        return reply.set("Content-Encoding", coding)

    async with serving(Origin(content, change=change)) as origin:
        with pytest.raises(Refusal) as refused:
            await asking.resolve(origin.url("/"), resolvers=[Reading(origin.url())])
    assert refused.value.code is ErrorCode.CORRUPT_FILE
