"""The table of docs/downloads.md: each row is a server that behaves so, and happens as it says."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from base.errors import Refusal
from downloads.client import Client
from downloads.connections import open_connections
from downloads.failures import FileSkipped
from downloads.fetch import Fetcher
from downloads.hosts import HostLimiter
from tests.downloads.conftest import Fetching
from tests.downloads.servers_for_tests import Asked, Change, Origin, Reply, cut_after, first, held, serving, without

PAGE = Path(__file__).parents[2] / "docs" / "downloads.md"
CONTENT = bytes(range(256)) * 800
CHANGED = CONTENT[::-1]
CUT = 100_000
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.read_text().partition("## When the server …")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| the server … ")
]


def answering(*replies: tuple[int, bytes, dict[str, str]]) -> Change:
    """These answers, one after the other, the last one over and over."""
    left = list(replies)

    def changed(_asked: Asked, _reply: Reply) -> Reply:
        status, body, headers = left.pop(0) if len(left) > 1 else left[0]
        return Reply(status, list(({"Content-Length": str(len(body))} | headers).items()), body)

    return changed


def rest(change: Change) -> Change:
    """Break off once; then change what is sent to whoever asks for the rest."""
    is_begun = False

    def changed(asked: Asked, reply: Reply) -> Reply:
        nonlocal is_begun
        if not is_begun:
            is_begun = True
            return cut_after(CUT)(asked, reply)
        return change(asked, reply) if asked.range else reply

    return changed


def setting(**headers: str) -> Change:
    def changed(_asked: Asked, reply: Reply) -> Reply:
        for name, value in headers.items():
            reply.set(name.replace("_", "-"), value)
        return reply

    return changed


def forgetting(name: str) -> Change:
    """Answer as if this header had not been sent, to whoever sent If-Range."""

    def changed(asked: Asked, reply: Reply) -> Reply:
        origin = reply.origin
        if origin is None or "If-Range" not in asked.headers:
            return reply
        return origin.good_reply(without(asked, name))

    return changed


@dataclass(frozen=True)
class Row:
    """A server, and what is to be seen of it.

    Attributes:
        change: What it does.
        starts: Where each request begins: 0 from the start, 1 with a range.
        code: Of the error, or the reason of the skip.
        content: What is fetched; None where nothing is.
        path: Of the link.
        is_kept: Whether bytes are kept although it failed.
        warns: How many warnings there are; None: it does not matter.
    """

    change: Change
    starts: tuple[int, ...]
    code: str = ""
    content: bytes | None = CONTENT
    etag: str | None = '"v1"'
    last_modified: str | None = "Wed, 01 Jan 2025 00:00:00 GMT"
    path: str = "/file.bin"
    is_kept: bool = False
    warns: int | None = None


GONE: list[tuple[int, bytes, dict[str, str]]] = [(status, b"", {}) for status in (401, 403, 404, 410)]
PASSING: list[tuple[int, bytes, dict[str, str]]] = [(status, b"", {}) for status in (408, 425, 429, 500, 502, 503, 504)]


def swap(status_206: bool) -> Change:
    """The file is another one by the second request."""

    def changed(asked: Asked, reply: Reply) -> Reply:
        origin = reply.origin
        if origin is None:
            return reply
        if origin.content is CONTENT:
            origin.content, origin.etag = CHANGED, '"v2"'
            return cut_after(CUT)(asked, reply)
        return origin.good_reply(without(asked, "If-Range")) if status_206 else reply

    return changed


def fetch_row(row: Row) -> Callable[[Fetching], Awaitable[None]]:
    async def run(fetching: Fetching) -> None:
        async with serving(Origin(CONTENT, row.etag, row.last_modified, change=row.change)) as origin:
            code = ""
            try:
                await fetching.fetch(origin.url(row.path), max_retries=len(PASSING), read_timeout_seconds=0.5)
            except FileSkipped as skipped:
                code = str(skipped.reason)
            except Refusal as refusal:
                code = str(refusal.code)
        assert code == row.code
        assert tuple(int(each is not None) for each in origin.ranges) == row.starts
        if row.content is not None:
            assert await fetching.content() == row.content
        assert (await fetching.keys() != set()) == (row.content is not None or row.is_kept)
        assert row.warns is None or len(fetching.warnings) == row.warns

    return run


async def private_address(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin, open_connections() as connections:
        with pytest.raises(Refusal) as refused:
            await Fetcher(Client(connections, HostLimiter()), fetching.storage).fetch(fetching.request(origin.url()))
    assert (refused.value.code, origin.asked) == ("URL_NOT_ALLOWED", [])


async def gone_links(fetching: Fetching) -> None:
    for reply in GONE:
        await fetch_row(Row(answering(reply), (0,), "DOWNLOAD_FAILED", None))(fetching)


async def gone_rests(fetching: Fetching) -> None:
    for reply in GONE:
        row = Row(rest(answering(reply)), (0, 1), "DOWNLOAD_FAILED", None, is_kept=True)
        await fetch_row(row)(fetching)
        await fetching.fetcher.discard("files/f3/file-1", fetching.folder)


async def dripping(fetching: Fetching) -> None:
    """Some bytes each 20 ms, from the first request only."""

    async def drip(reply: Reply, writer: asyncio.StreamWriter) -> None:
        for start in range(CUT, CUT + 1_000):
            writer.write(reply.body[start : start + 1])
            await writer.drain()
            await asyncio.sleep(0.02)

    def changed(asked: Asked, reply: Reply) -> Reply:
        reply.cut_after, reply.tail = CUT, drip
        return reply

    await fetch_row(Row(first(1, changed), (0, 1), warns=1))(fetching)
    assert "less than 1 KiB a second" in fetching.warnings[0]


GZIPPED = gzip.compress(CONTENT)
CODED = {"Content-Encoding": "gzip"}
CASES: dict[str, Callable[[Fetching], Awaitable[None]]] = {
    "breaks off": fetch_row(Row(first(1, cut_after(CUT)), (0, 1), warns=1)),
    "breaks off and has no strong validator": fetch_row(
        Row(first(1, cut_after(CUT)), (0, 0), etag='W/"v1"', last_modified=None)
    ),
    "says nothing for `readTimeout`": fetch_row(Row(first(1, held(asyncio.Event(), CUT)), (0, 1), warns=1)),
    "sends less than 1 KiB a second over `readTimeout`": dripping,
    "has changed the file, and answers 200": fetch_row(Row(swap(status_206=False), (0, 1), content=CHANGED)),
    "has changed the file, and answers 206 all the same": fetch_row(Row(swap(status_206=True), (0, 1, 0), content=CHANGED)),
    "answers 206 with another range than was asked for": fetch_row(
        Row(rest(setting(Content_Range=f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}")), (0, 1, 0))
    ),
    "answers 206 with a content coding": fetch_row(Row(rest(setting(Content_Encoding="gzip")), (0, 1, 0))),
    "knows ranges, but answers 200 to every If-Range": fetch_row(Row(rest(forgetting("Range")), (0, 1, 1), warns=1)),
    "knows no ranges": fetch_row(Row(rest(answering((200, CONTENT, {}))), (0, 1))),
    "answers 416 while bytes are missing": fetch_row(Row(rest(answering((416, b"", {}))), (0, 1, 0))),
    "answers 401, 403, 404 or 410 when asked for the rest": gone_rests,
    "answers 401, 403, 404 or 410": gone_links,
    "answers 408, 425, 429, 500, 502, 503 or 504": fetch_row(
        Row(answering(*PASSING, (200, CONTENT, {})), (0,) * 8, warns=7)
    ),
    "does not say how long the file is": fetch_row(
        Row(lambda _asked, reply: reply.set("Content-Length", None), (0,), warns=1)
    ),
    "sends more than it announced": fetch_row(
        Row(setting(Content_Length=str(len(CONTENT) - 9)), (0,), content=CONTENT[:-9])
    ),
    "sends more than it announced, all of it together with the head": fetch_row(
        Row(answering((200, CONTENT[:10], {"Content-Length": "9"})), (0,) * 8, "DOWNLOAD_FAILED", None)
    ),
    "sends less than it announced, each time": fetch_row(
        Row(answering((200, CONTENT, {"Content-Length": str(len(CONTENT) + 9)})), (0,) * 8, "DOWNLOAD_FAILED", None)
    ),
    "sends gzip or deflate that nobody asked for": fetch_row(Row(answering((200, GZIPPED, CODED)), (0,))),
    "names it as `Transfer-Encoding`": fetch_row(
        Row(setting(Transfer_Encoding="gzip"), (0,) * 8, "DOWNLOAD_FAILED", None)
    ),
    "sends gzip that is cut or broken": fetch_row(
        Row(answering((200, GZIPPED[:-1], CODED)), (0,), "CORRUPT_FILE", None)
    ),
    "marks a file that is itself compressed (`.tar.gz`) with a coding": fetch_row(
        Row(answering((200, GZIPPED, CODED)), (0,), content=GZIPPED, path="/a.tar.gz")
    ),
    "sends a checksum that does not fit": fetch_row(
        Row(setting(Content_MD5="AAAAAAAAAAAAAAAAAAAAAA=="), (0,) * 8, "CHECKSUM_MISMATCH", None)
    ),
    "sends a page instead of a picture": fetch_row(
        Row(answering((200, b"<p>", {"Content-Type": "text/html"})), (0,), "page", None, path="/a.jpg")
    ),
    "redirects more than 10 times": fetch_row(
        Row(answering((302, b"", {"Location": "/again"})), (0,) * 11, "DOWNLOAD_FAILED", None)
    ),
    "redirects to what is no URL": fetch_row(
        Row(answering((302, b"", {"Location": "http://[::1"})), (0,), "DOWNLOAD_FAILED", None)
    ),
    "redirects to `file:` or `ftp:`": fetch_row(
        Row(answering((302, b"", {"Location": "ftp://127.0.0.1/a"})), (0,), "URL_NOT_ALLOWED", None)
    ),
    "is at an address that is not public": private_address,
}  # fmt: skip


def test_every_row_has_its_server() -> None:
    assert [row[0] for row in ROWS] == list(CASES)


@pytest.mark.parametrize("server", [row[0] for row in ROWS])
async def test_what_the_page_says_happens(fetching: Fetching, server: str) -> None:
    await CASES[server](fetching)
