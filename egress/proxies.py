"""Connections through a proxy, which is told checked addresses instead of names.

A name may lead elsewhere when a proxy asks for it, so it is resolved here, each address is looked at, and the proxy gets
that address; Host and the name for TLS stay those of the URL.

Raises:
    ProxyFailed: The proxy cannot be reached, or does not connect.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp.client_proto import ResponseHandler
from python_socks import ProxyConnectionError, ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy as Dialer
from yarl import URL

from egress.addresses import is_public
from egress.session import AddressRefused, address_resolver

HTTP, SOCKS5 = "http", "socks5"
_PORTS = {HTTP: 80, SOCKS5: 1080}
_TYPES = {HTTP: ProxyType.HTTP, SOCKS5: ProxyType.SOCKS5}
_NOT_FOR_US = {HTTP: frozenset({403, 405, 407}), SOCKS5: frozenset({2, 7, 8, None})}
"""Answers that stay the same when asked again: of HTTP the status, of SOCKS5 the reply (RFC 1928, section 6; None: no sign-in)."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy.

    Attributes:
        scheme: `http` or `socks5`.
        host: A name or an address.
        port: Where it listens.
        username, password: For it; None: it wants none.
    """

    scheme: str
    host: str
    port: int
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Its URL without credentials."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def url(self) -> URL:
        """With its credentials: for requests, never for logs."""
        return URL.build(scheme=self.scheme, user=self.username, password=self.password, host=self.host, port=self.port)


class ProxyFailed(OSError):  # noqa: N818  it reads as what happened
    """The proxy did not do its part.

    Attributes:
        sentence: For people.
        is_transient: The same may succeed later.
    """

    def __init__(self, sentence: str, *, is_transient: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.is_transient = is_transient


def parse_proxy(text: str) -> Proxy:
    """The proxy at the URL `text`; `socks5h` is `socks5`, because every name is resolved here.

    Raises:
        ValueError: It is none of HTTP or SOCKS5; the sentence is for people, and repeats no credentials.
    """
    message = "A proxy is written as http://host:port or socks5://host:port."
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise ValueError(message) from None
    scheme = parts.scheme.replace("socks5h", SOCKS5)
    if scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(message)
    username = None if parts.username is None else unquote(parts.username)
    password = None if username is None else unquote(parts.password or "")
    return Proxy(scheme, parts.hostname, port or _PORTS[scheme], username, password)


def proxy_connector(proxy: Proxy, *, is_private_allowed: bool = False) -> aiohttp.TCPConnector:
    """The connector for a session whose connections are tunnels through `proxy`."""
    return _TunnelConnector(proxy, is_private_allowed=is_private_allowed)


async def check_target(host: str, port: int, *, is_private_allowed: bool = False) -> None:
    """Look at the addresses of a target that a proxy is told by name, as it has to be for plain HTTP.

    Raises:
        OSError: The name cannot be resolved.
        AddressRefused: One of its addresses is not public.
    """
    found = await address_resolver().resolve(host, port, socket.AF_UNSPEC)
    if not is_private_allowed and not all(is_public(each["host"]) for each in found):
        raise AddressRefused


async def connect_through(proxy: Proxy, host: str, port: int, *, is_private_allowed: bool = False) -> socket.socket:
    """A socket that leads through `proxy` to an address of `host`.

    Raises:
        AddressRefused: The address is not public.
        OSError: The name cannot be resolved; ProxyFailed.
    """
    found = await address_resolver().resolve(host, port, socket.AF_UNSPEC)
    return await _dial_checked(proxy, found[0]["host"], port, is_private_allowed=is_private_allowed)


class _TunnelConnector(aiohttp.TCPConnector):
    """Dials through the proxy where a plain connector dials."""

    def __init__(self, proxy: Proxy, *, is_private_allowed: bool) -> None:
        super().__init__(resolver=address_resolver(), use_dns_cache=False, force_close=True, limit=0)
        self._proxy = proxy
        self._is_private_allowed = is_private_allowed

    async def _wrap_create_connection(
        self,
        *args: Callable[[], ResponseHandler],
        addr_infos: list[aiohttp.AddrInfoType],
        req: aiohttp.ClientRequest,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  the signature is aiohttp's
        client_error: type[Exception] = aiohttp.ClientConnectorError,
        **kwargs: Any,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        address, port = addr_infos[0][4][:2]
        try:
            async with asyncio.timeout(timeout.sock_connect):
                sock = await _dial_checked(
                    self._proxy, str(address), int(port), is_private_allowed=self._is_private_allowed
                )
        except TimeoutError:
            raise
        except OSError as error:
            raise client_error(req.connection_key, error) from error
        return await self._wrap_existing_connection(
            *args, req=req, timeout=timeout, client_error=client_error, sock=sock, **kwargs
        )


async def _dial_checked(proxy: Proxy, address: str, port: int, *, is_private_allowed: bool) -> socket.socket:
    """As `_dial`. Raises AddressRefused, too."""
    if not is_private_allowed and not is_public(address):
        raise AddressRefused
    sock: socket.socket = await _dial(proxy, address, port)
    return sock


async def _dial(proxy: Proxy, address: str, port: int) -> Any:
    """A socket that leads to the address through the proxy."""
    dialer = Dialer(
        _TYPES[proxy.scheme], proxy.host, proxy.port, username=proxy.username, password=proxy.password, rdns=True
    )
    try:
        return await dialer.connect(dest_host=address, dest_port=port)
    except ProxyConnectionError as error:
        raise ProxyFailed("The proxy could not be connected to.", is_transient=True) from error
    except ProxyError as error:
        is_transient = error.error_code not in _NOT_FOR_US[proxy.scheme]
        sentence = "The proxy could not connect to the server." if is_transient else _refusal(proxy)
        raise ProxyFailed(sentence, is_transient=is_transient) from error
    except (EOFError, ValueError) as error:
        raise ProxyFailed("The proxy did not answer as a proxy does.", is_transient=False) from error


def _refusal(proxy: Proxy) -> str:
    credentials = "wants user and password" if proxy.username is None else "does not take this user and password"
    return f"The proxy refuses to connect, or {credentials}."
