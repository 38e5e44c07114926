"""The watching client, a process of its own.

It changes jobs through Redis, and times what its sockets hear of it.

    python -m benchmarks.watching.load FILE     the JSON of an `Order`; prints its `Heard`

A message tells in `statusMessage` when its change was published, by the monotonic clock of this machine.
"""

import asyncio
import json
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import uvloop

from benchmarks.machine import keep_off_first_core

_OPENING = 50
"""So many sockets are opened at a time."""
_READY_SECONDS = 60.0
_TICKS_PER_CHANGE = 10
"""Changes of many jobs are spread over the time between two of one."""
_STAMP = b'"statusMessage":"'


@dataclass(frozen=True)
class Order:
    """Who watches which job, and how often each job changes.

    Attributes:
        tokens: One for each socket.
        watched: For each socket the place of its job in `jobs`.
        jobs: Rows as events tell them.
        channel: Of Redis, by which the server hears.
    """

    base_url: str
    path: str
    tokens: list[str]
    watched: list[int]
    jobs: list[dict[str, Any]]
    query: str
    redis_url: str
    channel: str
    changes_per_second: float
    seconds: float
    warm_up_seconds: float


@dataclass(frozen=True)
class Heard:
    """The figures of one run.

    Attributes:
        expected: Messages that all sockets together should have heard.
        delivered: Those that they heard.
        p50_ms: From the publishing of a change until a socket has read it.
    """

    expected: int
    delivered: int
    p50_ms: float
    p99_ms: float


class Watcher(asyncio.Protocol):
    """One socket in graphql-transport-ws: it subscribes once, and notes how late each message is."""

    def __init__(self, order: Order, number: int, on_late: Callable[[int], None]) -> None:
        self.ready = asyncio.get_running_loop().create_future()
        self._order = order
        self._number = number
        self._on_late = on_late
        self._buffer = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        address = urlsplit(self._order.base_url).netloc
        self.transport.write(
            f"GET {self._order.path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OUFCQ0RFRg==\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        if not self._is_open:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._fail(head)
                return
            self._is_open = True
            token = self._order.tokens[self._number]
            self._send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
        self._buffer = data[self._read(data) :]

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(str(error).encode())

    def _read(self, data: bytes) -> int:
        """Read whole frames; how many bytes they were."""
        place, end = 0, len(data)
        while end - place >= 2:
            size, begin = data[place + 1], place + 2
            if size == 126:
                size, begin = int.from_bytes(data[begin : begin + 2], "big"), begin + 2
            if begin + size > end:
                break
            opcode = data[place] & 0x0F
            if opcode == 1:
                self._hear(data, begin, begin + size)
            elif opcode == 9:
                self.transport.write(b"\x8a" + _masked(data[begin : begin + size]))
            elif opcode == 8:
                self._fail(data[begin : begin + size])
            place = begin + size
        return place

    def _hear(self, data: bytes, begin: int, end: int) -> None:
        place = data.find(_STAMP, begin, end)
        if place >= 0 and self.ready.done():
            place += len(_STAMP)
            published = int(data[place : data.index(b'"', place)])
            if published:  # else the server read the state anew: no change is heard by that
                self._on_late(time.monotonic_ns() - published)
        elif place >= 0:
            self.ready.set_result(None)
        elif b"connection_ack" in data[begin:end]:
            job = self._order.jobs[self._order.watched[self._number]]
            payload = {"query": self._order.query, "variables": {"id": job["id"]}}
            self._send({"id": f"watcher-{self._number}", "type": "subscribe", "payload": payload})
        else:
            self._fail(data[begin:end])

    def _send(self, message: dict[str, Any]) -> None:
        self.transport.write(b"\x81" + _masked(json.dumps(message).encode()))

    def _fail(self, said: bytes) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(said[:500].decode(errors="replace")))


class Publisher:
    """Publishes changes of jobs in Redis as a server does after a commit."""

    def __init__(self, order: Order, writer: asyncio.StreamWriter) -> None:
        self._order = order
        self._writer = writer
        self._version = 1_000

    async def run(self, begins_at: float, seconds: float) -> int:
        """Change every job at its rate from a moment on; how many changes each had."""
        ticks = _TICKS_PER_CHANGE if len(self._order.jobs) > 1 else 1
        pause = 1 / self._order.changes_per_second / ticks
        rounds = int(seconds * self._order.changes_per_second)
        loop = asyncio.get_running_loop()
        for number in range(rounds * ticks):
            await asyncio.sleep(max(0.0, begins_at + number * pause - loop.time()))
            self._version += number % ticks == 0
            self._publish(self._order.jobs[number % ticks :: ticks])
            await self._writer.drain()
        return rounds

    def _publish(self, jobs: list[dict[str, Any]]) -> None:
        channel = self._order.channel.encode()
        for job in jobs:
            change = {"version": self._version, "percentage": self._version % 90 + 0.5, "updated_at": time.time()}
            row = {**job, **change, "status_message": str(time.monotonic_ns())}
            body = orjson.dumps({"kind": "job", "row": row})
            self._writer.write(
                b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(channel), channel, len(body), body)
            )


async def run(order: Order, say_ready: Callable[[], None]) -> Heard:
    """Open the sockets, say so, then change the jobs and listen.

    Raises:
        ConnectionError: A socket was not opened, or did not hear the present state.
    """
    late: list[int] = []
    watchers = await _opened(order, late.append)
    say_ready()
    address = urlsplit(order.redis_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    draining = asyncio.create_task(_throw_away(reader))
    publisher = Publisher(order, writer)
    loop = asyncio.get_running_loop()
    await publisher.run(loop.time(), order.warm_up_seconds)
    await asyncio.sleep(1)
    late.clear()
    rounds = await publisher.run(loop.time(), order.seconds)
    await asyncio.sleep(2)
    draining.cancel()
    for watcher in watchers:
        watcher.transport.close()
    late.sort()
    return Heard(rounds * len(order.watched), len(late), _ms(late, 0.5), _ms(late, 0.99))


async def _opened(order: Order, on_late: Callable[[int], None]) -> list[Watcher]:
    address = urlsplit(order.base_url)
    watchers: list[Watcher] = []
    for first in range(0, len(order.watched), _OPENING):
        numbers = range(first, min(first + _OPENING, len(order.watched)))
        made = [Watcher(order, number, on_late) for number in numbers]
        loop = asyncio.get_running_loop()
        for watcher in made:
            await loop.create_connection(partial(_same, watcher), address.hostname or "", address.port or 0)
        await asyncio.wait_for(asyncio.gather(*(watcher.ready for watcher in made)), _READY_SECONDS)
        watchers += made
    return watchers


def _same(watcher: Watcher) -> Watcher:
    return watcher


async def _throw_away(reader: asyncio.StreamReader) -> None:
    while await reader.read(2**16):
        pass


def _masked(payload: bytes) -> bytes:
    """Length, mask of zeros, and payload of a frame (RFC 6455, section 5.2)."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    return size + b"\0\0\0\0" + payload


def _ms(times: list[int], part: float) -> float:
    return times[int(len(times) * part)] / 1e6 if times else float("inf")


def main() -> None:
    """Read the order, say `ready` when all sockets watch, print what was heard."""
    keep_off_first_core()
    order = Order(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print(json.dumps(asdict(uvloop.run(run(order, lambda: print("ready", flush=True))))), flush=True)


if __name__ == "__main__":
    main()
