"""Bodies of requests, read from the connection straight into a sink's memory."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from uploads.body import Sink
from web.metrics import count_received

_SCRAP_BYTES = 64 * 1024


class SourceConnection(Protocol):
    """The connection that is read from, whose protocol the reader takes the place of."""

    transport: asyncio.Transport

    def connection_lost(self, exc: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


class ReadTurns:
    """Connections that go on reading one after the other, one in each turn of the loop.

    A block of a body takes as long to read as ten small requests to answer: where many went on at once, all of these
    would wait for all blocks, and again at each step.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_taken = False

    def take(self, resume: Callable[[], None]) -> None:
        """Call `resume` in the next turn that nobody has taken: this one, if possible."""
        if self._is_taken:
            self._waiting.append(resume)
        else:
            self._give(resume)

    def _give(self, resume: Callable[[], None]) -> None:
        self._is_taken = True
        asyncio.get_running_loop().call_soon(self._end)
        resume()

    def _end(self) -> None:
        self._is_taken = False
        if self._waiting:
            self._give(self._waiting.popleft())


class BodyReader(asyncio.BufferedProtocol):
    """Reads one body into a sink, and into nothing once the sink has had enough."""

    def __init__(
        self,
        connection: SourceConnection,
        turns: ReadTurns,
        go_on: Callable[[], None],
        scope: Any,
        sink: Sink,
        remaining: int,
    ) -> None:
        """Read `remaining` bytes of the body of the request with this `scope`; then `go_on` is called."""
        self._connection = connection
        self._turns = turns
        self._transport = connection.transport
        self._go_on = go_on
        self._scope = scope
        self._sink: Sink | None = sink
        self._remaining = remaining
        self._is_paused = False

    def begin(self, arrived: bytes | bytearray) -> None:
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
        """Go on reading, as soon as it is this body's turn."""
        if self._is_paused:
            self._is_paused = False
            self._turns.take(self._transport.resume_reading)

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
            self._go_on()
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
