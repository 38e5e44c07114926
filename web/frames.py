"""WebSocket connection that writes at once, and whose end is heard."""

import struct
from collections.abc import Callable
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from base.light_event import LightEvent

FRAMES = "waybill.frames"
"""ASGI extension: the connection itself, for whoever has many frames to write."""
ABORT = "waybill.abort"
"""ASGI extension: ends the connection at once, whatever waits to be sent."""
_TEXT = 0x81


class FrameConnection(WebSocketsSansIOProtocol):
    """Goes on reading after a frame that it refuses: closing over bytes that nobody has read resets the connection.

    The client then sees the reason (1009: the frame is too large) and not just an end (1006).

    Source: RFC 6455, section 7.1.1; RFC 9112, section 9.6.
    """

    _has_failed = False

    def __init__(self, *arguments: Any, on_lost: Callable[[], None] | None = None, **named: Any) -> None:
        """Begin as uvicorn does; `on_lost` is called at the end of the connection."""
        super().__init__(*arguments, **named)
        self._on_lost = on_lost
        self._writers: list[Callable[[], None]] = []  # few; an empty set takes 0.2 KB
        self.queue = _Inbox()  # type: ignore[assignment]
        self.writable = LightEvent()  # type: ignore[assignment]
        self.writable.set()

    @property
    def is_writable(self) -> bool:
        """Whether what is written now goes out at once, as far as is known."""
        return self.writable.is_set()

    def write_text(self, payload: bytes) -> None:
        """Write a text frame without waiting; dropped where the connection is closed, or is being closed."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        if self.conn.extensions:  # such as compression
            self.conn.send_text(payload)
            self.transport.write(b"".join(self.conn.data_to_send()))
        else:
            self.transport.write(_head_of(len(payload)) + payload)

    def add_writer(self, resume: Callable[[], None]) -> None:
        """Have `resume` called whenever the connection is writable again."""
        self._writers.append(resume)

    def remove_writer(self, resume: Callable[[], None]) -> None:
        if resume in self._writers:
            self._writers.remove(resume)

    def resume_writing(self) -> None:
        super().resume_writing()
        for resume in tuple(self._writers):
            resume()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[Any, Any] = {FRAMES: self, ABORT: self.transport.abort}
            self.scope["extensions"].update(extensions)

    async def send(self, message: ASGISendEvent) -> None:
        """Send, and keep nothing of the handshake once it is over: its headers would stay as long as the connection."""
        await super().send(message)
        if self.handshake_complete and self.request is not None:
            self.request.headers.clear()  # the parser holds on to it
            self.request = self.response = None  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        if self._on_lost is not None:
            self._on_lost()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._has_failed:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Say why, end our side, and wait for the other one, but not for long."""
        if self.transport.is_closing() or self.conn.close_sent is None:
            return
        self._has_failed = self.close_sent = True
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)


class _Inbox:
    """Messages for the one task that reads them; few, since the connection is not read while one waits."""

    __slots__ = ("_arrived", "_messages")

    def __init__(self) -> None:
        self._messages: list[ASGIReceiveEvent] = []
        self._arrived = LightEvent()

    def empty(self) -> bool:
        return not self._messages

    def put_nowait(self, message: ASGIReceiveEvent) -> None:
        self._messages.append(message)
        self._arrived.set()

    async def get(self) -> ASGIReceiveEvent:
        while not self._messages:
            self._arrived.clear()
            await self._arrived.wait()
        return self._messages.pop(0)


def _head_of(size: int) -> bytes:
    """The head of a text frame that is whole (RFC 6455, section 5.2)."""
    if size < 126:
        return bytes((_TEXT, size))
    return struct.pack("!BBH", _TEXT, 126, size) if size < 2**16 else struct.pack("!BBQ", _TEXT, 127, size)
