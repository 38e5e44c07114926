"""An HTTP client session behind the address guard.

Each address is looked at when a socket connects to it, not before.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from threading import Thread
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from egress.addresses import is_public


class AddressRefused(OSError):  # noqa: N818  it reads as what happened
    """The name leads to an address that may not be called; nothing was sent there."""

    def __init__(self) -> None:
        super().__init__("This address is not public.")


@asynccontextmanager
async def guarded_session(*, is_private_allowed: bool = False) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that keeps no cookie and no connection, and asks no proxy.

    A name may lead elsewhere from one question to the next, so what counts is the address of each socket, in the
    moment before it connects. Where it is not public, and `is_private_allowed` does not say otherwise, the
    ClientConnectorError has an AddressRefused.
    """
    connector = guarded_connector(is_private_allowed=is_private_allowed)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


def guarded_connector(*, is_private_allowed: bool = False, kept_seconds: float = 0.0) -> aiohttp.TCPConnector:
    """The connector of a `guarded_session`, for sessions with settings of their own.

    Args:
        is_private_allowed: As of the session.
        kept_seconds: How long a connection waits for the next request to its origin; 0: each is for one request.
    """
    keeping = {"keepalive_timeout": kept_seconds} if kept_seconds else {"force_close": True}
    return _Connector(
        resolver=address_resolver(),
        use_dns_cache=False,
        limit=0,
        socket_factory=socket_factory(is_private_allowed=is_private_allowed),
        **keeping,
    )


def socket_factory(*, is_private_allowed: bool = False) -> Callable[[aiohttp.AddrInfoType], socket.socket]:
    """Makes the socket for an address, in the moment before it connects; raises AddressRefused where that may not be."""
    return _new_socket if is_private_allowed else _guarded_socket


def address_resolver() -> AbstractResolver:
    """What every session here asks for addresses."""
    return _Resolver()


def _new_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    return socket.socket(family, kind, protocol)


def _guarded_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    if not is_public(str(address[4][0])):
        raise AddressRefused
    return _new_socket(address)


class _Connector(aiohttp.TCPConnector):
    """Uses no connection again over which something came that nobody had asked for."""

    async def _get(self, key: Any, traces: list[Any]) -> Any:
        """As of aiohttp (3.14.5), which looks at that when a connection is put back, and not when it is taken out again."""
        while (connection := await super()._get(key, traces)) is not None:
            if connection.protocol is not None and not connection.protocol.should_close:
                return connection
            connection.close()
        return None


class _Resolver(AbstractResolver):
    """Asks the system in a thread for each question: one that hangs holds up neither others nor the end of the program."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def ask() -> None:
            try:
                found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                # which error of a name server it was tells whether to ask again
                _tell(loop, answer, error if isinstance(error, OSError) else OSError(str(error)))
            else:
                _tell(loop, answer, found)

        Thread(target=ask, name="resolver", daemon=True).start()
        return [_result(host, entry) for entry in await answer]

    async def close(self) -> None:
        """There is nothing to close."""


def _tell(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[list[Any]], found: list[Any] | OSError) -> None:
    def set_answer() -> None:
        if answer.done():  # nobody waits any more
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    with suppress(RuntimeError):  # the program ends, and its loop has ended
        loop.call_soon_threadsafe(set_answer)


def _result(host: str, entry: Any) -> ResolveResult:
    family, _, protocol, _, (address, port, *_) = entry
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=protocol, flags=flags)
