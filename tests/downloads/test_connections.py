"""Connections that are kept from one request to the next."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from downloads.client import Client
from downloads.connections import open_connections
from downloads.fetch import Fetcher, FetchRequest
from downloads.hosts import HostLimiter
from downloads.representation import Representation
from storage.local.sink import LocalSink
from storage.local.storage import LocalStorage
from storage.ports import Hash
from tests.downloads.conftest import Fetching
from tests.downloads.pausing_for_tests import until
from tests.downloads.servers_for_tests import Asked, Change, Origin, Reply, serving, speaking, unchanged

CONTENT = b"a small file, of which no journal is kept"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with serving(Origin(CONTENT, is_persistent=True)) as origin:
        yield origin


def ending_reused(origin: Origin) -> Change:
    """Each connection is good for one answer, and says nothing of it."""
    seen: set[int] = set()

    def changed(_asked: Asked, reply: Reply) -> Reply:
        reply.is_reset = origin.connections in seen
        seen.add(origin.connections)
        return reply

    return changed


async def test_many_files_come_over_one_connection(fetching: Fetching, origin: Origin) -> None:
    for number in range(5):
        await fetching.fetch(origin.url(f"/{number}"))

    assert (len(origin.asked), origin.connections) == (5, 1)


async def test_a_redirect_within_an_origin_needs_no_other_connection(fetching: Fetching, origin: Origin) -> None:
    def redirect(asked: Asked, reply: Reply) -> Reply:
        is_first = asked.target == "/file.bin"
        return Reply(302, [("Location", "/second"), ("Content-Length", "0")]) if is_first else reply

    origin.change = redirect
    await fetching.fetch(origin.url())
    assert (len(origin.asked), origin.connections) == (2, 1)


async def test_a_connection_with_a_body_that_is_not_wanted_is_not_kept(fetching: Fetching, origin: Origin) -> None:
    hold = asyncio.Event()

    def forbid(_asked: Asked, reply: Reply) -> Reply:
        reply.status, reply.cut_after, reply.hold = 404, 10, hold
        return reply

    origin.change = forbid
    with pytest.raises(Exception, match="answered 404"):
        await fetching.fetch(origin.url())
    origin.change = unchanged
    await fetching.fetch(origin.url())
    hold.set()
    assert origin.connections == 2
    assert await fetching.content() == CONTENT


@pytest.mark.parametrize(
    ("max_retries", "headers", "connections"),
    [
        (1, (), 1),
        (1, (("Authorization", "Bearer secret"), ("X-Api-Key", "secret")), 1),
        (1, (("authorization", "Negotiate YIIabc"),), 3),
        (1, (("Authorization", "NTLM TlRMabc"),), 3),
        (0, (), 3),
    ],
)
async def test_one_that_is_signed_in_or_has_to_be_the_only_one_is_not_kept(
    fetching: Fetching, origin: Origin, max_retries: int, headers: tuple[tuple[str, str], ...], connections: int
) -> None:
    for _ in range(3):
        await fetching.fetch(origin.url(), max_retries=max_retries, headers=headers)

    assert (len(origin.asked), origin.connections) == (3, connections)


async def test_one_that_ends_as_it_is_used_again_is_no_failure(fetching: Fetching, origin: Origin) -> None:
    origin.change = ending_reused(origin)
    for _ in range(3):
        await fetching.fetch(origin.url(), max_retries=1)

    assert (len(origin.asked), origin.connections) == (4, 3)
    assert fetching.warnings == []
    assert await fetching.content() == CONTENT


async def test_one_that_is_new_and_ends_is_a_failure_which_counts(fetching: Fetching, origin: Origin) -> None:
    def reset(_asked: Asked, reply: Reply) -> Reply:
        reply.is_reset = True
        return reply

    origin.change = reset
    with pytest.raises(Exception, match="The connection to the server broke"):
        await fetching.fetch(origin.url(), max_retries=2)
    assert (len(origin.asked), origin.connections) == (3, 3)


async def test_what_nobody_asked_for_is_not_the_next_file(fetching: Fetching) -> None:
    """The first answer is followed by another one, while nothing is asked."""
    connections = 0
    went = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"right")
        await writer.drain()
        if connections == 1:
            await went.wait()
            writer.write(HEAD + b"wrong")
            await writer.drain()
        await reader.read()

    async with speaking(talk) as port:
        url = f"http://127.0.0.1:{port}/a"
        await fetching.fetch(url)
        went.set()
        await until_unasked(fetching)
        await fetching.fetch(url)
        assert await fetching.content() == b"right"
    assert connections == 2


async def until_unasked(fetching: Fetching) -> None:
    """Returns once something came over a connection that waits."""
    connector = fetching.fetcher._client._connections.kept.connector
    assert connector is not None
    async with asyncio.timeout(5):
        while not any(protocol.should_close for waiting in connector._conns.values() for protocol, _ in waiting):  # noqa: ASYNC110  there is nothing else to wait for
            await asyncio.sleep(0.001)


async def test_one_that_waits_too_long_ends(fetching: Fetching, tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"right")
        await reader.read()
        ended.set()

    async with (
        speaking(talk) as port,
        open_connections(is_private_allowed=True, kept_seconds=0.05) as connections,
        asyncio.timeout(20),
    ):
        fetcher = Fetcher(Client(connections, HostLimiter()), fetching.storage)
        await fetcher.fetch(fetching.request(f"http://127.0.0.1:{port}/a"))
        await ended.wait()


class FinishHeld(LocalStorage):
    """Files are not finished before `go_on` is set."""

    go_on: asyncio.Event

    async def open_sink(self, key: str, offset: int, hash_: Hash | None) -> LocalSink:
        sink = await super().open_sink(key, offset, hash_)
        finish = sink.finish

        async def finish_later() -> None:
            await self.go_on.wait()
            await finish()

        sink.finish = finish_later  # type: ignore[method-assign]
        return sink


@pytest.mark.parametrize("held", ["start", "finish"])
async def test_a_host_is_asked_for_the_next_file_while_we_are_busy_with_one(
    origin: Origin, tmp_path: Path, held: str
) -> None:
    """Two transfers of a host that may have one at a time: what is held is our work, after its last byte."""
    storage, go_on, free = FinishHeld(tmp_path / "data"), asyncio.Event(), asyncio.Event()
    free.set()
    storage.go_on = free if held == "start" else go_on

    async def look_at(_file: Representation) -> None:
        if held == "start":
            await go_on.wait()

    async with open_connections(is_private_allowed=True) as connections, asyncio.TaskGroup() as group:
        fetcher = Fetcher(Client(connections, HostLimiter(per_host=1)), storage)
        for number in range(3):
            request = FetchRequest(url=origin.url(), key=f"files/{number}", folder=tmp_path, on_file=look_at)
            group.create_task(fetcher.fetch(request))
        async with asyncio.timeout(10):
            while len(origin.asked) < 3:  # noqa: ASYNC110  there is nothing else to wait for
                await asyncio.sleep(0.001)
        go_on.set()
    assert (origin.connections, origin.open_most) == (1, 1)
    assert [await storage.size_of(f"files/{number}") for number in range(3)] == [len(CONTENT)] * 3


async def test_a_transfer_that_is_cancelled_hangs_up(fetching: Fetching) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"rig")
        await writer.drain()
        begun.set()
        await reader.read()
        ended.set()

    async with speaking(talk) as port, asyncio.timeout(10):
        request = fetching.request(f"http://127.0.0.1:{port}/a")
        task = asyncio.create_task(fetching.fetcher.fetch(request))
        await begun.wait()
        await until(3, request.meter)
        task.cancel()
        await ended.wait()
