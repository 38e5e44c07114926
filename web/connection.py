"""HTTP/1.1 connection with limits, whose bodies can be taken over.

It is uvicorn's, with bounds on all that a stranger may make it hold.
The usual way to read a body copies every byte four times and wakes the application for each 64 KiB. A large body of known
length can be taken over instead (ASGI extension `waybill.body`): the kernel then writes into the taker's buffers, and what
comes after the body is left to uvicorn.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from uploads.body import ARRIVED_BYTES, EXTENSION, IS_OPEN, Sink
from web.admission import Admission
from web.bodies import BodyReader, ReadTurns
from web.cycle import HttpCycle
from web.frames import ABORT, FrameConnection
from web.head_deadline import HeadDeadline
from web.heads import check_head, head_without_offer
from web.raw_answers import raw_error

log = log_for(__name__)

HEAD_SECONDS = 30.0
MAX_HEAD_BYTES = 64 * 1024
MAX_WAITING_REQUESTS = 1_024
"""So many requests of one connection may wait for the one before them."""
SILENCE_SECONDS = 2.0
LINGER_SECONDS = 30.0


@dataclass(frozen=True)
class ConnectionLimits:
    """Who is let in, whose turn it is, and for how long they may say nothing.

    Attributes:
        admission: Counts connections.
        head_seconds: For a whole head, from the beginning of the connection or from the head's first byte.
        linger_seconds: What comes after the last answer is thrown away for so long, …
        silence_seconds: … unless nothing came for so long.
        turns: Of the connections whose bodies wait to be read.
    """

    admission: Admission
    head_seconds: float = HEAD_SECONDS
    linger_seconds: float = LINGER_SECONDS
    silence_seconds: float = SILENCE_SECONDS
    turns: ReadTurns = field(default_factory=ReadTurns)


class _AnswerTransport:
    """The transport as answers see it: the one that ends a connection waits for what the client is still sending."""

    def __init__(self, connection: "HttpConnection") -> None:
        self.write = connection.transport.write
        self.is_closing = connection.transport.is_closing
        self.close = connection.close_softly


class HttpConnection(HttpToolsProtocol):
    """One connection: it lets in heads that are HTTP/1.1 and end in time, and offers the extension with every request.

    A protocol that a client offers to change to (`Upgrade: h2c`) and that is not spoken here is ignored (RFC 9110, section
    7.8); uvicorn's parser would leave the body of such a request unread.
    """

    _key: str | None = None
    """Under which this connection is counted, while it is."""
    _is_in_head = False
    _is_in_body = False
    _has_moved = False
    """Whether what was parsed last ended a head, began one, or was part of a body."""
    _idle_bytes = 0
    """Came since then: of a head, of what stands between requests, or of what comes after a chunked body."""
    _is_head_too_large = False
    _refusal: Refusal | None = None
    _is_refused = False
    _running: RequestResponseCycle | None = None
    """The request that is being answered, while `cycle` is the one that came last."""

    def __init__(self, *arguments: Any, limits: ConnectionLimits | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limits = limits or ConnectionLimits(Admission())
        self._deadline = HeadDeadline(self.loop, self._limits.head_seconds, self._give_up)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._answers = _AnswerTransport(self)
        self._key = self._limits.admission.admit(self.client, transport.get_extra_info("socket").fileno())
        if self._key is None:
            message = "Too many connections: close some, or try again in a moment."
            self.transport.write(raw_error(Refusal(ErrorCode.SERVICE_UNAVAILABLE, message, retry_after=1)))
            self.transport.close()
        else:
            self._deadline.start()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.stop()
        self._leave()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)
        self._forget()

    def _is_open(self) -> bool:
        return not self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            self._has_moved = True
            return
        if not self._is_left_over():
            self._unset_keepalive_if_required()
        self._has_moved = False
        self._parse(data)
        if self._is_over() or self.transport.get_protocol() is not self:
            return
        self._idle_bytes = 0 if self._has_moved else self._idle_bytes + len(data)
        if self._idle_bytes > MAX_HEAD_BYTES:
            self._refuse(Refusal(ErrorCode.BAD_INPUT, "The headers of this request do not end."), 431)
        elif self._is_in_head or (self._is_answered() and self.timeout_keep_alive_task is None):
            self._deadline.start()

    def _parse(self, data: bytes) -> None:
        """Each request that offers another protocol is read once more without its offer, and the rest goes on from there."""
        rest = memoryview(data)
        while True:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                if self._should_upgrade():
                    self.handle_websocket_upgrade()
                    return
                rest = rest[upgrade.args[0] :]
                self._start_over()
            except httptools.HttpParserError:
                self.send_400_response("Invalid HTTP request received.")
                return
            else:
                return
            if self._is_over():
                return

    def _start_over(self) -> None:
        """Read the head of this request without the offer; where a parser still finds one, it is no request."""
        method, version = self.parser.get_method(), self.parser.get_http_version()
        self.parser = _new_parser(self)
        try:
            self.parser.feed_data(head_without_offer(method, self.url, version, self.headers))
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.send_400_response("Invalid HTTP request received.")

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal or Refusal(ErrorCode.BAD_INPUT, msg), 431 if self._is_head_too_large else None)

    def _refuse(self, refusal: Refusal, status: int | None = None) -> None:
        """What is no HTTP is refused as everything else is, before there is a request: with an id of its own."""
        self._is_refused = True
        if self._is_answered() or (self._is_in_body and not self.cycle.response_started and not self.pipeline):
            self.transport.write(raw_error(refusal, status, is_logged=True))
            self._drain()
        else:  # an answer of its own would stand in the midst of another one
            log.info("no request", reason=refusal.message)
            self.transport.close()

    def close_softly(self) -> None:
        """Close, after the rest of a body that is still coming.

        What is closed while bytes wait to be read is reset, and the answer may be lost (RFC 9112, section 9.6).
        """
        if not self._is_in_body or self.transport.is_closing():
            self.transport.close()
        elif not self._is_refused:
            self._is_refused = True
            self._drain()

    def _drain(self) -> None:
        """Say nothing more, throw away what comes, and close when that ends."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.set_protocol(self)  # a body may have been taken over
        self.transport.write_eof()
        self.flow.read_paused, self._has_moved = False, True
        self.transport.resume_reading()
        self._give_up_draining(self.loop.time() + self._limits.linger_seconds)

    def _give_up_draining(self, end: float) -> None:
        """At the end, or where nothing came since this was asked last."""
        if self.transport.is_closing():
            return
        if not self._has_moved or self.loop.time() >= end:
            self.transport.abort()
            return
        self._has_moved = False
        self.loop.call_later(self._limits.silence_seconds, self._give_up_draining, end)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = self._has_moved = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """What comes after the body is no header (RFC 9110, section 6.5.1)."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        parser, scope = self.parser, self.scope
        method, version = parser.get_method(), parser.get_http_version()
        try:
            check_head(method, version, self.headers)
            self._check_waiting()
            self._check_head_size()
        except Refusal as refusal:
            self._refusal = refusal
            raise
        self._is_in_head, self._has_moved = False, True
        self._deadline.stop()
        scope["method"], scope["http_version"] = method.decode("ascii"), version
        if not parser.should_upgrade():
            self._is_in_body = True
            self._begin_cycle(keep_alive=version != "1.0" and parser.should_keep_alive())

    def _begin_cycle(self, *, keep_alive: bool) -> None:
        """Begin a request, or have it wait for the answers to those before it."""
        url, scope = httptools.parse_url(self.url), self.scope
        path = url.path.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"], scope["query_string"] = url.path, url.query or b""
        extensions: dict[Any, Any] = {EXTENSION: partial(self._take_over, scope), ABORT: self.transport.abort}
        scope["extensions"] = extensions | {IS_OPEN: self._is_open}
        is_next = self._is_answered()
        self.cycle = HttpCycle(
            scope=scope,
            transport=cast("asyncio.Transport", self._answers),
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        if is_next:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _check_waiting(self) -> None:
        if len(self.pipeline) >= MAX_WAITING_REQUESTS:
            raise Refusal(ErrorCode.BAD_INPUT, "Too many requests wait on this connection for their answers.")

    def _check_head_size(self) -> None:
        """A head that came in one read was not counted while it came."""
        size = len(self.url) + sum(map(len, chain.from_iterable(self.headers)))
        self._is_head_too_large = size > MAX_HEAD_BYTES
        if self._is_head_too_large:
            raise Refusal(ErrorCode.BAD_INPUT, f"The headers of a request have at most {MAX_HEAD_BYTES // 1024} KiB.")

    def on_chunk_header(self) -> None:
        """The parser calls it with each chunk."""
        self._has_moved = True

    def on_body(self, body: bytes) -> None:
        self._has_moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._has_unknown_upgrade():
            self._is_in_body = False
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Uvicorn reads on after each answer; here not while requests wait for their turn, or what is waiting is large."""
        if self._is_refused:
            return
        super().on_response_complete()
        cycle = self.cycle
        is_large = cycle is not None and not cycle.response_complete and len(cycle.body) > HIGH_WATER_LIMIT
        if (self.pipeline or is_large) and not self.transport.is_closing():
            self.flow.pause_reading()

    def _should_upgrade(self) -> bool:
        """Source: RFC 6455, section 4.1: a WebSocket begins with GET."""
        return self.parser.get_method() == b"GET" and super()._should_upgrade()

    def _has_unknown_upgrade(self) -> bool:
        return self.parser.should_upgrade() and not self._should_upgrade()

    def handle_websocket_upgrade(self) -> None:
        """The socket goes on being counted as this connection, of which it keeps nothing else.

        It reads the head once more, with limits of its own: over them it would neither answer nor close.
        """
        on_lost = partial(self._limits.admission.leave, self._key or "")
        self._key = None
        self.ws_protocol_class = partial(FrameConnection, on_lost=on_lost)  # type: ignore[assignment]
        super().handle_websocket_upgrade()
        protocol: Any = self.transport.get_protocol()
        if not protocol.handshake_initiated and not self.transport.is_closing():
            message = "The headers of a WebSocket are at most 128, of 8,000 characters each."
            self.transport.write(raw_error(Refusal(ErrorCode.BAD_INPUT, message), 431, is_logged=True))
            self.transport.close()
        self._forget()

    def _forget(self) -> None:
        """Let go of what refers to this connection in turn, so that no collector of garbage is needed."""
        self.parser = self._answers = self._running = None  # type: ignore[assignment]

    def _is_answered(self) -> bool:
        """Whether no request of this connection waits for its answer."""
        return self.cycle is None or self.cycle.response_complete

    def _is_over(self) -> bool:
        return self._is_refused or self.transport.is_closing()

    def _is_left_over(self) -> bool:
        """Whether what comes is the rest of a body that nobody reads: it has as long as the next request."""
        return self._is_in_body and self._is_answered()

    def _give_up(self) -> None:
        """No head came in time; while a request is being answered, the next one may wait."""
        if self._is_over():
            return
        if not self._is_answered():
            self._deadline.start()
        elif self._is_in_head:
            self._refuse(Refusal(ErrorCode.TIMED_OUT, "The headers of this request did not come in time."), 408)
        else:
            self.transport.close()

    def _leave(self) -> None:
        if self._key is not None:
            self._limits.admission.leave(self._key)
            self._key = None

    def _take_over(self, scope: Any, sink: Sink, length: int) -> BodyReader | None:
        """Let `sink` have the body of this request; None where that is not possible, and nothing is changed.

        Args:
            scope: Of the request.
            sink: Takes what has arrived already, at once, and the rest as it comes.
            length: Of the body, as the request says.
        """
        cycle = self.cycle
        if cycle is None or cycle.scope is not scope or cycle.disconnected or self.transport.is_closing():
            return None
        if len(cycle.body) > ARRIVED_BYTES:
            return None  # it waited behind other requests of this connection
        if cycle.waiting_for_100_continue:
            cycle.waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        arrived, cycle.body = cycle.body, bytearray()
        go_on, remaining = partial(self._go_on_after, cycle), length - len(arrived)
        reader = BodyReader(self, self._limits.turns, go_on, cycle.scope, sink, remaining)
        if cycle.more_body:
            self.transport.set_protocol(reader)
            self.flow.read_paused = False
            self.transport.resume_reading()
        reader.begin(arrived)
        return reader

    def _go_on_after(self, cycle: RequestResponseCycle) -> None:
        """Read the next request: the parser still waits for a body that went past it, and is replaced."""
        self.parser = _new_parser(self)
        self._is_in_body = False
        cycle.more_body = False
        cycle.message_event.set()
        self.transport.set_protocol(self)


def _new_parser(connection: HttpConnection) -> httptools.HttpRequestParser:
    """As uvicorn makes it."""
    parser = httptools.HttpRequestParser(connection)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
