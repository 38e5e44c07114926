"""Outlet of a subscription over a WebSocket: results as frames `next`, written at once."""

from collections.abc import MutableMapping
from typing import Any

import orjson

from execution.groups.subscriber import Subscriber
from web.frames import FRAMES, FrameConnection
from web.metrics import sent_bytes_of


class SocketOutlet:
    """Writes the results of one operation of a connection, until it is closed.

    Attributes:
        subscriber: Whose messages they are.
    """

    def __init__(self, scope: MutableMapping[str, Any], id_: str, stalled_seconds: float) -> None:
        self.subscriber = Subscriber(self, stalled_seconds)
        self._frames: FrameConnection = scope["extensions"][FRAMES]
        self._sent = sent_bytes_of(scope)
        self._head = b'{"id":' + orjson.dumps(id_) + b',"type":"next","payload":'
        self._is_open = True
        self._frames.add_writer(self.subscriber.resume)

    @property
    def is_writable(self) -> bool:
        return self._frames.is_writable

    def write(self, payload: bytes) -> None:
        if self._is_open:
            frame = b"".join((self._head, payload, b"}"))
            self._sent.inc(len(frame))
            self._frames.write_text(frame)

    def close(self) -> None:
        """Write nothing more; it may be closed already."""
        self._is_open = False
        self._frames.remove_writer(self.subscriber.resume)
