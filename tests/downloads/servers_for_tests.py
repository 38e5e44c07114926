"""A server that misbehaves as it is told to: what it answers goes onto the wire byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from multidict import CIMultiDict

OLD = "Wed, 01 Jan 2025 00:00:00 GMT"
NOW = "Sun, 29 Nov 2026 12:00:00 GMT"
OURS = {"host", "user-agent", "accept", "accept-encoding"}
"""Headers that every request of ours has."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    target: str
    headers: CIMultiDict[str]

    @property
    def range(self) -> str | None:
        return self.headers.get("Range")

    @property
    def names(self) -> set[str]:
        """Of its headers, in lower case."""
        return {name.lower() for name in self.headers}


@dataclass
class Reply:
    """What goes back.

    Attributes:
        headers: Written in this order; bytes of names and values as Latin-1.
        body: After the head.
        cut_after: So many bytes of the body, then the connection ends.
        hold: Before the connection ends so, this is waited for, and the rest is sent.
        tail: Says what comes after `cut_after` bytes.
        is_reset: The connection is reset instead of an answer.
        origin: Whose reply it is.
    """

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    cut_after: int | None = None
    hold: asyncio.Event | None = None
    tail: "Callable[[Reply, asyncio.StreamWriter], Awaitable[None]] | None" = None
    is_reset: bool = False
    origin: "Origin | None" = None

    def set(self, name: str, value: str | None) -> "Reply":
        """Replace a header, or take it away."""
        self.headers = [each for each in self.headers if each[0].lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))
        return self


Change = Callable[[Asked, Reply], Reply]


def unchanged(_asked: Asked, reply: Reply) -> Reply:
    return reply


@dataclass
class Origin:
    """One file, served as well as HTTP knows, and then as badly as `change` makes it.

    Attributes:
        etag, last_modified: Its validators; None: the header is not sent.
        change: Sees each request and the good reply, and gives the one that is sent.
        asked: Every request, in order.
        is_persistent: A connection stays open after a whole answer.
        connections: So many there have been.
    """

    content: bytes = b"a small file"
    etag: str | None = '"v1"'
    last_modified: str | None = OLD
    content_type: str | None = "application/octet-stream"
    change: Change = unchanged
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    open_now: int = 0
    open_most: int = 0
    is_persistent: bool = False
    connections: int = 0

    def url(self, path: str = "/file.bin") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def ranges(self) -> list[str | None]:
        return [each.range for each in self.asked]

    def good_reply(self, asked: Asked) -> Reply:
        reply = Reply(200, [("Date", NOW), ("Accept-Ranges", "bytes")])
        for name, value in (
            ("ETag", self.etag),
            ("Last-Modified", self.last_modified),
            ("Content-Type", self.content_type),
        ):
            reply.set(name, value)
        start = self._start(asked)
        if start is None:
            reply.body = self.content
        elif start >= len(self.content):
            return Reply(416, [("Content-Range", f"bytes */{len(self.content)}"), ("Content-Length", "0")])
        else:
            end = self._end(asked)
            reply.status, reply.body = 206, self.content[start : end + 1]
            reply.set("Content-Range", f"bytes {start}-{start + len(reply.body) - 1}/{len(self.content)}")
        return reply.set("Content-Length", str(len(reply.body)))

    def _start(self, asked: Asked) -> int | None:
        if asked.range is None or asked.headers.get("If-Range", self.etag) not in {self.etag, self.last_modified}:
            return None
        return int(asked.range.removeprefix("bytes=").partition("-")[0])

    def _end(self, asked: Asked) -> int:
        text = (asked.range or "").partition("-")[2]
        return int(text) if text else len(self.content) - 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        try:
            await self._answer(await _read_request(reader), writer)
            while self.is_persistent:
                await self._answer(await _read_request(reader), writer)
        finally:
            self.open_now -= 1

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        reply = self.good_reply(asked)
        reply.origin = self
        reply = self.change(asked, reply)
        if reply.is_reset:
            writer.transport.abort()
            return
        head = f"HTTP/1.1 {reply.status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in reply.headers)
        body = reply.body if reply.cut_after is None else reply.body[: reply.cut_after]
        end = b"\r\n" if self.is_persistent else b"Connection: close\r\n\r\n"
        writer.write(head.encode("latin-1") + end + body)
        await writer.drain()
        if reply.tail is not None:
            await reply.tail(reply, writer)
        if reply.hold is not None:
            await reply.hold.wait()
            writer.write(reply.body[len(body) :])
            await writer.drain()


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.add(name, value.strip())
    return Asked(method, target, headers)


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def speaking(talk: Talk, address: str = "127.0.0.1") -> AsyncIterator[int]:
    """A server that says what `talk` says on each connection, while the block lasts. Yields its port."""
    talking: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        talking.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await talk(reader, writer)
        finally:
            talking.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, address, 0, limit=2**20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(talking):
            task and task.cancel()
        while talking:  # noqa: ASYNC110  there is nothing else to wait for
            await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(origin: Origin, address: str = "127.0.0.1") -> AsyncIterator[Origin]:
    """The origin at a free port of this machine, while the block lasts."""
    async with speaking(origin.serve, address) as origin.port:
        yield origin


def first(count: int, change: Change, then: Change = unchanged) -> Change:
    """Change the first `count` replies so, and the others as `then` does."""
    left = [count]

    def changed(asked: Asked, reply: Reply) -> Reply:
        left[0] -= 1
        return (change if left[0] >= 0 else then)(asked, reply)

    return changed


def cut_after(size: int) -> Change:
    """The connection ends after so many bytes of the body."""

    def changed(_asked: Asked, reply: Reply) -> Reply:
        reply.cut_after = size
        return reply

    return changed


def held(event: asyncio.Event, size: int) -> Change:
    """So many bytes of the body, and no more before the event."""

    def changed(_asked: Asked, reply: Reply) -> Reply:
        reply.cut_after, reply.hold = size, event
        return reply

    return changed


def without(asked: Asked, name: str) -> Asked:
    """The same request as if it did not have this header."""
    headers = CIMultiDict(asked.headers)
    headers.popall(name, None)
    return Asked(asked.method, asked.target, headers)


@dataclass
class Paced:
    """A change: bodies come in steps of 64 KiB at a steady pace, and what was sent is counted.

    Attributes:
        seconds: Between two steps.
        sent: Bytes of all bodies that went onto the wire.
    """

    seconds: float
    sent: int = 0

    def __call__(self, _asked: Asked, reply: Reply) -> Reply:
        reply.cut_after, reply.tail = 0, self._send
        return reply

    async def _send(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        for start in range(0, len(reply.body), 65_536):
            step = reply.body[start : start + 65_536]
            writer.write(step)
            await writer.drain()
            self.sent += len(step)
            await asyncio.sleep(self.seconds)


def redirecting(targets: dict[str, str], status: int = 302, **headers: str) -> Change:
    """Answers each of these paths with a redirect, and others with the file."""

    def changed(asked: Asked, reply: Reply) -> Reply:
        if asked.target not in targets:
            return reply
        extra = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return Reply(status, [("Location", targets[asked.target]), ("Content-Length", "0"), *extra])

    return changed
