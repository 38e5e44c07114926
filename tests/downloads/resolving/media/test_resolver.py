"""Videos of pages: what stands beside the files of a page, what takes their place, and yt-dlp itself where it is installed."""

import asyncio
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from base.words import LogLevel
from downloads.client import Client
from downloads.connections import open_connections
from downloads.failures import FetchFailed, SkipReason
from downloads.hosts import HostLimiter
from downloads.options import FetchOptions
from downloads.resolving.contract import Resolver
from downloads.resolving.media import program
from downloads.resolving.media.extraction import Answer, ExtractionFailed, Media, Question, extract
from downloads.resolving.media.resolver import PROCESSES_AT_ONCE, MediaResolver
from downloads.resolving.pages import PageResolver
from downloads.resolving.registry import is_media_known, load_resolvers
from egress.forward_proxy import ForwardLimits
from tests.downloads.resolving.conftest import Asking
from tests.downloads.servers_for_tests import Asked, Change, Origin, Reply, serving

ROOT = Path(__file__).parents[4]
HTML = b"<a href=one.zip>1</a>"
FILM = Media(
    url="http://cdn.example/x?y=z", page="http://a.example/", title="A/B: film", extension="mp4",
    headers=(("Referer", "http://a.example/"),),
)  # fmt: skip
STREAM = FILM.model_copy(update={"url": None, "title": "Live"})


def answering(*files: Media, is_generic: bool, error: str = "", unnamed: int = 0) -> MediaResolver:
    async def answer(_question: Question) -> Answer:
        return Answer(is_generic=is_generic, error=error, files=files, unnamed=unnamed)

    return MediaResolver(answer)


def page() -> Origin:
    return Origin(HTML, content_type="text/html")


async def test_of_a_site_that_is_known_its_videos_are_the_files(asking: Asking) -> None:
    async with serving(page()) as origin:
        resolvers: list[Resolver] = [answering(FILM, STREAM, is_generic=False, unnamed=7), PageResolver()]
        found = await asking.resolve(origin.url("/watch"), resolvers=resolvers)
        here = origin.url("/watch")

    film, stream = found.files
    assert (film.url, film.name, film.is_named, film.headers) == (FILM.url, "A_B_ film.mp4", True, FILM.headers)
    assert (film.will_download, film.is_page_wanted, film.is_first_origin) == (True, False, False)
    assert (stream.skip_reason, stream.name) == (SkipReason.STREAM, "Live.mp4")
    assert "Live.mp4" in (stream.skip_message or "")
    assert (found.unnamed, found.final_url, found.is_file) == (7, here, False)


async def test_of_another_page_they_stand_beside_its_files(asking: Asking) -> None:
    async with serving(page()) as origin:
        found = await asking.resolve(origin.url("/a/"), resolvers=[answering(FILM, is_generic=True), PageResolver()])
    assert [file.name for file in found.files] == ["one.zip", "A_B_ film.mp4"]


async def test_where_nothing_is_found_the_page_is_looked_through_and_its_owner_told(asking: Asking) -> None:
    async with serving(page()) as origin:
        resolvers: list[Resolver] = [answering(is_generic=False, error="This video is private"), PageResolver()]
        found = await asking.resolve(origin.url("/a/"), resolvers=resolvers)
    assert [file.name for file in found.files] == ["one.zip"]
    assert asking.warnings == ["yt-dlp, of the page: This video is private"]


async def test_where_yt_dlp_fails_the_page_is_looked_through(asking: Asking) -> None:
    async def fail(_question: Question) -> Answer:
        raise ExtractionFailed("it took more than 180 s")

    async with serving(page()) as origin:
        found = await asking.resolve(origin.url("/a/"), resolvers=[MediaResolver(fail), PageResolver()])
    assert [file.name for file in found.files] == ["one.zip"]
    assert asking.said == [(LogLevel.WARNING, "yt-dlp could not be asked about the page: it took more than 180 s.")]


def refusing(status: int) -> Change:
    return lambda _asked, _reply: Reply(status, [("Content-Length", "0")])


async def test_it_is_asked_of_a_page_that_is_forbidden_to_us(asking: Asking) -> None:
    async with serving(Origin(change=refusing(403))) as origin:
        resolvers: list[Resolver] = [answering(FILM, is_generic=False), PageResolver()]
        found = await asking.resolve(origin.url("/watch"), resolvers=resolvers)
        assert (found.final_url, len(origin.asked)) == (origin.url("/watch"), 1)
    assert [file.name for file in found.files] == ["A_B_ film.mp4"]


