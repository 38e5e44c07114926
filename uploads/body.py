"""The body of a request: its bytes, how a connection hands them over, why they stop."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from base.errors import ErrorCode, Refusal

EXTENSION = "waybill.body"
"""Name of the ASGI extension by which a connection offers an `Attach` that still wants the length of the body."""

IS_OPEN = "waybill.is_open"
"""Name of the ASGI extension that tells whether the connection of a request is still there."""

ARRIVED_BYTES = 256 * 1024
"""At most so much is handed over at once, when a body is attached; any sink has room for it."""


class StopReason(Enum):
    """Why no more bytes come."""

    END = "the body is complete"
    LEFT = "the client went away"
    WANTED = "another request wants the upload"
    SHUTDOWN = "the server is being stopped"
    LOST = "the server lost its lock on the upload"
    SILENT = "nothing arrived for too long"
    SLOW = "it arrived too slowly"


class ClientLeft(Refusal):
    """The connection ended before the body did; the answer is for the log, since nobody reads it."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.BAD_INPUT, "The connection ended before the body did.")


class Sink(Protocol):
    """Whatever takes a body over from its connection."""

    def buffer(self) -> memoryview:
        """Where the next bytes go, at first `ARRIVED_BYTES` or the whole body; never empty while bytes may come."""

    def filled(self, size: int, *, is_last: bool) -> None:
        """So many bytes have gone there."""

    def left(self) -> None:
        """The connection ended before the body did."""


class Flow(Protocol):
    """The connection's side of a body that was taken over."""

    def pause(self) -> None:
        """Read nothing more for now."""

    def resume(self) -> None:
        """Go on reading."""

    def release(self) -> None:
        """No more bytes are wanted."""


Attach = Callable[[Sink, int], Flow | None]
"""Connects a sink to a body of so many bytes; None where that is not possible, and nothing has changed then."""


@dataclass(frozen=True)
class Body:
    """Bytes on their way.

    Attributes:
        length: How many the client announced; None where it did not (chunked).
        parts: The bytes in order, in parts of any size but empty; ends with ClientLeft when the client leaves early.
        attach: The other way to get them, where the connection offers it.
    """

    length: int | None
    parts: AsyncIterator[bytes]
    attach: Attach | None = None


@dataclass(frozen=True)
class IncomingFile:
    """A file that arrived whole, in a form, with what the client says of it; `read` gives its bytes from the first on."""

    filename: str | None
    content_type: str | None
    size_bytes: int
    read: Callable[[], AsyncIterator[bytes]]
