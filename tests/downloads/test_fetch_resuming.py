"""Resuming: after a break, a pause, with a fresh link, the rest is asked for."""

import hashlib

import pytest

from downloads.failures import FetchFailed
from tests.downloads.conftest import Fetching
from tests.downloads.pausing_for_tests import CHANGED, CONTENT, CUT, EVERY_STORAGE, paused, start_of
from tests.downloads.servers_for_tests import Asked, Origin, Reply, cut_after, first, serving, without


@EVERY_STORAGE
async def test_a_break_goes_on_where_it_was(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, change=first(2, cut_after(CUT // 2)))) as origin:
        file = await fetching.fetch(origin.url(), max_retries=2)

    assert await fetching.content() == CONTENT
    assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert origin.ranges[0] is None
    assert 0 < start_of(origin.asked[1]) <= CUT // 2 < start_of(origin.asked[2]) <= CUT
    assert {each.headers["If-Range"] for each in origin.asked[1:]} == {'"v1"'}


@EVERY_STORAGE
async def test_a_pause_keeps_what_came(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        request = fetching.request(origin.url())
        file = await fetching.fetcher.fetch(request)

        assert await fetching.content() == CONTENT
        assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert len(origin.asked) == 2
        assert start_of(origin.asked[1]) > 0
        assert (request.meter.received_bytes, request.meter.total_bytes) == (len(CONTENT), len(CONTENT))
        assert fetching.warnings == []


async def test_a_date_resumes_where_there_is_no_tag(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, etag=None)) as origin, paused(fetching, origin):
        await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT
        assert origin.asked[1].headers["If-Range"] == origin.last_modified


async def test_a_200_to_every_if_range_is_asked_once_more_without_it(fetching: Fetching) -> None:
    def changed(asked: Asked, reply: Reply) -> Reply:
        return origin.good_reply(without(asked, "Range")) if "If-Range" in asked.headers else reply

    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        origin.change = changed
        await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT
        assert ["If-Range" in each.headers for each in origin.asked[1:]] == [True, False]
        assert start_of(origin.asked[2]) > 0
        assert fetching.warnings == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_link_that_expired_keeps_what_came_for_a_fresh_one(fetching: Fetching, status: int) -> None:
    def gone(asked: Asked, reply: Reply) -> Reply:
        return reply if asked.target == "/fresh" else Reply(status, [("Content-Length", "0")])

    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        origin.change = gone
        with pytest.raises(FetchFailed, match="fresh link") as failed:
            await fetching.fetch(origin.url())
        assert failed.value.is_link_gone

        await fetching.fetch(origin.url("/fresh"), is_same_demanded=True)
        assert await fetching.content() == CONTENT
        assert start_of(origin.asked[-1]) > 0


async def test_a_fresh_link_to_other_bytes_is_refused_and_what_came_stays(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin, paused(fetching, origin):
        origin.content, origin.etag = CHANGED, '"v2"'
        with pytest.raises(FetchFailed, match="The new link leads to another file") as failed:
            await fetching.fetch(origin.url(), is_same_demanded=True)
        assert failed.value.is_link_gone

        origin.content, origin.etag = CONTENT, '"v1"'
        await fetching.fetch(origin.url(), is_same_demanded=True)
        assert await fetching.content() == CONTENT
        assert start_of(origin.asked[-1]) > 0


async def test_resuming_begins_at_the_submitted_url(fetching: Fetching) -> None:
    def redirected(asked: Asked, reply: Reply) -> Reply:
        if asked.target == "/file.bin":
            return Reply(302, [("Location", f"/signed-{len(origin.asked)}"), ("Content-Length", "0")])
        if len(origin.asked) == 2:
            reply.cut_after = CUT
        return reply

    async with serving(Origin(CONTENT)) as origin:
        origin.change = redirected
        file = await fetching.fetch(origin.url())

        assert await fetching.content() == CONTENT
        assert [each.target for each in origin.asked] == ["/file.bin", "/signed-1", "/file.bin", "/signed-3"]
        assert file.file.url == origin.url("/signed-1")
