"""Turns of bodies that wait to be read."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from uploads.intake import MEMORY_BYTES, BlockIntake, MemoryPool
from web.bodies import BodyReader, ReadTurns


class Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport


@asynccontextmanager
async def connected() -> AsyncIterator[Connection]:
    ours, theirs = socket.socketpair()
    with theirs:
        transport, connection = await asyncio.get_running_loop().create_connection(Connection, sock=ours)
        yield connection
        transport.close()


def reader_of(connection: Connection, turns: ReadTurns) -> BodyReader:
    sink = BlockIntake(MEMORY_BYTES + 1, 5, MemoryPool().acquire())
    return BodyReader(connection, turns, lambda: None, {}, sink, MEMORY_BYTES + 1)


async def test_of_bodies_that_may_go_on_at_once_one_is_read_in_each_turn() -> None:
    turns = ReadTurns()
    async with connected() as one, connected() as other:
        readers = [reader_of(connection, turns) for connection in (one, other)]
        for reader in readers:
            reader.pause()
        assert [one.transport.is_reading(), other.transport.is_reading()] == [False, False]
        for reader in readers:
            reader.resume()
        assert [one.transport.is_reading(), other.transport.is_reading()] == [True, False]
        await asyncio.sleep(0)
        assert [one.transport.is_reading(), other.transport.is_reading()] == [True, True]


async def test_one_body_goes_on_in_each_turn_of_the_loop() -> None:
    turns, read = ReadTurns(), list[str]()
    for name in ("first", "second", "third"):
        turns.take(partial(read.append, name))
    seen = [list(read)]
    for _ in range(3):
        await asyncio.sleep(0)
        seen.append(list(read))
    assert seen == [["first"], ["first", "second"], ["first", "second", "third"], ["first", "second", "third"]]


async def test_a_body_alone_goes_on_at_once() -> None:
    turns, read = ReadTurns(), list[str]()
    for name in ("first", "second"):
        turns.take(partial(read.append, name))
        assert read[-1] == name
        await asyncio.sleep(0)
