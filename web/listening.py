"""Open port of a server, until its last answer."""

import asyncio
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from base.errors import ErrorCode, Refusal
from web.connection import ConnectionLimits, HttpConnection
from web.draining import Draining
from web.frames import FrameConnection

ANNOUNCE_SECONDS = 2.0
"""A server that has colleagues can still be reached for so long when it stops, so that whoever sends people to it notices."""
GRACE_SECONDS = 6
"""Then answers under way have so long to come to their end."""
_HOOKS_TIMEOUT_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 75
UNREAD_SECONDS = 60
"""A peer that acknowledges nothing of what it was sent for so long, or has no room for it, is gone."""


def bind(host: str, port: int, unread_seconds: float = UNREAD_SECONDS) -> socket.socket:
    """A socket at this address; port 0 is any that is free.

    Raises:
        Refusal: SERVICE_UNAVAILABLE where it cannot be had.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "linux":  # every connection inherits it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(unread_seconds * 1000))
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        message = (
            f"Port {port} of {host} cannot be used ({error.strerror}): set WAYBILL_PORT or WAYBILL_HOST to another."
        )
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """Where a socket is called from this machine, such as `http://127.0.0.1:8000`."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def listen(
    app: ASGIApp,
    listener: socket.socket,
    limits: ConnectionLimits,
    draining: Draining,
    on_ready: Callable[[], None],
    *,
    has_colleagues: bool,
) -> None:
    """Answer with `app` until the server drains; `on_ready` is called when the first request may come."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would believe any program on this machine; see `base_url_of`
        lifespan="off",
        http=partial(HttpConnection, limits=limits),  # type: ignore[arg-type]
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws=FrameConnection,
        ws_max_size=2**20,
        ws_per_message_deflate=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server = _Server(config, draining, on_ready, ANNOUNCE_SECONDS if has_colleagues else 0.0)
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Leaves by returning, so that what was opened is closed after it."""

    def __init__(
        self, config: uvicorn.Config, draining: Draining, on_ready: Callable[[], None], announce_seconds: float
    ) -> None:
        super().__init__(config)
        self._draining = draining
        self._on_ready = on_ready
        self._announce_seconds = announce_seconds
        draining.add(self._leave)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """The port stays open until the shutdown hooks have run, and whoever asks `/ready` has heard of it."""
        await asyncio.gather(self._draining.wait(_HOOKS_TIMEOUT_SECONDS), asyncio.sleep(self._announce_seconds))
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None: they are taken already."""
        yield

    async def _leave(self) -> None:
        self.should_exit = True
