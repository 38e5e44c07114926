"""Connections of downloads: bare of cookies and decoding, and kept open between requests where that is safe."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
from yarl import URL

from egress.session import guarded_connector

READ_BYTES = 256 * 1024
"""What is read at a time, and half of what aiohttp holds for a reader that is slow."""
KEPT_SECONDS = 4.0
"""How long a connection waits for the next request: less than the 5 s after which many servers close it."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Sessions of one client.

    Attributes:
        kept: Its connections wait for the next request to the same origin.
        fresh: Each of its connections is for one request.
    """

    kept: aiohttp.ClientSession
    fresh: aiohttp.ClientSession

    async def get(
        self, url: URL, headers: dict[str, str], limits: aiohttp.ClientTimeout, *, may_reuse: bool
    ) -> aiohttp.ClientResponse:
        """The head of the answer, which may be a redirect.

        A kept connection may end in the moment in which it is used again; then the request goes over a fresh one, as
        RFC 9112, section 9.3.1, has it.

        Args:
            url: Asked with GET.
            headers: All that are sent, but Host and Connection.
            limits: Of connecting and of each read.
            may_reuse: Whether a kept connection will do.

        Raises:
            aiohttp.ClientError, OSError, ValueError: There was no answer.
        """
        if may_reuse:
            trip = _Trip()
            try:
                return await self.kept.get(
                    url, headers=headers, allow_redirects=False, timeout=limits, trace_request_ctx=trip
                )
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, aiohttp.ClientResponseError):
                if not trip.is_reused:
                    raise
        return await self.fresh.get(url, headers=headers, allow_redirects=False, timeout=limits)


@dataclass(slots=True)
class _Trip:
    """One request: whether it went over a connection that had been used before."""

    is_reused: bool = False


@asynccontextmanager
async def open_connections(
    *, is_private_allowed: bool = False, kept_seconds: float = KEPT_SECONDS
) -> AsyncIterator[Connections]:
    """Connections behind the address guard, which end with the block.

    Args:
        is_private_allowed: Addresses of the own network may be called.
        kept_seconds: How long a connection waits for the next request.
    """
    kept = guarded_connector(is_private_allowed=is_private_allowed, kept_seconds=kept_seconds)
    fresh = guarded_connector(is_private_allowed=is_private_allowed)
    async with open_session(kept, trace=_tracing()) as kept_session, open_session(fresh) as fresh_session:
        yield Connections(kept_session, fresh_session)


@asynccontextmanager
async def open_session(
    connector: aiohttp.TCPConnector, *, proxy: URL | None = None, trace: aiohttp.TraceConfig | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session without cookies and decoding, patient with long headers.

    Args:
        connector: Guards by itself; ends with the block.
        proxy: What plain HTTP goes to.
        trace: Told of each request.
    """
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        requote_redirect_url=False,
        read_bufsize=READ_BYTES,
        max_line_size=65_536,
        max_field_size=65_536,
        max_headers=512,
        timeout=aiohttp.ClientTimeout(total=None),
        trace_configs=[trace] if trace else None,
        proxy=proxy,
    ) as session:
        session._retry_connection = False  # noqa: SLF001  aiohttp would send a GET twice; each of ours is counted
        yield session


def _tracing() -> aiohttp.TraceConfig:
    """Tells each `_Trip` which kind of connection it has in the end."""

    async def reused(_session: aiohttp.ClientSession, context: SimpleNamespace, _: object) -> None:
        context.trace_request_ctx.is_reused = True

    async def made(_session: aiohttp.ClientSession, context: SimpleNamespace, _: object) -> None:
        context.trace_request_ctx.is_reused = False

    config = aiohttp.TraceConfig()
    config.on_connection_reuseconn.append(reused)
    config.on_connection_create_start.append(made)
    return config