async def test_a_page_that_is_forbidden_fails_where_nothing_is_found_behind_it(asking: Asking) -> None:
    async with serving(Origin(change=refusing(403))) as origin:
        resolvers: list[Resolver] = [answering(is_generic=True), PageResolver()]
        with pytest.raises(FetchFailed, match="answered 403"):
            await asking.resolve(origin.url("/watch"), resolvers=resolvers)
        assert len(origin.asked) == 1


async def test_it_is_not_asked_of_a_page_that_is_not_there(asking: Asking) -> None:
    async with serving(Origin(change=refusing(404))) as origin:
        with pytest.raises(FetchFailed, match="answered 404"):
            await asking.resolve(origin.url("/watch"), resolvers=[MediaResolver(never), PageResolver()])


async def never(_question: Question) -> Answer:
    raise AssertionError


async def test_a_listing_is_not_asked_about(asking: Asking) -> None:
    listing = b"<title>Index of /a/</title><h1>Index of /a/</h1><pre><a href='../'>../</a>\n<a href='one.zip'>one.zip</a></pre>"
    async with serving(Origin(listing, content_type="text/html")) as origin:
        found = await asking.resolve(origin.url("/a/"), resolvers=[MediaResolver(never), PageResolver()])
    assert ([file.name for file in found.files], found.is_listing) == (["one.zip"], True)
    assert asking.warnings == []


@pytest.mark.parametrize(("path", "content_type"), [("/film.mp4", "text/html"), ("/film", "video/mp4")])
async def test_what_is_no_page_is_not_asked_about(asking: Asking, path: str, content_type: str) -> None:
    async with serving(Origin(b"film", content_type=content_type)) as origin:
        found = await asking.resolve(origin.url(path), resolvers=[MediaResolver(never), PageResolver()])
    assert found.is_file


@pytest.mark.parametrize(("agent", "asked_as"), [("Waybill", None), ("Mine/1", "Mine/1")])
async def test_the_question_has_no_credentials_and_a_proxy_that_leads_where_the_page_lies(
    asking: Asking, agent: str, asked_as: str | None
) -> None:
    questions: list[Question] = []

    async def answer(question: Question) -> Answer:
        questions.append(question)
        return Answer(is_generic=True, error="", files=(), unnamed=0)

    async with serving(page()) as origin:
        url = origin.url("/a/").replace("//", "//me:hush@")
        await asking.resolve(url, resolvers=[MediaResolver(answer)], user_agent=agent)
        assert questions[0].url == origin.url("/a/")
    assert questions[0].user_agent == asked_as
    assert questions[0].proxy.startswith("http://waybill:")
    assert questions[0].proxy not in repr(questions[0])


async def test_what_goes_through_the_proxy_takes_turns_with_all_transfers_from_its_host() -> None:
    hosts = HostLimiter(per_host=2)
    async with (
        serving(Origin()) as origin,
        open_connections(is_private_allowed=True) as connections,
        Client(connections, hosts, is_private_allowed=True).forward_proxy(FetchOptions()) as proxy,
        aiohttp.ClientSession() as asker,
    ):

        async def ask() -> bytes:
            async with asker.get(origin.url(), proxy=proxy) as response:
                return await response.read()

        async with hosts.slot("127.0.0.1"), hosts.slot("127.0.0.1"):
            asking = [asyncio.create_task(ask()) for _ in range(6)]
            await asyncio.sleep(0.1)
            assert (origin.asked, hosts.active("127.0.0.1")) == ([], 2)
        assert await asyncio.gather(*asking) == [origin.content] * 6
        assert origin.open_most <= 2


def test_headers_of_a_site_come_after_those_of_the_owner() -> None:
    options = FetchOptions(headers=(("referer", "mine"),)).with_headers((("Referer", "its"), ("Origin", "its")))
    assert options.headers == (("referer", "mine"), ("Origin", "its"))


def test_it_is_asked_before_pages_where_yt_dlp_is_installed() -> None:
    expected = [MediaResolver, PageResolver] if is_media_known() else [PageResolver]
    load_resolvers.cache_clear()
    assert [type(each) for each in load_resolvers()] == expected


