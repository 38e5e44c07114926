"""Fetching a file whole: it equals its source, or there is an honest error."""

import gzip
import hashlib
import zlib
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from base.errors import ErrorCode, Refusal
from downloads.failures import FetchFailed
from downloads.progress import Meter
from tests.downloads.conftest import KEY, Fetching
from tests.downloads.servers_for_tests import Asked, Change, Origin, Reply, cut_after, first, serving

CONTENT = bytes(range(256)) * 2_000


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def chunked(body: bytes, end: bytes = b"0\r\n\r\n") -> Change:
    """The body in two chunks, ended by `end`."""
    half = len(body) // 2
    framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:])) + end

    def changed(_asked: Asked, reply: Reply) -> Reply:
        reply.body = framed
        return reply.set("Content-Length", None).set("Transfer-Encoding", "chunked")

    return changed


def coded(body: bytes, coding: str, **headers: str) -> Change:
    """Another body, under a Content-Encoding that nobody asked for."""

    def changed(_asked: Asked, reply: Reply) -> Reply:
        reply.body = body
        for name, value in headers.items():
            reply.set(name.replace("_", "-"), value)
        return reply.set("Content-Length", str(len(body))).set("Content-Encoding", coding)

    return changed


def with_headers(**headers: str) -> Change:
    def changed(_asked: Asked, reply: Reply) -> Reply:
        for name, value in headers.items():
            reply.set(name.replace("_", "-"), value)
        return reply

    return changed


def answering(status: int, **headers: str) -> Change:
    def changed(_asked: Asked, _reply: Reply) -> Reply:
        reply = Reply(status, [("Content-Length", "0")])
        for name, value in headers.items():
            reply.set(name.replace("_", "-"), value)
        return reply

    return changed


async def test_a_file_comes_as_it_was_served(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, content_type="image/png")) as origin:
        file = await fetching.fetch(origin.url("/pictures/a%20b.png?size=1"))

    assert await fetching.content() == CONTENT
    assert (file.key, file.size_bytes, file.sha256) == (KEY, len(CONTENT), sha256(CONTENT))
    assert (file.file.name, file.file.content_type, file.is_length_known) == ("a b.png", "image/png", True)
    assert file.modified_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert [(each.method, each.target, each.range) for each in origin.asked] == [
        ("GET", "/pictures/a%20b.png?size=1", None)
    ]
    assert origin.asked[0].headers["Accept-Encoding"] == "identity"
    assert await fetching.keys() == {KEY}
    assert fetching.said == []


async def test_an_empty_file_is_a_file(fetching: Fetching) -> None:
    async with serving(Origin(b"")) as origin:
        file = await fetching.fetch(origin.url())

    assert (file.size_bytes, file.sha256) == (0, sha256(b""))
    assert await fetching.keys() == {KEY}


async def test_chunks_end_and_the_log_says_that_the_length_was_not_known(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, change=chunked(CONTENT))) as origin:
        file = await fetching.fetch(origin.url())

    assert await fetching.content() == CONTENT
    assert not file.is_length_known
    assert fetching.warnings == ["The server did not say how long the file is: its completeness cannot be verified."]


@pytest.mark.parametrize("named", [("gzip, chunked",), ("Chunked", "GZip"), ("gzip",), ("chunked, br",)])
async def test_a_transfer_that_is_coded_unasked_is_no_file(fetching: Fetching, named: tuple[str, ...]) -> None:
    """The client would hand the coded bytes out as those of the file."""

    def change(asked: Asked, reply: Reply) -> Reply:
        reply = chunked(gzip.compress(CONTENT))(asked, reply).set("Transfer-Encoding", None)
        reply.headers += [("Transfer-Encoding", name) for name in named]
        return reply

    async with serving(Origin(CONTENT, change=change)) as origin:
        with pytest.raises(FetchFailed, match="good HTTP"):
            await fetching.fetch(origin.url(), max_retries=0)

    assert await fetching.keys() == set()


async def test_a_body_that_ends_with_its_connection_is_taken_with_a_warning(fetching: Fetching) -> None:
    def endless(_asked: Asked, reply: Reply) -> Reply:
        return reply.set("Content-Length", None)

    async with serving(Origin(CONTENT, change=endless)) as origin:
        file = await fetching.fetch(origin.url())

    assert (await fetching.content(), file.is_length_known) == (CONTENT, False)
    assert len(fetching.warnings) == 1


