"""A load balancer: it sends each connection to the next server that says it is ready."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import aiohttp

CHECK_SECONDS = 0.3
_PART_BYTES = 64 * 1024


class LoadBalancer:
    """A proxy of bytes, in turns between servers; it asks each `/ready`, and knows nothing else of them.

    Attributes:
        url: Where it answers.
        ready: The addresses of those that said they are ready.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self.url = ""
        self.ready = list(urls)
        self._urls = list(urls)
        self._turn = itertools.count()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["LoadBalancer"]:
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session:
            checking = [asyncio.create_task(self._check(session, url)) for url in self._urls]
            try:
                yield self
            finally:
                for task in checking:
                    task.cancel()
                await asyncio.wait(checking)
                listener.close()

    async def _check(self, session: aiohttp.ClientSession, url: str) -> None:
        while True:
            is_ready = False
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{url}/ready") as answer:
                    is_ready = answer.status == 200
            if is_ready != (url in self.ready):
                (self.ready.append if is_ready else self.ready.remove)(url)
            await asyncio.sleep(CHECK_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            backend = await self._connect()
        except OSError:
            writer.close()
            return
        async with asyncio.TaskGroup() as piping:
            piping.create_task(_pipe(reader, backend[1]))
            piping.create_task(_pipe(backend[0], writer))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the next server that takes it."""
        for url in [self.ready[next(self._turn) % len(self.ready)] for _ in self.ready]:
            with suppress(ConnectionError):
                return await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        raise ConnectionRefusedError


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes until either side has closed."""
    with suppress(ConnectionError):
        while part := await reader.read(_PART_BYTES):
            writer.write(part)
            await writer.drain()
    writer.close()
