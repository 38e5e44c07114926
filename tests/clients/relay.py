"""A relay between clients and a server: it breaks connections off at an exact byte, as networks do at any."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.redis_server import free_port

BLOCK_BYTES = 65_536


class Relay:
    """Listens on a port of its own and passes everything on, both ways, until told otherwise.

    Attributes:
        jammed: Set once a connection is stuck; see `jam_after`.
    """

    def __init__(self, server_url: str) -> None:
        self.jammed = asyncio.Event()
        self._server_port = urlsplit(server_url).port
        self._port = free_port()
        self._listener: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._bytes_left: int | None = None

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()

    @property
    def base_url(self) -> str:
        """Where clients reach the server through it."""
        return f"http://127.0.0.1:{self._port}"

    async def jam(self, sending: asyncio.Future[Any]) -> None:
        """Wait until a connection is stuck; where `sending` ends before, raise what it raised."""
        jammed = asyncio.create_task(self.jammed.wait())
        try:
            await asyncio.wait([sending, jammed], timeout=120, return_when=asyncio.FIRST_COMPLETED)
            if not self.jammed.is_set():
                raise AssertionError(await sending if sending.done() else "nothing was sent")
        finally:
            jammed.cancel()

    def jam_after(self, count: int) -> None:
        """Pass `count` more bytes of clients on; the connection that brings the last of them is stuck from then on.

        Nothing goes through it any more, and that its client leaves is not noticed: at the server it hangs. Other
        connections are as before.
        """
        self.jammed.clear()
        self._bytes_left = count

    async def accept(self) -> None:
        """Listen, on the same port as before."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def refuse(self) -> None:
        """Listen no more, and end all connections."""
        if self._listener is not None:
            self._listener.close()
        for serving in self._serving:
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await asyncio.sleep(0)  # transports end in the next round of the loop
        if self._listener is not None:
            await self._listener.wait_closed()

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        with suppress(asyncio.CancelledError, OSError):
            try:
                from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
            except OSError:
                to_client.transport.abort()
                return
            to, back = ways = [
                asyncio.create_task(self._pass_to_server(from_client, to_server)),
                asyncio.create_task(_pass_on(from_server, to_client)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                if back.done() and back.exception() is None and not to.done():
                    to.cancel()
                    await _end_after_its_answer(from_client, to_client)
                for writer in (to_server, to_client):
                    writer.close()
                for writer in (to_server, to_client):
                    await writer.wait_closed()
            finally:
                for writer in (to_server, to_client):
                    writer.transport.abort()
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)

    async def _pass_to_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(BLOCK_BYTES):
            left = self._bytes_left
            is_last = left is not None and len(block) >= left
            self._bytes_left = None if left is None or is_last else left - len(block)
            writer.write(block[:left])
            await writer.drain()
            if is_last:
                self.jammed.set()
                await asyncio.Event().wait()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(BLOCK_BYTES):
        writer.write(block)
        await writer.drain()


async def _end_after_its_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let a client that is still sending read what it was answered: a reset would take it away."""
    writer.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            while await reader.read(BLOCK_BYTES):
                pass
