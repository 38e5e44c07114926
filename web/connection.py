"""uvicorn's HTTP/1.1 connection, with one more way to read a body: straight into the memory of whoever wants it.

The usual way copies every byte four times and wakes the application for each 64 KiB. A large body of known length can
be taken over instead (ASGI extension `waybill.body`): the kernel then writes into the taker's buffers, and what comes
after the body is left to uvicorn.
"""

import asyncio
import secrets
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from base.errors import ErrorCode, Refusal
from base.logging import log_for, request_id
from uploads.body import EXTENSION, Sink
from web.errors import error_response
from web.metrics import count_received

log = log_for(__name__)

MAX_HEAD_BYTES = 64 * 1024
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request"
_HEAD_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large"
"""Source: RFC 6585, section 5."""
_OFFER = {b"upgrade", b"http2-settings"}
_SCRAP_BYTES = 64 * 1024
_ARRIVED_BYTES = 256 * 1024
"""At most so much is handed over when a body is taken over; a sink has room for it at once."""


class Connection(HttpToolsProtocol):
    """Offers the extension with every request, and goes on after a body that was taken over.

    A protocol that a client offers to change to (`Upgrade: h2c`) and that is not spoken here is ignored (RFC 9110, section
    7.8); uvicorn's parser would leave the body of such a request unread.
    """

    _is_in_head = False
    _head_bytes = 0
    """Of a head that came in more than one piece, what came after its first."""

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        was_in_head = self._is_in_head
        self._parse(data)
        self._head_bytes = self._head_bytes + len(data) if was_in_head and self._is_in_head else 0
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(_HEAD_TOO_LARGE, "The headers of this request do not end.")

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._start_over(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def send_400_response(self, msg: str) -> None:
        self._refuse(_BAD_REQUEST, msg)

    def _refuse(self, status_line: bytes, message: str) -> None:
        """What is no HTTP is refused as everything else is, before there is a request: with an id of its own."""
        id_ = secrets.token_hex(8)
        token = request_id.set(id_)
        try:
            log.info("no request", reason=message)
            answer = error_response(Refusal(ErrorCode.BAD_INPUT, message))
        finally:
            request_id.reset(token)
        answer.headers.update({"X-Request-ID": id_, "Connection": "close"})
        lines = [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([status_line, *lines, b"", bytes(answer.body)]))
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """What comes after the body is no header (RFC 9110, section 6.5.1)."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_response_complete(self) -> None:
        """Uvicorn reads on after each answer; here not while requests wait for their turn, or what is waiting is large."""
        super().on_response_complete()
        cycle = self.cycle
        is_large = cycle is not None and not cycle.response_complete and len(cycle.body) > HIGH_WATER_LIMIT
        if (self.pipeline or is_large) and not self.transport.is_closing():
            self.flow.pause_reading()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        if self._has_unknown_upgrade():
            return
        extensions: dict[Any, Any] = {EXTENSION: partial(self._take_over, self.scope)}
        self.scope["extensions"] = extensions
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self._has_unknown_upgrade():
            super().on_message_complete()

    def _should_upgrade(self) -> bool:
        """Source: RFC 6455, section 4.1: a WebSocket begins with GET."""
        return self.parser.get_method() == b"GET" and super()._should_upgrade()

    def _has_unknown_upgrade(self) -> bool:
        return self.parser.should_upgrade() and not self._should_upgrade()

    def _start_over(self, rest: bytes) -> None:
        """Read the same request without the offer, and then `rest`, which came after its head."""
        version = self.parser.get_http_version().encode()
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/", version, b"\r\n"]
        for name, value in self.headers:
            tokens = value.split(b",") if name == b"connection" else []
            kept = b",".join(token for token in tokens if token.strip().lower() not in _OFFER) if tokens else value
            if name not in _OFFER:
                head += [name, b": ", kept, b"\r\n"]
        self.parser = _new_parser(self)
        self._parse(b"".join([*head, b"\r\n", rest]))

    def _take_over(self, scope: Any, sink: Sink, length: int) -> "_BodyReader | None":
        """Let `sink` have the body of this request; None where that is not possible, and nothing is changed.

        Args:
            scope: Of the request.
            sink: Takes what has arrived already, at once, and the rest as it comes.
            length: Of the body, as the request says.
        """
        cycle = self.cycle
        if cycle is None or cycle.scope is not scope or cycle.disconnected or self.transport.is_closing():
            return None
        if len(cycle.body) > _ARRIVED_BYTES:
            return None  # it waited behind other requests of this connection
        if cycle.waiting_for_100_continue:
            cycle.waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        arrived, cycle.body = bytes(cycle.body), bytearray()
        reader = _BodyReader(self, cycle, sink, length - len(arrived))
        if cycle.more_body:
            self.transport.set_protocol(reader)
            self.flow.read_paused = False
            self.transport.resume_reading()
        reader.begin(arrived)
        return reader

    def go_on_after(self, cycle: RequestResponseCycle) -> None:
        """Read the next request: the parser still waits for a body that went past it, and is replaced."""
        self.parser = _new_parser(self)
        cycle.more_body = False
        cycle.message_event.set()
        self.transport.set_protocol(self)


def _new_parser(connection: Connection) -> httptools.HttpRequestParser:
    """As uvicorn makes it."""
    parser = httptools.HttpRequestParser(connection)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


class _BodyReader(asyncio.BufferedProtocol):
    """Reads one body into a sink, and into nothing once the sink has had enough."""

    def __init__(self, connection: Connection, cycle: RequestResponseCycle, sink: Sink, remaining: int) -> None:
        self._connection = connection
        self._transport = connection.transport
        self._cycle = cycle
        self._scope: Any = cycle.scope
        self._sink: Sink | None = sink
        self._remaining = remaining
        self._is_paused = False

    def begin(self, arrived: bytes) -> None:
        """Hand over what uvicorn had read already."""
        count_received(self._scope, len(arrived))
        view = memoryview(arrived)
        while view and self._sink is not None:
            buffer = self._sink.buffer()
            size = min(len(buffer), len(view))
            buffer[:size] = view[:size]
            view = view[size:]
            self._sink.filled(size, is_last=not view and not self._remaining)
        if not arrived and not self._remaining and self._sink is not None:
            self._sink.filled(0, is_last=True)

    def pause(self) -> None:
        """Read nothing more for now."""
        if not self._is_paused and self._remaining:
            self._is_paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Go on reading."""
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def release(self) -> None:
        """The sink wants no more: what still comes is thrown away, so that the client reads its answer."""
        self._sink = None
        self.resume()

    def get_buffer(self, _size_hint: int) -> memoryview:
        buffer = self._sink.buffer() if self._sink is not None else memoryview(bytearray(_SCRAP_BYTES))
        return buffer[: self._remaining]

    def buffer_updated(self, size: int) -> None:
        self._remaining -= size
        count_received(self._scope, size)
        is_last = not self._remaining
        if is_last:
            self._connection.go_on_after(self._cycle)
        if self._sink is not None:
            self._sink.filled(size, is_last=is_last)

    def eof_received(self) -> None:
        """The transport closes, and `connection_lost` follows."""

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sink is not None:
            self._sink.left()
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()
