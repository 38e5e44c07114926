"""A forward proxy on loopback, behind the address guard.

Another program reaches the network through it. It knows CONNECT, and plain HTTP in absolute form (RFC 9110, section 9.3.6; RFC 9112, section 3.2.2). Each has a password of its own, so
that nobody else on the machine calls through it.
"""

import asyncio
import hmac
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from secrets import token_urlsafe
from urllib.parse import urlsplit, urlunsplit

import h11

from base.errors import Refusal
from base.logging import log_for
from egress.session import AddressRefused

log = log_for(__name__)

HOST = "127.0.0.1"
USER = "waybill"
CHUNK_BYTES = 64 * 1024
_HOP_BY_HOP = frozenset(
    [b"connection", b"keep-alive", b"proxy-authorization", b"proxy-connection", b"te", b"trailer", b"upgrade"]
)
"""What a client says to its proxy alone (RFC 9110, section 7.6.1); the framing of a body goes on, as the body does."""

Connect = Callable[[str], Awaitable[socket.socket]]
"""Connects to the origin of a URL. Raises AddressRefused, OSError, or Refusal for what is no URL that may be called."""
Turn = Callable[[str], AbstractAsyncContextManager[object]]
"""Entered before the origin of a URL is connected to, once that may be, and left when the connection ends. Raises Refusal as `Connect`."""


@dataclass(frozen=True, slots=True)
class ForwardLimits:
    """How far a forward proxy goes.

    Attributes:
        connections: Open at the same time; more are answered 503.
        size_bytes: Of all connections together, both ways; at the end of it they break.
        head_seconds: Within which a client has said what it wants.
        connect_seconds: To resolve the name and to connect, once it is this connection's turn.
        connection_seconds: After which a connection breaks, whatever it is at.
    """

    connections: int = 16
    size_bytes: int = 64 * 2**20
    head_seconds: float = 10.0
    connect_seconds: float = 20.0
    connection_seconds: float = 120.0


@asynccontextmanager
async def opened_forward_proxy(
    connect: Connect, limits: ForwardLimits | None = None, turn: Turn = lambda _url: nullcontext()
) -> AsyncIterator[str]:
    """A proxy at a free port of this machine, while the block lasts; all its connections end with it.

    Yields:
        Its URL with user and password, for the program that may use it, never for logs.
    """
    password = token_urlsafe(32)
    proxy = _ForwardProxy(connect, turn, limits or ForwardLimits(), password)
    server = await asyncio.start_server(proxy.accept, HOST, 0)
    try:
        yield f"http://{USER}:{password}@{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await proxy.close()


class _Answered(Exception):  # noqa: N818  it reads as what happened
    """The proxy answers by itself, with this status and these headers."""

    def __init__(self, status: int, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers


class _Spent(Exception):  # noqa: N818  it reads as what happened
    """All bytes that there were have been passed on."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request.

    Attributes:
        url: Whose origin is to be connected to.
        first: What goes there before all that comes from the client from now on.
        is_tunnel: The client waits for the proxy's word, and then speaks to the origin itself.
    """

    url: str
    first: bytes
    is_tunnel: bool


class _ForwardProxy:
    """One proxy, and the connections that it has."""

    def __init__(self, connect: Connect, turn: Turn, limits: ForwardLimits, password: str) -> None:
        self._connect = connect
        self._turn = turn
        self._limits = limits
        self._sign_in = b"Basic " + b64encode(f"{USER}:{password}".encode())
        self._left_bytes = limits.size_bytes
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end; how it ended is told to the client alone."""
        try:
            with suppress(ConnectionError, TimeoutError, _Spent):
                async with asyncio.timeout(self._limits.connection_seconds), AsyncExitStack() as turn:
                    await self._answer(reader, writer, turn)
        except Exception:
            log.exception("a connection through the forward proxy failed")
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, turn: AsyncExitStack) -> None:
        try:
            async with asyncio.timeout(self._limits.head_seconds):
                asked = self._read(*await _read_head(reader))
            origin_reader, origin_writer = await self._open(asked.url, turn)
        except _Answered as answered:
            writer.write(_head(answered.status, *answered.headers))
            await writer.drain()
            return
        try:
            if asked.is_tunnel:
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            self._spend(len(asked.first))
            origin_writer.write(asked.first)
            await self._relay((reader, origin_writer), (origin_reader, writer))
        finally:
            origin_writer.close()

    def _read(self, request: h11.Request, rest: bytes) -> _Asked:
        """What is wanted, by whom may want it. Raises _Answered."""
        headers = [(bytes(name), bytes(value)) for name, value in request.headers if name not in _HOP_BY_HOP]
        given = dict(request.headers).get(b"proxy-authorization", b"")
        if not hmac.compare_digest(given, self._sign_in):
            raise _Answered(407, ("Proxy-Authenticate", 'Basic realm="Waybill"'))
        if len(self._tasks) > self._limits.connections:
            raise _Answered(503)
        target = request.target.decode("ascii")
        if request.method == b"CONNECT":
            return _Asked(f"https://{target}", rest, is_tunnel=True)
        try:
            parts = urlsplit(target)
            path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            onward = h11.Request(method=request.method, target=path, headers=[*headers, (b"Connection", b"close")])
        except (ValueError, h11.ProtocolError) as error:
            raise _Answered(400) from error
        if parts.scheme != "http" or not parts.netloc:
            raise _Answered(400)
        return _Asked(target, (h11.Connection(h11.CLIENT).send(onward) or b"") + rest, is_tunnel=False)

    async def _open(self, url: str, turn: AsyncExitStack) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the origin of `url`, once it may be had. Raises _Answered."""
        try:
            await turn.enter_async_context(self._turn(url))
            async with asyncio.timeout(self._limits.connect_seconds):
                return await asyncio.open_connection(sock=await self._connect(url))
        except (AddressRefused, Refusal) as refused:
            raise _Answered(403) from refused
        except TimeoutError as late:
            raise _Answered(504) from late
        except OSError as failed:
            raise _Answered(502) from failed

    async def _relay(self, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        """Pass on what comes, both ways, until both have ended or one has failed."""
        tasks = [asyncio.create_task(self._copy(*way)) for way in ways]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            self._spend(len(data))
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    def _spend(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            raise _Spent


async def _read_head(reader: asyncio.StreamReader) -> tuple[h11.Request, bytes]:
    """A request without its body, and what has come of that. Raises _Answered for what is no HTTP, ConnectionError at an early end."""
    connection = h11.Connection(h11.SERVER)
    try:
        while not isinstance(event := connection.next_event(), h11.Request):
            data = await reader.read(CHUNK_BYTES)
            if not data:
                raise ConnectionResetError
            connection.receive_data(data)
    except h11.RemoteProtocolError as error:
        raise _Answered(400) from error
    return event, connection.trailing_data[0]


def _head(status: int, *headers: tuple[str, str]) -> bytes:
    response = h11.Response(status_code=status, headers=[*headers, ("Content-Length", "0"), ("Connection", "close")])
    connection = h11.Connection(h11.SERVER)
    return connection.send(response) or b""
