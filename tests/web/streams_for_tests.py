"""A client that reads streamed answers byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from tests.web_app import Person, Served

SSE = "text/event-stream"
MULTIPART = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
HEARTBEAT: dict[str, Any] = {}


class StreamEnd(Exception):  # noqa: N818  it is no error
    """The answer has ended; `is_complete` tells whether the protocol's own end came before."""

    def __init__(self, *, is_complete: bool) -> None:
        super().__init__(is_complete)
        self.is_complete = is_complete


@dataclass
class Stream:
    """A streamed answer."""

    response: aiohttp.ClientResponse

    async def read(self, seconds: float = 10) -> dict[str, Any]:
        """What comes next: a result, an empty one for a heartbeat, or `{"errors": ...}`.

        Raises:
            StreamEnd: Nothing more comes.
        """
        async with asyncio.timeout(seconds):
            is_sse = self.response.content_type == SSE
            return await (self._read_event() if is_sse else self._read_part())

    async def result(self) -> dict[str, Any]:
        """The next result."""
        while (message := await self.read()) == HEARTBEAT:
            pass
        return message

    async def data(self) -> dict[str, Any]:
        """The data of the next result, which has no errors."""
        result = await self.result()
        assert "errors" not in result, result
        data: dict[str, Any] = result["data"]
        return data

    async def code(self) -> str:
        """The code of the only error of the next result, which has no data."""
        result = await self.result()
        assert "data" not in result, result
        (error,) = result["errors"]
        assert {"code", "requestId", "timestamp"} <= set(error["extensions"])
        return str(error["extensions"]["code"])

    async def end(self) -> bool:
        """Read to the end, which must be all that is left; whether it is complete."""
        try:
            while (message := await self.read()) == HEARTBEAT:
                pass
        except StreamEnd as end:
            return end.is_complete
        raise AssertionError(message)

    async def _read_event(self) -> dict[str, Any]:
        text = await self.response.content.readuntil(b"\n\n")
        if not text:
            raise StreamEnd(is_complete=False)
        if text == b":\n\n":
            return HEARTBEAT
        event, data, *rest = text.decode().removesuffix("\n\n").split("\n")
        assert rest == []
        if event == "event: complete":
            assert data == "data: "
            assert await self.response.content.read() == b""
            raise StreamEnd(is_complete=True)
        assert event == "event: next"
        result: dict[str, Any] = orjson.loads(data.removeprefix("data: "))
        return result

    async def _read_part(self) -> dict[str, Any]:
        text = await self.response.content.readuntil(b"--graphql")
        if text == b"--graphql":
            text = await self.response.content.readuntil(b"--graphql")
        if text in {b"--\r\n", b""}:
            raise StreamEnd(is_complete=text == b"--\r\n")
        head, _, body = text.removesuffix(b"\r\n--graphql").partition(b"\r\n\r\n")
        assert head == b"\r\nContent-Type: application/json"
        part: dict[str, Any] = orjson.loads(body)
        if part == {}:
            return HEARTBEAT
        payload = part.pop("payload")
        if payload is None:
            assert set(part) == {"errors"}
            return part
        assert part == {}
        result: dict[str, Any] = payload
        return result


@asynccontextmanager
async def opened(
    live: Served, accept: str, query: str, who: Person | None = None, *, method: str = "POST", **variables: Any
) -> AsyncIterator[Stream]:
    """The answer to an operation; leaving the block closes the connection."""
    headers = {"Accept": accept, **(who.header if who else {"Apollo-Require-Preflight": "true"})}
    request: dict[str, Any] = (
        {"json": {"query": query, "variables": variables}}
        if method == "POST"
        else {"params": {"query": query, "variables": orjson.dumps(variables).decode()}}
    )
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        response = await session.request(method, f"http://127.0.0.1:{live.port}/graphql", headers=headers, **request)
        try:
            yield Stream(response)
        finally:
            response.close()
