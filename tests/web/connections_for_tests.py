"""A server over real connections, and a raw client."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import uvicorn
import uvloop

from uploads.body import EXTENSION
from web.connection import ConnectionLimits, HttpConnection
from web.listening import bind

CONTENT = bytes(range(256)) * 4_000
Answer = Callable[[Any, Any, Any], Awaitable[tuple[int, bytes]]]


@dataclass
class Collector:
    """A sink that keeps what it gets; with a `limit` it has enough after so many bytes."""

    limit: int = 2**40
    taken: bytes = b""
    has_left: bool = False

    def __post_init__(self) -> None:
        self.done = asyncio.Event()
        self._block = memoryview(bytearray(70_000))

    def buffer(self) -> memoryview:
        return self._block

    def filled(self, size: int, *, is_last: bool) -> None:
        self.taken += bytes(self._block[:size])
        if is_last or len(self.taken) >= self.limit:
            self.done.set()

    def left(self) -> None:
        self.has_left = True
        self.done.set()


@asynccontextmanager
async def served(
    answer: Answer,
    limits: ConnectionLimits | None = None,
    *,
    keep_alive_seconds: int = 75,
    listener: socket.socket | None = None,
) -> AsyncIterator[int]:
    """The port of a server whose application is `answer`."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        status, body = await answer(scope, receive, send)
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    http: Any = partial(HttpConnection, limits=limits)
    config = uvicorn.Config(app, http=http, log_config=None, lifespan="off", timeout_keep_alive=keep_alive_seconds)
    server, listener = uvicorn.Server(config), listener or bind("127.0.0.1", 0)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  the server offers nothing else to wait for
        await asyncio.sleep(0.005)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await serving


def length_of(scope: Any) -> int:
    return int(dict(scope["headers"]).get(b"content-length", b"0"))


async def echo(scope: Any, receive: Any, _send: Any) -> tuple[int, bytes]:
    """Takes the body over where that is possible, and says how many bytes it had and what they hash to."""
    collector = Collector()
    if scope["extensions"][EXTENSION](collector, length_of(scope)) is None:
        body, is_more = b"", True
        while is_more:
            message = await receive()
            body, is_more = body + message["body"], message.get("more_body", False)
        return 200, f"received {len(body)} {body == CONTENT[: len(body)]}".encode()
    await collector.done.wait()
    return 200, f"taken {len(collector.taken)} {collector.taken == CONTENT[: len(collector.taken)]}".encode()


def head(length: int, *lines: str) -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", "Host: test", f"Content-Length: {length}", *lines, "", ""]).encode()


async def answer_on(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    return int(lines[0].split()[1]), await reader.readexactly(int(headers.get("content-length", "0")))


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[None]], None]:
    """Runs a coroutine on the one or the other event loop: each has its own transports."""

    def run_on(awaitable: Any) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(awaitable)

    return run_on


Run = Callable[[Awaitable[None]], None]
