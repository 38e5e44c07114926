"""Starting over: bytes of two files are never joined."""

import hashlib

import pytest

from tests.downloads.conftest import KEY, Fetching
from tests.downloads.pausing_for_tests import CHANGED, CONTENT, CUT, EVERY_STORAGE, paused
from tests.downloads.servers_for_tests import Asked, Change, Origin, Reply, serving, without


@pytest.mark.parametrize("etag", ['"v2"', '"v1"'])
async def test_a_file_that_changed_is_fetched_anew(fetching: Fetching, etag: str) -> None:
    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        origin.content, origin.etag = CHANGED + b"more", etag
        file = await fetching.fetch(origin.url())

        assert await fetching.content() == CHANGED + b"more"
        assert file.sha256 == hashlib.sha256(CHANGED + b"more").hexdigest()
        assert len(fetching.warnings) == 1


def ignoring_if_range(origin: Origin) -> Change:
    """A 206 of whatever the file is by now."""

    def changed(asked: Asked, reply: Reply) -> Reply:
        if asked.range is None:
            return reply
        return origin.good_reply(without(asked, "If-Range"))

    return changed


@EVERY_STORAGE
async def test_a_206_of_changed_bytes_is_never_joined(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        origin.content, origin.etag, origin.change = CHANGED, '"v2"', ignoring_if_range(origin)
        await fetching.fetch(origin.url())

        assert await fetching.content() == CHANGED
        assert [each is None for each in origin.ranges] == [True, False, True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ETag", None),
        ("Last-Modified", None),
        ("Content-Range", None),
        ("Content-Range", f"{CUT}-{len(CONTENT) - 1}/{len(CONTENT)}"),
        ("Content-Range", f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"),
        ("Content-Type", "multipart/byteranges; boundary=x"),
        ("Content-Encoding", "gzip"),
    ],
)
async def test_a_206_that_is_not_the_rest_starts_over(fetching: Fetching, name: str, value: str | None) -> None:
    def changed(asked: Asked, reply: Reply) -> Reply:
        return reply.set(name, value) if asked.range else reply

    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        origin.change = changed
        await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT
        assert [each is None for each in origin.ranges] == [True, False, True]


async def test_a_server_that_ignores_ranges_is_fetched_from_the_start(fetching: Fetching) -> None:
    def whole(asked: Asked, _reply: Reply) -> Reply:
        return origin.good_reply(without(asked, "Range")).set("Accept-Ranges", None)

    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        origin.change = whole
        await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT
        assert len(origin.asked) == 3  # with If-Range, without it, and that one was taken
        assert len(fetching.warnings) == 1


async def test_a_200_with_the_tail_alone_is_no_file(fetching: Fetching) -> None:
    def changed(asked: Asked, reply: Reply) -> Reply:
        if asked.range:
            reply.status = 200
            reply.set("Content-Range", None)
        return reply

    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        origin.change = changed
        await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT


@pytest.mark.parametrize("content_range", ["bytes */{size}", "bytes */7", None])
async def test_a_416_is_no_success_while_bytes_are_missing(fetching: Fetching, content_range: str | None) -> None:
    def changed(asked: Asked, reply: Reply) -> Reply:
        if asked.range is None:
            return reply
        value = content_range and content_range.format(size=len(CONTENT))
        return Reply(416, [("Content-Length", "0")]).set("Content-Range", value)

    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        origin.change = changed
        await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT


async def test_tags_that_change_with_every_answer_end_in_one_piece(fetching: Fetching) -> None:
    """Two restarts; then a break starts over without asking for the rest, and the fourth answer is whole."""
    tags = iter(range(100))

    def changed(asked: Asked, reply: Reply) -> Reply:
        reply.set("ETag", f'"edge {next(tags)}"')
        if len(origin.asked) < 6:
            reply.cut_after = CUT
        return reply

    async with serving(Origin(CONTENT)) as origin:
        origin.change = changed
        fetched = await fetching.fetch(origin.url(), max_retries=10)

        assert await fetching.content() == CONTENT
        assert not fetched.file.may_be_resumed
        assert origin.ranges[-2:] == [None, None]
        assert len([message for message in fetching.warnings if "starting over" in message]) == 2


async def test_a_weak_tag_alone_is_not_resumed(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, etag='W/"v1"', last_modified=None)) as origin, paused(fetching, origin):
        assert await fetching.storage.size_of(f"{KEY}.journal") is None
        await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT
        assert origin.ranges == [None, None]