def test_the_documentation_names_the_extra_and_its_limits() -> None:
    text = " ".join((ROOT / "docs" / "downloads.md").read_text().split())
    section = text.partition("## Videos of pages")[2].partition(" ## ")[0]
    extra = re.findall(r"--extra (\w+)", section)

    assert extra == list(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    for promise in (
        f"{program.MAX_FILES} videos", f"{Question('', '').seconds} s", f"{program.CPU_SECONDS} s of CPU",
        f"{program.MEMORY_BYTES // 2**30} GiB", f"{ForwardLimits().size_bytes // 2**20} MiB pass",
    ):  # fmt: skip
        assert promise in section, promise
    assert PROCESSES_AT_ONCE == 2


needs_yt_dlp = pytest.mark.skipif(not is_media_known(), reason="yt-dlp is not installed (the extra `media`).")
PIECES = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\none.ts\n#EXT-X-ENDLIST\n"
PLAYER = """<html><title>Holiday</title><script>jwplayer("p").setup({"sources": [SOURCES]});</script><a href=two.zip>2</a></html>"""


def showing(*sources: dict[str, Any]) -> Callable[[Asked, Reply], Reply]:
    """A site with a page whose script shows a player of `sources`, and with their files."""
    page = PLAYER.replace("[SOURCES]", json.dumps(sources)).encode()

    def change(asked: Asked, reply: Reply) -> Reply:
        is_page = asked.target == "/watch"
        body, kind = (page, "text/html") if is_page else (b"film", "video/mp4")
        if asked.target.endswith(".m3u8"):
            body, kind = PIECES, "application/vnd.apple.mpegurl"
        return Reply(200, [("Content-Type", kind), ("Content-Length", str(len(body)))], body)

    return change


@needs_yt_dlp
@pytest.mark.long
async def test_yt_dlp_finds_the_video_of_a_player(asking: Asking) -> None:
    async with serving(Origin(change=showing({"file": "/film?id=7", "type": "video/mp4"}))) as origin:
        found = await asking.resolve(origin.url("/watch"), resolvers=load_resolvers())
        assert [file.url for file in found.files] == [origin.url("/two.zip"), origin.url("/film?id=7")]
        assert any("User-Agent" in asked.headers and "Mozilla" in asked.headers["User-Agent"] for asked in origin.asked)
    film = found.files[1]
    assert (film.name, film.is_named, film.will_download, film.is_first_origin) == ("Holiday.mp4", True, True, True)
    assert "User-Agent" in dict(film.headers)
    assert asking.warnings == []


@needs_yt_dlp
@pytest.mark.long
async def test_yt_dlp_finds_the_video_of_a_player_that_is_shown_to_browsers_alone(asking: Asking) -> None:
    shown = showing({"file": "/film", "type": "video/mp4"})

    def change(asked: Asked, reply: Reply) -> Reply:
        is_browser = "Mozilla" in asked.headers.get("User-Agent", "")
        return shown(asked, reply) if is_browser else refusing(403)(asked, reply)

    async with serving(Origin(change=change)) as origin:
        found = await asking.resolve(origin.url("/watch"), resolvers=load_resolvers())
        assert [(file.name, file.url) for file in found.files] == [("Holiday.mp4", origin.url("/film"))]


@needs_yt_dlp
@pytest.mark.long
async def test_yt_dlp_does_not_reach_what_the_server_may_not_call() -> None:
    async with serving(Origin(change=showing({"file": "/film"}))) as origin, open_connections() as connections:
        client = Client(connections, HostLimiter())
        async with client.forward_proxy(FetchOptions()) as proxy:
            answer = await extract(Question(origin.url("/watch"), proxy))
    assert (answer.is_generic, answer.files) == (True, ())
    assert "403" in answer.error
    assert origin.asked == []


@needs_yt_dlp
@pytest.mark.long
async def test_yt_dlp_names_a_video_that_comes_in_pieces_with_its_reason(asking: Asking) -> None:
    async with serving(Origin(change=showing({"file": "/film.m3u8", "type": "hls"}))) as origin:
        found = await asking.resolve(origin.url("/watch"), resolvers=load_resolvers())
    two, film = found.files
    assert (two.name, two.will_download) == ("two.zip", True)
    assert (film.name, film.skip_reason) == ("Holiday", SkipReason.STREAM)
