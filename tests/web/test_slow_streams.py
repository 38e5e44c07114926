"""Slow readers of streams: bounded, and alone."""

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import pytest

from execution.groups.queue import Message
from execution.groups.subscriber import Subscriber
from execution.groups.watches import Change
from web.concurrency import ConcurrencyLimiter
from web.draining import Draining
from web.transports.sse import EventStreamFormat
from web.transports.streams import StreamResponse

pytestmark = pytest.mark.usefixtures("virtual_time")


class Client:
    """A client whose network takes what is sent only while `reads`."""

    def __init__(self) -> None:
        self.reads, self.left = asyncio.Event(), asyncio.Event()
        self.reads.set()
        self.received: list[bytes] = []
        self.is_ended = False

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.body":
            self.received.append(message["body"])
            self.is_ended = not message["more_body"]


class Source:
    """Results that come as fast as they are taken, until `limit`; knows how many were, and whether it was closed."""

    def __init__(self, limit: int) -> None:
        self.limit, self.taken, self.is_closed = limit, 0, False

    async def changes(self) -> AsyncGenerator[Change, None]:
        try:
            while self.taken < self.limit:
                self.taken += 1
                yield Change(self.taken)
            await asyncio.Event().wait()
        finally:
            self.is_closed = True

    async def watch(self, _admitted: object, _context: object, subscriber: Subscriber) -> None:
        """In place of the pipeline's."""
        await subscriber.serve(self.changes, render)


async def render(change: Change) -> Message:
    return Message(b'{"data":{"a":%d}}' % change.value)


def serve(client: Client, source: Source, draining: Draining, heartbeat_seconds: float = 60) -> asyncio.Task[None]:
    pipeline: Any = SimpleNamespace(draining=draining, connections=ConcurrencyLimiter(0), watch=source.watch)
    context: Any = SimpleNamespace(caller=None, address=None)
    admitted: Any = SimpleNamespace(is_subscription=True, release=lambda: None)
    form = EventStreamFormat(heartbeat_seconds)
    response = StreamResponse(form, None, admitted, pipeline, context, {})
    return asyncio.create_task(response({"type": "http", "state": {}}, client.receive, client.send))


async def settle(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  there is nothing else to wait for
            await asyncio.sleep(0.01)


async def test_no_more_is_taken_from_the_source_than_the_client_reads() -> None:
    client, source = Client(), Source(1_000)
    client.reads.clear()
    task = serve(client, source, Draining())
    await asyncio.sleep(0.1)
    assert source.taken <= 3  # one is being sent, one waits, one is ready
    client.reads.set()
    await settle(lambda: source.taken == 1_000)
    client.left.set()
    await asyncio.wait_for(task, 5)

    assert source.is_closed


async def test_a_client_that_leaves_while_nothing_can_be_sent_ends_its_stream() -> None:
    client, source = Client(), Source(10)
    task = serve(client, source, Draining())
    await settle(lambda: source.taken == 10)
    client.reads.clear()
    client.left.set()
    await asyncio.wait_for(task, 5)

    assert source.is_closed
    assert not client.is_ended


async def test_a_server_that_stops_waits_only_so_long_for_a_client_that_reads_nothing() -> None:
    client, source, draining = Client(), Source(10), Draining()
    task = serve(client, source, draining)
    await settle(lambda: source.taken == 10)
    client.reads.clear()
    draining.begin()
    await asyncio.wait_for(task, 5)

    assert source.is_closed


async def test_heartbeats_come_between_results_and_none_after_the_end() -> None:
    client, source, draining = Client(), Source(2), Draining()
    task = serve(client, source, draining, heartbeat_seconds=0.02)
    await settle(lambda: client.received.count(b":\n\n") >= 3)
    draining.begin()
    await asyncio.wait_for(task, 5)
    sent = len(client.received)
    await asyncio.sleep(0.1)

    assert client.is_ended
    assert len(client.received) == sent
    assert client.received[1:3] == [
        b'event: next\ndata: {"data":{"a":1}}\n\n',
        b'event: next\ndata: {"data":{"a":2}}\n\n',
    ]


async def test_a_stream_that_is_cancelled_closes_its_source() -> None:
    client, source = Client(), Source(10)
    task = serve(client, source, Draining())
    await settle(lambda: source.taken == 10)
    task.cancel()
    await asyncio.wait({task}, timeout=5)

    assert (task.cancelled(), source.is_closed) == (True, True)
