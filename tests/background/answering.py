"""A local server that answers numbers, or never."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Answering:
    """Where it is, and which requests for `/never/<index>` it is keeping or has lost."""

    url: str = ""
    kept: set[str] = field(default_factory=set)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    keeping: asyncio.Event = field(default_factory=asyncio.Event)
    answered: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.answered.append(request.match_info["index"])
        return web.Response(text=f"number {request.match_info['index']}")

    async def keep(self, request: web.Request) -> web.StreamResponse:
        index = request.match_info["index"]
        response = web.StreamResponse()
        await response.prepare(request)
        self.kept.add(index)
        self.keeping.set()
        try:
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.02)
        except (ConnectionError, asyncio.CancelledError):
            self.kept.discard(index)
            self.lost.set()
            raise


@asynccontextmanager
async def answering() -> AsyncIterator[Answering]:
    """A server that answers while the block lasts."""
    state = Answering()
    app = web.Application()
    app.add_routes([web.get("/never/{index}", state.keep), web.get("/{index}", state.answer)])
    async with TestServer(app) as server:
        state.url = str(server.make_url("")).rstrip("/")
        yield state
