"""The bytes before a break, which aiohttp keeps to itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from downloads.received import received_before_break
from tests.downloads.servers_for_tests import Asked, Origin, Reply, serving

CONTENT = bytes(range(250)) * 4


@asynccontextmanager
async def broken_body() -> AsyncIterator[aiohttp.StreamReader]:
    """A body of which 1,000 bytes came, none was read, and the connection broke."""
    is_asked_to_break = asyncio.Event()

    async def wait(_reply: Reply, _writer: asyncio.StreamWriter) -> None:
        await is_asked_to_break.wait()

    def cut(_asked: Asked, reply: Reply) -> Reply:
        reply.cut_after, reply.tail = len(CONTENT), wait
        return reply

    async with (
        serving(Origin(CONTENT * 2, change=cut)) as origin,
        aiohttp.ClientSession() as session,
        session.get(origin.url()) as response,
        asyncio.timeout(10),
    ):
        end = asyncio.ensure_future(response.content.wait_eof())
        await asyncio.sleep(0)  # it waits from here on
        is_asked_to_break.set()
        with pytest.raises(aiohttp.ClientPayloadError):
            await end
        yield response.content


async def test_aiohttp_keeps_them_to_itself() -> None:
    """Where this fails, `read` gives them, and `received_before_break` can go."""
    async with broken_body() as content:
        assert content.total_bytes == len(CONTENT)
        with pytest.raises(aiohttp.ClientPayloadError):
            await content.read(100)


async def test_they_are_taken_in_order_and_then_none() -> None:
    async with broken_body() as content:
        assert received_before_break(content, 600) == CONTENT[:600]
        assert received_before_break(content, 600) == CONTENT[600:]
        assert received_before_break(content, 600) == b""
        with pytest.raises(aiohttp.ClientPayloadError):
            await content.read(100)


async def test_nothing_is_taken_of_a_body_that_did_not_break() -> None:
    async with (
        serving(Origin(CONTENT)) as origin,
        aiohttp.ClientSession() as session,
        session.get(origin.url()) as response,
    ):
        assert received_before_break(response.content, 600) == b""
        assert await response.content.read() == CONTENT
        assert received_before_break(response.content, 600) == b""
