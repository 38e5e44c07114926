"""The HTTP client of downloads: redirects by hand, every hop behind the address guard.

No header of ours but User-Agent, Accept, Accept-Encoding, Range and If-Range goes to another origin than the first; no
cookie lives longer than one chain of redirects.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import aiohttp

from base.errors import ErrorCode, Refusal
from downloads.budget import TimeBudget
from downloads.connections import READ_BYTES, Connections, open_session
from downloads.failures import FetchFailed, answered, bad_http, network_failures
from downloads.hosts import HostLimiter, HostSlot
from downloads.options import FetchOptions
from downloads.proxies import Proxies
from downloads.received import received_before_break
from downloads.representation import Representation, describe
from downloads.retries import OnWait, pass_over_wait, retry_after_seconds
from downloads.urls import Address, follow, parse_address
from egress.forward_proxy import opened_forward_proxy
from egress.proxies import SOCKS5, Proxy, check_target, connect_through, proxy_connector
from egress.session import guarded_connector
from egress.sockets import connect_guarded

MAX_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ASKS_TO_WAIT = frozenset({429, 503})
_BOUND_SCHEMES = frozenset({"negotiate", "ntlm"})
"""Ways to sign in that hold for all that comes over the same connection, whoever asks (RFC 4559, section 6)."""
_FRAMING = frozenset({"chunked", "identity", ""})
_LISTS = (
    "Accept-Ranges",
    "Content-Digest",
    "Content-Encoding",
    "Digest",
    "Repr-Digest",
    "Transfer-Encoding",
    "x-goog-hash",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer that is no redirect, and its body, which is read piece by piece.

    Attributes:
        url: The address that answered, without credentials.
        retry_after: Seconds for which a 429 or 503 asks to wait, where it says so.
        transfer_codings: In lower case; of those that are more than framing none was asked for.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    retry_after: float | None
    transfer_codings: frozenset[str]
    _content: aiohttp.StreamReader

    def describe(self) -> Representation:
        """What it says of the file. Raises FetchFailed where its body has a transfer coding that nobody asked for."""
        if self.transfer_codings - _FRAMING:
            raise bad_http()
        return describe(self.status, self.headers, self.url)

    async def read(self, most: int) -> tuple[bytes, float]:
        """What has come, at most `most` bytes; b"" at the end. With it the seconds that the network was waited for.

        Raises:
            FetchFailed: The body broke off, or nothing came for too long, and all that came was read.
        """
        began = time.monotonic()
        most = min(most, READ_BYTES)
        with network_failures():
            data = received_before_break(self._content, most) or await self._content.read(most)
        return data, time.monotonic() - began


class Client:
    """Asks for files; at most a few at a time of each host.

    Args:
        connections: For all that goes through no proxy.
        hosts: Shared by all clients.
        proxies: Those that there are.
        is_private_allowed: As of the connections, for what goes through a proxy.
    """

    def __init__(
        self,
        connections: Connections,
        hosts: HostLimiter,
        proxies: Proxies | None = None,
        *,
        is_private_allowed: bool = False,
    ) -> None:
        self._connections = connections
        self._hosts = hosts
        self._proxies = proxies or Proxies()
        self._is_private_allowed = is_private_allowed

    @asynccontextmanager
    async def ask(
        self,
        address: Address,
        options: FetchOptions,
        budget: TimeBudget,
        conditions: Mapping[str, str],
        on_wait: OnWait = pass_over_wait,
    ) -> AsyncIterator[Answer]:
        """Ask `address` with GET and follow its redirects; a body that was not read is given up with the block.

        The host may be asked by another transfer as soon as the last byte is here, read or not.

        Args:
            address: The first one.
            options: Time-outs, User-Agent, own headers.
            budget: What waiting for heads is spent of.
            conditions: Range and If-Range, or nothing.
            on_wait: See `OnWait`.

        Raises:
            Refusal: URL_NOT_ALLOWED where a redirect leads to another scheme.
            FetchFailed: There was no answer, or no end of redirects.
        """
        chain = _Chain(address, options, conditions)
        for _ in range(MAX_REDIRECTS + 1):
            host = chain.address.host
            async with AsyncExitStack() as stack:
                slot = await stack.enter_async_context(self._hosts.slot(host, partial(on_wait, host)))
                async with budget.spend():
                    response = await self._send(chain, options, stack)
                stack.callback(response.close)
                answer = _answer(chain.address, response)
                await self._note(chain.address, options, answer)
                if answer.status in _REDIRECTS and "Location" in answer.headers:
                    chain.go_on(response)
                    continue
                response.content.on_eof(slot.end)
                yield answer
                return
        sentence = f"The URL redirects more than {MAX_REDIRECTS} times: check it in a browser."
        raise FetchFailed(ErrorCode.DOWNLOAD_FAILED, sentence)

    async def _send(self, chain: "_Chain", options: FetchOptions, stack: AsyncExitStack) -> aiohttp.ClientResponse:
        """The head of the answer of one hop; a server that drips it, or a name server that hangs, has a deadline."""
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=options.connect_timeout_seconds, sock_read=options.read_timeout_seconds
        )
        proxy = self._proxies.choose(options, chain.address)
        with network_failures():
            async with asyncio.timeout(options.connect_timeout_seconds + options.read_timeout_seconds):
                headers = chain.headers()
                if proxy is None:
                    may_reuse = options.max_retries > 0 and not _is_bound(headers)
                    return await self._connections.get(chain.address.url, headers, timeout, may_reuse=may_reuse)
                session = await self._through(proxy, chain.address, stack)
                return await session.get(chain.address.url, headers=headers, allow_redirects=False, timeout=timeout)

    async def _through(self, proxy: Proxy, address: Address, stack: AsyncExitStack) -> aiohttp.ClientSession:
        """A session of this hop through the proxy, which ends with the answer.

        Proxies tunnel to an address; plain HTTP goes by HTTP proxies to a name, because most tunnel to port 443 alone.
        """
        if _is_tunnelled(proxy, address):
            connector = proxy_connector(proxy, is_private_allowed=self._is_private_allowed)
            return await stack.enter_async_context(open_session(connector))
        port = address.url.port or 80
        await check_target(address.host, port, is_private_allowed=self._is_private_allowed)
        connector = guarded_connector(is_private_allowed=True)  # of the proxy, which its operator allowed
        return await stack.enter_async_context(open_session(connector, proxy=proxy.url))

    def forward_proxy(self, options: FetchOptions) -> AbstractAsyncContextManager[str]:
        """As `Link.forward_proxy`."""
        return opened_forward_proxy(partial(self._connect, options), turn=self._turn)

    def _turn(self, url: str) -> AbstractAsyncContextManager[HostSlot]:
        """As `egress.forward_proxy.Turn`: such a connection is one transfer from its host."""
        return self._hosts.slot(parse_address(url).host)

    async def _connect(self, options: FetchOptions, url: str) -> socket.socket:
        """As `egress.forward_proxy.Connect`: through the proxy of the options, where there is one."""
        address = parse_address(url)
        host, port = address.host, address.url.port or 0
        proxy = self._proxies.choose(options, address)
        if proxy is None:
            return await connect_guarded(host, port, is_private_allowed=self._is_private_allowed)
        return await connect_through(proxy, host, port, is_private_allowed=self._is_private_allowed)

    async def _note(self, address: Address, options: FetchOptions, answer: Answer) -> None:
        """A host that asks to wait is left alone; but not where its proxy may have asked, which is not known of plain HTTP."""
        if answer.status not in _ASKS_TO_WAIT:
            await self._hosts.answered(address.host)
        elif not self._is_forwarded(options, address):
            await self._hosts.cool_down(address.host, answer.retry_after)

    def _is_forwarded(self, options: FetchOptions, address: Address) -> bool:
        """Whether a proxy reads the request, and may answer it by itself."""
        proxy = self._proxies.choose(options, address)
        return proxy is not None and not _is_tunnelled(proxy, address)


def _is_tunnelled(proxy: Proxy, address: Address) -> bool:
    return proxy.scheme == SOCKS5 or address.url.scheme == "https"


def _is_bound(headers: Mapping[str, str]) -> bool:
    """Whether the connection is signed in by these."""
    schemes = (value.partition(" ")[0].lower() for name, value in headers.items() if name.lower() == "authorization")
    return any(scheme in _BOUND_SCHEMES for scheme in schemes)


class _Chain:
    """One chain of redirects: where it is, and what goes there."""

    def __init__(self, address: Address, options: FetchOptions, conditions: Mapping[str, str]) -> None:
        self.address = address
        self._first = address.origin
        self._own: dict[str, str] = dict(options.headers)
        self._common = {"User-Agent": options.user_agent, "Accept": "*/*", "Accept-Encoding": "identity", **conditions}
        self._cookies = aiohttp.CookieJar(unsafe=True)  # hosts that are addresses, too

    def headers(self) -> dict[str, str]:
        """Credentials of a URL are for that URL and, where it leads on within the first origin, for the next."""
        own = dict(self._own)
        if self.address.authorization is not None:
            own = {name: value for name, value in own.items() if name.lower() != "authorization"}
            own["Authorization"] = self.address.authorization
        cookies = self._cookies.filter_cookies(self.address.url)
        if cookies:
            mine = [value for name, value in own.items() if name.lower() == "cookie"]
            own = {name: value for name, value in own.items() if name.lower() != "cookie"}
            own["Cookie"] = "; ".join([*mine, *(f"{each.key}={each.coded_value}" for each in cookies.values())])
        named = {name.lower() for name in own}
        return {name: value for name, value in self._common.items() if name.lower() not in named} | own

    def go_on(self, response: aiohttp.ClientResponse) -> None:
        """Follow the redirect; who has once left the first origin never gets its headers back."""
        self._cookies.update_cookies(response.cookies, self.address.url)
        target = _target(self.address, response)
        if target.origin != self._first:
            self._own.clear()
            self._first = ("", "", None)
        elif target.authorization is None and target.origin == self.address.origin:
            target = Address(target.url, self.address.authorization)
        self.address = target


def _target(address: Address, response: aiohttp.ClientResponse) -> Address:
    """Where a redirect leads to; one to what is no URL is the server's fault, not that of whoever gave the first one."""
    try:
        return follow(address, response.headers["Location"])
    except Refusal as refusal:
        if refusal.code is ErrorCode.BAD_INPUT:
            raise answered(response.status, is_resuming=False) from refusal
        raise


def _answer(address: Address, response: aiohttp.ClientResponse) -> Answer:
    headers = _joined(response)
    retry_after = None
    if response.status in _ASKS_TO_WAIT:
        retry_after = retry_after_seconds(headers.get("Retry-After"), headers.get("Date"), datetime.now(UTC))
    codings = headers.get("Transfer-Encoding", "").lower().split(",")
    return Answer(
        str(address.url), response.status, headers, retry_after, frozenset(map(str.strip, codings)), response.content
    )


def _joined(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    """The headers, where lists that stand in several lines are one (RFC 9110, section 5.3)."""
    headers = response.headers.copy()
    for name in _LISTS:
        if name in headers:
            headers[name] = ", ".join(headers.getall(name))
    return headers
