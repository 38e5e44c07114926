"""A local endpoint of chat completions, which misbehaves when told to."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

STATUSES = {"401": 401, "404": 404, "418": 418, "429": 429, "500": 500, "503": 503}
WRONG_ANSWERS: dict[str, Any] = {
    "not JSON": "I am glad to help with these leads!",
    "no object": "[]",
    "another schema": '{"leads": [{"id": 1, "branch": "steel"}]}',
    "an unknown priority": '{"leads": [{"id": 1, "industry": null, "summary": null, "priority": "urgent"}]}',
    "a number as text": '{"leads": [{"id": 1, "industry": 5, "summary": null, "priority": null}]}',
    "too long": orjson.dumps({"leads": [{"id": 1, "industry": "x" * 101, "summary": None, "priority": None}]}).decode(),
    "too few": '{"leads": []}',
    "nothing": None,
}


@dataclass
class ChatServer:
    """Where it is, what it does with its next requests, and those that it got."""

    url: str = ""
    acts: deque[str] = field(default_factory=deque)
    retry_after: str = "0"
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    kept: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def questions(self) -> list[list[dict[str, Any]]]:
        """The leads of each request."""
        return [orjson.loads(request["messages"][-1]["content"])["leads"] for request in self.requests]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(asked := await request.json())
        self.headers.append(dict(request.headers))
        act = self.acts.popleft() if self.acts else "well"
        if act in STATUSES:
            return web.Response(status=STATUSES[act], headers={"Retry-After": self.retry_after}, text="secret details")
        if act == "redirect":
            raise web.HTTPFound("/elsewhere")
        if act == "never":
            self.kept.set()
            await asyncio.Event().wait()
        if act == "broken off":
            return await _break_off(request)
        if act == "huge":
            return web.json_response({"choices": [{"message": {"content": "x" * 2**21}}]})
        if act == "no completion":
            return web.json_response({"error": {"message": "secret details"}})
        text = WRONG_ANSWERS[act] if act in WRONG_ANSWERS else well_answered(asked)
        if act == "fenced":
            text = f"```json\n{text}\n```"
        reason = "length" if act == "cut" else "stop"
        return web.json_response({"choices": [{"message": {"content": text}, "finish_reason": reason}]})


def well_answered(request: dict[str, Any]) -> str:
    """An answer about each lead that `request` asks about."""
    leads = orjson.loads(request["messages"][-1]["content"])["leads"]
    answers = [
        {"id": lead["id"], "industry": "Steel", "summary": f"Row  {lead['id']}\nasks.", "priority": "high"}
        for lead in leads
    ]
    return orjson.dumps({"leads": answers}).decode()


async def _break_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"choices": [')
    assert request.transport is not None
    request.transport.abort()
    return response


@asynccontextmanager
async def chat_server() -> AsyncIterator[ChatServer]:
    """One that answers while the block lasts."""
    state = ChatServer()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", state.answer)
    async with TestServer(app) as server:
        state.url = str(server.make_url("/v1"))
        yield state