@pytest.mark.parametrize(
    "change",
    [
        chunked(CONTENT, b""),
        chunked(CONTENT, b"0"),
        cut_after(0),
        cut_after(len(CONTENT) - 1),
        with_headers(Content_Length=str(len(CONTENT) + 1)),
    ],
    ids=["no last chunk", "half a last chunk", "no byte", "one byte less", "a length too long"],
)
async def test_what_is_cut_never_becomes_a_file(fetching: Fetching, change: Change) -> None:
    async with serving(Origin(CONTENT, etag=None, last_modified=None, change=change)) as origin:
        with pytest.raises(FetchFailed) as failed:
            await fetching.fetch(origin.url(), max_retries=1)
        assert len(origin.asked) == 2

    assert (failed.value.code, failed.value.is_transient) == (ErrorCode.DOWNLOAD_FAILED, True)


async def test_what_follows_the_announced_length_is_not_part_of_the_file(fetching: Fetching) -> None:
    change = with_headers(Content_Length=str(len(CONTENT) - 5))
    async with serving(Origin(CONTENT, change=change)) as origin:
        file = await fetching.fetch(origin.url(), max_retries=0)

    assert file.size_bytes == len(CONTENT) - 5
    assert await fetching.content() == CONTENT[:-5]


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(CONTENT), "gzip"),
        (gzip.compress(CONTENT), "x-gzip"),
        (zlib.compress(CONTENT), "deflate"),
        (gzip.compress(gzip.compress(CONTENT)), "gzip, gzip"),
    ],
)
async def test_a_coding_that_comes_unasked_is_undone(fetching: Fetching, body: bytes, coding: str) -> None:
    digest = b64encode(hashlib.sha256(body).digest()).decode()
    change = coded(body, coding, Repr_Digest=f"sha-256=:{digest}:")
    async with serving(Origin(CONTENT, change=change)) as origin:
        file = await fetching.fetch(origin.url("/a.txt"), expected_sha256=sha256(CONTENT))

    assert await fetching.content() == CONTENT
    assert file.size_bytes == len(CONTENT)
    assert file.file.total == len(body)


async def test_a_list_in_two_lines_is_one_list(fetching: Fetching) -> None:
    body = gzip.compress(zlib.compress(CONTENT))
    wrong = b64encode(bytes(32)).decode()

    def changed(asked: Asked, reply: Reply) -> Reply:
        reply = coded(body, "deflate")(asked, reply)
        reply.headers.append(("Content-Encoding", "gzip"))
        return reply

    def summed(_asked: Asked, reply: Reply) -> Reply:
        reply.headers += [("Repr-Digest", "adler=:AAAAAA==:"), ("Repr-Digest", f"sha-256=:{wrong}:")]
        return reply

    async with serving(Origin(CONTENT, change=changed)) as origin:
        await fetching.fetch(origin.url("/a.txt"), expected_sha256=sha256(CONTENT))
        assert await fetching.content() == CONTENT

        origin.change = summed
        meter = Meter()
        with pytest.raises(FetchFailed) as failed:
            await fetching.fetch(origin.url("/b.txt"), max_retries=0, meter=meter)
    assert failed.value.code == ErrorCode.CHECKSUM_MISMATCH
    assert (await fetching.keys(), meter.received_bytes) == (set(), 0)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/a.tar.gz", "text/plain"), ("/a.tgz", None), ("/a", "application/x-gzip"), ("/a.svgz", None)],
)
async def test_a_file_that_is_itself_compressed_stays_so(
    fetching: Fetching, path: str, content_type: str | None
) -> None:
    packed = gzip.compress(CONTENT)
    async with serving(Origin(CONTENT, content_type=content_type, change=coded(packed, "gzip"))) as origin:
        await fetching.fetch(origin.url(path))

    assert await fetching.content() == packed


async def test_an_unknown_coding_is_kept_with_a_warning(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, change=coded(b"brotli, say", "br"))) as origin:
        await fetching.fetch(origin.url())

    assert await fetching.content() == b"brotli, say"
    assert [each.partition(" is ")[0] for each in fetching.warnings] == ["The server applied a content coding that"]


@pytest.mark.parametrize("body", [gzip.compress(CONTENT)[:-1], b"no gzip", gzip.compress(CONTENT) + b"more"])
async def test_a_broken_coding_is_an_error_and_nothing_stays(fetching: Fetching, body: bytes) -> None:
    async with serving(Origin(CONTENT, change=coded(body, "gzip"))) as origin:
        with pytest.raises(Refusal) as refused:
            await fetching.fetch(origin.url())

    assert refused.value.code is ErrorCode.CORRUPT_FILE
    assert await fetching.keys() == set()


async def test_a_body_that_decodes_to_too_much_is_refused(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, change=coded(gzip.compress(bytes(2_000)), "gzip"))) as origin:
        assert (await fetching.fetch(origin.url(), max_decoded_bytes=2_000)).size_bytes == 2_000
        with pytest.raises(Refusal) as refused:
            await fetching.fetch(origin.url(), max_decoded_bytes=1_999)

    assert refused.value.code is ErrorCode.FILE_TOO_LARGE
    assert await fetching.keys() == set()


