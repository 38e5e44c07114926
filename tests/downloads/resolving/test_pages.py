"""Files of HTML pages, over the wire and as bytes; hostile pages too."""

import time
import tracemalloc
from collections.abc import Iterator

import pytest

from base.words import LogLevel
from downloads.failures import SkipReason
from downloads.representation import Representation
from downloads.resolving.contract import MAX_FILES, MAX_NAMED, MAX_PAGE_BYTES, Page, ResolvedFile
from downloads.resolving.pages import find_files
from tests.downloads.resolving.conftest import Asking
from tests.downloads.servers_for_tests import Asked, Origin, Reply, serving

URL = "http://a.example/dir/page"


def files_of(content: bytes | str, charset: str | None = None, url: str = URL) -> tuple[ResolvedFile, ...]:
    data = content if isinstance(content, bytes) else content.encode()
    return find_files(Page(Representation(url, "page"), data, charset, is_whole=True)).files


def urls_of(content: bytes | str, charset: str | None = None, url: str = URL) -> list[str]:
    return [file.url for file in files_of(content, charset, url)]


PAGE = """<!doctype html><title>Album</title><a href="one.zip">1</a><A HREF='/two.pdf'>2</A><a href=one.zip>again</a>
<img src="//b.example/three.jpg" srcset="three-1.jpg 1x, three-2.jpg 2x" alt="<a href=no>">
<picture><source srcset="four.webp 480w"><img src="four.jpg"></picture>
<video src="five.mp4" poster="five.jpg"><source src="five.webm"></video><audio src=six.mp3></audio>
<a href="#top">top</a><a href="page#part">self</a><a href="mailto:x@a.example">m</a><a href="javascript:void(0)">j</a>
<a href="ftp://a.example/f">ftp</a><a href="">none</a><a>no</a><img src="data:image/png;base64,AA">
<!-- <a href="comment.zip">c</a> --><script>'<a href="script.zip">'</script><a href="seven" download="Seven: 7.pdf">7</a>
<noscript><img src="eight.png"></noscript><a href="/nine?a=1&amp;b=2#x">9</a><a href=" ten.zip ">10</a><a href="http://[">bad</a>"""


async def test_a_page_stands_for_what_it_links_to_and_shows_each_once(asking: Asking) -> None:
    async with serving(Origin(PAGE.encode(), content_type="text/html; charset=utf-8")) as origin:
        found = await asking.resolve(origin.url("/dir/page"))
        here = origin.url("/dir/")

        assert [file.url.removeprefix(here) for file in found.files] == [
            "one.zip", origin.url("/two.pdf"), "http://b.example/three.jpg", "three-1.jpg", "three-2.jpg", "four.webp",
            "four.jpg", "five.mp4", "five.jpg", "five.webm", "six.mp3", "seven", "eight.png", origin.url("/nine?a=1&b=2"),
            "ten.zip",
        ]  # fmt: skip
        assert (found.is_file, found.final_url, found.unnamed) == (False, origin.url("/dir/page"), 0)
        assert {asked.method for asked in origin.asked} == {"GET"}
        assert [file.is_first_origin for file in found.files][:3] == [True, True, False]
        assert found.files[11].name == "Seven_ 7.pdf"
        assert not any(file.is_page_wanted for file in found.files)


@pytest.mark.parametrize(("disposition", "is_file"), [("attachment; filename=album.html", True), ("inline", False)])
async def test_a_page_that_is_offered_as_an_attachment_is_not_looked_through(
    asking: Asking, disposition: str, *, is_file: bool
) -> None:
    def offered(_asked: Asked, reply: Reply) -> Reply:
        return reply.set("Content-Disposition", disposition)

    async with serving(Origin(PAGE.encode(), content_type="text/html", change=offered)) as origin:
        found = await asking.resolve(origin.url("/album"))

    assert found.is_file is is_file
    assert (found.files[0].name == "album.html") is is_file


async def test_links_are_relative_to_the_page_after_redirects_and_to_its_base(asking: Asking) -> None:
    pages = {"/moved/": '<a href="a.zip">', "/based/": '<base href="/other/"><base href="/not/"><a href="b.zip">'}

    def change(asked: Asked, reply: Reply) -> Reply:
        if asked.target in {"/1", "/2"}:
            return Reply(302, [("Location", {"/1": "/moved/", "/2": "/based/"}[asked.target]), ("Content-Length", "0")])
        body = pages[asked.target].encode()
        return Reply(200, [("Content-Type", "text/html"), ("Content-Length", str(len(body)))], body)

    async with serving(Origin(change=change)) as origin:
        assert (await asking.resolve(origin.url("/1"))).files[0].url == origin.url("/moved/a.zip")
        assert (await asking.resolve(origin.url("/2"))).files[0].url == origin.url("/other/b.zip")


async def test_files_beyond_a_thousand_are_skipped_and_beyond_ten_thousand_counted(asking: Asking) -> None:
    page = "".join(f"<a href={number}.zip>" for number in range(MAX_NAMED + 5))
    async with serving(Origin(page.encode(), content_type="text/html")) as origin:
        found = await asking.resolve(origin.url("/"))

    reasons = [file.skip_reason for file in found.files]
    assert reasons == [None] * MAX_FILES + [SkipReason.LIMIT] * (MAX_NAMED - MAX_FILES)
    assert found.unnamed == 5


