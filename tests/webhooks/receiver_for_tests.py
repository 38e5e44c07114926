"""A receiver of webhooks: a real HTTP server that notes what comes and answers what it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        return orjson.loads(self.body)  # type: ignore[no-any-return]

    def is_signed_with(self, secret: str) -> bool:
        """Whether another implementation of the standard finds it good."""
        return bool(Webhook(secret).verify(self.body, dict(self.headers)) == self.json)


@dataclass
class Receiver:
    """Notes every request in `received`, and answers `status` with `headers` once it is not `hanging` (any more)."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    on_their_way: int = 0
    most_on_their_way: int = 0
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=hush"

    @property
    def ids(self) -> list[str]:
        return [request.id for request in self.received]

    async def until(self, count: int, seconds: float = 30) -> None:
        """Wait for so many requests."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:  # noqa: ASYNC110  there is nothing else to wait for
                await asyncio.sleep(0.01)

    async def until_on_their_way(self, seconds: float = 30) -> None:
        """Wait until a request has come that is not answered."""
        async with asyncio.timeout(seconds):
            while not self.on_their_way:  # noqa: ASYNC110  there is nothing else to wait for
                await asyncio.sleep(0.01)

    async def answer(self, request: web.Request) -> web.Response:
        self.received.append(Received(request.path_qs, dict(request.headers), await request.read()))
        self.on_their_way += 1
        self.most_on_their_way = max(self.most_on_their_way, self.on_their_way)
        try:
            await self.may_answer.wait()
        finally:
            self.on_their_way -= 1
        return web.Response(status=self.status, headers=self.headers, text="x" * 100_000)


@asynccontextmanager
async def receiving(port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver at `port`, or a free one, for as long as the block lasts."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()