async def test_an_expected_sum_is_held(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin:
        await fetching.fetch(origin.url(), expected_sha256=sha256(CONTENT))
        with pytest.raises(Refusal) as refused:
            await fetching.fetch(origin.url(), expected_sha256="0" * 64)
        assert len(origin.asked) == 2

    assert refused.value.code is ErrorCode.CHECKSUM_MISMATCH
    assert await fetching.keys() == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Repr-Digest", "sha-256=:{sha256}:"),
        ("Digest", "SHA-256={sha256}"),
        ("Content-MD5", "{md5}"),
        ("x-amz-checksum-crc32", "{crc32}"),
    ],
)
async def test_the_servers_own_sum_is_held_and_asked_for_again(fetching: Fetching, name: str, value: str) -> None:
    def sums(content: bytes) -> str:
        raw = {"sha256": hashlib.sha256(content).digest(), "md5": hashlib.md5(content).digest()}
        raw["crc32"] = zlib.crc32(content).to_bytes(4, "big")
        return value.format(**{each: b64encode(digest).decode() for each, digest in raw.items()})

    wrong = with_headers(**{name: sums(b"other")})
    async with serving(Origin(CONTENT, change=wrong)) as origin:
        with pytest.raises(FetchFailed) as failed:
            await fetching.fetch(origin.url(), max_retries=1)
        assert (failed.value.code, len(origin.asked)) == (ErrorCode.CHECKSUM_MISMATCH, 2)
        assert await fetching.keys() == set()

        right = with_headers(**{name: sums(CONTENT)})
        origin.change = first(1, wrong, right)
        await fetching.fetch(origin.url(), max_retries=1)
    assert await fetching.content() == CONTENT


@pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 404, 405, 410, 416, 451, 501])
async def test_an_answer_without_a_file_fails_at_once(fetching: Fetching, status: int) -> None:
    async with serving(Origin(CONTENT, change=answering(status))) as origin:
        with pytest.raises(FetchFailed, match=f"The server answered {status}") as failed:
            await fetching.fetch(origin.url())
        assert len(origin.asked) == 1

    assert failed.value.code is ErrorCode.DOWNLOAD_FAILED
    assert not failed.value.is_link_gone


async def test_one_request_is_on_the_wire_where_no_retry_is_wanted(fetching: Fetching) -> None:
    def reset(_asked: Asked, reply: Reply) -> Reply:
        reply.is_reset = True
        return reply

    async with serving(Origin(CONTENT, change=reset)) as origin:
        with pytest.raises(FetchFailed) as failed:
            await fetching.fetch(origin.url(), max_retries=0)
        assert len(origin.asked) == 1
        assert failed.value.is_transient

        with pytest.raises(FetchFailed):
            await fetching.fetch(origin.url(), max_retries=2)
        assert len(origin.asked) == 1 + 3
    assert [each.partition("Retry ")[2][:6] for each in fetching.warnings] == ["1 of 2", "2 of 2"]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_a_status_that_may_pass_is_tried_again(fetching: Fetching, status: int) -> None:
    async with serving(Origin(CONTENT, change=first(2, answering(status)))) as origin:
        await fetching.fetch(origin.url(), max_retries=2)
        assert len(origin.asked) == 3

    assert await fetching.content() == CONTENT
    assert len(fetching.warnings) == 2


async def test_nothing_listens_and_that_is_said(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin:
        url = origin.url()
    with pytest.raises(FetchFailed, match="could not be connected to") as failed:
        await fetching.fetch(url, max_retries=1)

    assert failed.value.code is ErrorCode.DOWNLOAD_FAILED
    assert len(fetching.warnings) == 1


@pytest.mark.parametrize(
    ("content", "change", "total"),
    [
        (CONTENT, None, len(CONTENT)),
        (b"", None, 0),
        (CONTENT, with_headers(), len(CONTENT)),
        (CONTENT, lambda asked, reply: Reply(200, [("Transfer-Encoding", "chunked")], b"0\r\n\r\n"), None),
        (CONTENT, lambda asked, reply: Reply(200, [("Content-Length", "7")], b"whatever"[:7]), 7),
    ],
)
async def test_a_probe_learns_the_size_by_one_byte(
    fetching: Fetching, content: bytes, change: Change | None, total: int | None
) -> None:
    async with serving(Origin(content)) as origin:
        origin.change = change or origin.change
        file = await fetching.fetcher.probe(origin.url("/a.pdf"), fetching.request("").options)
        assert [(each.method, each.range) for each in origin.asked] == [("GET", "bytes=0-0")]

    assert (file.total, file.name) == (total, "a.pdf")
    assert await fetching.keys() == set()


async def test_a_probe_of_nothing_fails(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, change=answering(404))) as origin:
        with pytest.raises(FetchFailed, match="404"):
            await fetching.fetcher.probe(origin.url(), fetching.request("").options)