async def test_a_page_that_is_too_large_is_read_to_its_limit_and_its_owner_is_told(asking: Asking) -> None:
    page = b"<a href=first.zip>" + b" " * MAX_PAGE_BYTES + b"<a href=last.zip>"
    async with serving(Origin(page, content_type="text/html")) as origin:
        found = await asking.resolve(origin.url("/"))

    assert [file.name for file in found.files] == ["first.zip"]
    assert asking.said == [(LogLevel.WARNING, "The page is very large: only its first 16,777,216 bytes were read.")]


async def test_a_page_without_links_leads_to_nothing(asking: Asking) -> None:
    async with serving(Origin(b"<p>no links", content_type="text/html")) as origin:
        found = await asking.resolve(origin.url("/"))

    assert (found.is_file, found.files) == (False, ())


@pytest.mark.parametrize(
    ("content", "charset", "path"),
    [
        ("<a href=ü.zip>".encode(), None, "%C3%BC.zip"),
        ("<a href=ü.zip>".encode("cp1252"), None, "%C3%BC.zip"),
        ("<a href=ü.zip>".encode("latin-1"), "iso-8859-1", "%C3%BC.zip"),
        ("<meta charset=utf-8><a href=ü.zip>".encode("latin-1"), "iso-8859-1", "%C3%BC.zip"),
        ("<meta charset=koi8-r><a href=ж.zip>".encode("koi8-r"), None, "%D0%B6.zip"),
        ("<!-- <meta charset=koi8-r> --><a href=ж.zip>".encode(), None, "%D0%B6.zip"),
        (
            '<meta http-equiv=a content="text/html; charset=shift_jis"><a href=あ.zip>'.encode("cp932"),
            None,
            "%E3%81%82.zip",
        ),
        ("<a href=ü.zip>".encode("utf-8-sig"), "latin-1", "%C3%BC.zip"),
        ("<a href=ü.zip>".encode("utf-16"), "latin-1", "%C3%BC.zip"),
        ("<meta charset=utf-16><a href=ü.zip>".encode(), None, "%C3%BC.zip"),
        ("<a href=?q=ü>".encode("latin-1"), "latin-1", "page?q=%FC"),
        ("<a href=?q=ü>".encode(), "utf-8", "page?q=%C3%BC"),
        ("<a href=ü.zip>".encode(), "no-such", "%C3%BC.zip"),
        ("<a href=ü.zip>".encode(), "unicode_escape", "%C3%BC.zip"),
        ("<a href=ü.zip>".encode(), "hex", "%C3%BC.zip"),
        ("<a href=ü.zip>".encode(), "../etc", "%C3%BC.zip"),
        (b"<a href=\xff\xfe.zip>", "utf-8", "%EF%BF%BD%EF%BF%BD.zip"),
        (b"\0<a href=a.zip>\0", None, "a.zip"),
    ],
)
def test_a_page_is_read_in_its_encoding(content: bytes, charset: str | None, path: str) -> None:
    assert urls_of(content, charset) == [f"http://a.example/dir/{path}"]


def hostile() -> Iterator[tuple[str, bytes]]:
    """Pages of at most 4 MiB that are made to cost much."""
    many = 2**20
    yield "depth", b"<div>" * (many // 2)
    yield "links in links", b"<a href=x>" * (many // 4)
    yield "formatting", b"".join(b"<b a=%d>" % number for number in range(many // 10)) + b"<p>x" * (many // 2)
    yield "one attribute", b'<a title="' + b"x" * (3 * many) + b'">'
    yield "many attributes", b"<a " + b"".join(b"a%d=1 " % number for number in range(many // 4)) + b">"
    yield "comments", b"<!--" * (many // 2) + b"-->"
    yield "unended comment", b"<a href=x><!--" + b"<a href=y>" * (many // 4)
    yield "closing tags", b"</p>" * (many // 2)
    yield "tables", b"<table><tr><td>" * (many // 8)
    yield "candidates", b'<img srcset="' + b"a 1x," * (many // 2) + b'">'
    yield "parentheses", b'<img srcset="a ' + b"(" * (2 * many) + b'">'
    yield "numbers", b'<img srcset="a ' + b"9" * (2 * many) + b'w">'
    yield "long link", b"<a href=" + b"x" * (2 * many) + b">"
    yield "dots", b"<a href=" + b"../" * 2_000 + b"a.zip>"
    yield "entities", b"<!DOCTYPE h [<!ENTITY a 'aaaa'>" + b"".join(
        b"<!ENTITY a%d '&a%d;&a%d;'>" % (number, number - 1, number - 1) for number in range(1, 60)
    ) + b"]><p>&a59;</p>"  # fmt: skip
    yield "a file of this machine", b"<!DOCTYPE h [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><a href='&f;'>"
    yield "metas", b"<meta " * 100 + b"<meta charset=" * 60 + b">"


@pytest.mark.parametrize(("name", "content"), [pytest.param(*each, id=each[0]) for each in hostile()])
def test_a_hostile_page_costs_little_and_hides_nothing_that_follows(name: str, content: bytes) -> None:
    began, least = time.thread_time(), [] if name == "unended comment" else ["end.zip"]
    found = files_of(content + b"<a href=end.zip>")

    assert [file.name for file in found if file.name == "end.zip"] == least
    assert "root" not in "".join(file.url for file in found)
    assert time.thread_time() - began < 60  # what takes the square of its length takes hours


def test_a_large_page_takes_no_more_memory_than_a_few_times_itself() -> None:
    content = b"<a href=x>" * 200_000 + b"<div>" * 200_000
    tracemalloc.start()
    try:
        files_of(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 8 * len(content)
