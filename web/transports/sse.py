"""SSE transport: results as server-sent events, one connection for each operation.

Source: GraphQL over SSE (graphql-sse), distinct connections mode; HTML, section 9.2 (server-sent events).
"""

from collections.abc import Mapping
from types import MappingProxyType

HEARTBEAT_SECONDS = 12.0
"""As often as the library graphql-sse; proxies give up silent connections after 30 to 60 s."""


class EventStreamFormat:
    """Events `next` and `complete`; a comment is the heartbeat."""

    media_type = "text/event-stream"
    required: Mapping[str, str] = MappingProxyType({})
    content_type = "text/event-stream; charset=utf-8"
    opening = b""
    heartbeat = b":\n\n"
    complete = b"event: complete\ndata: \n\n"

    def __init__(self, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self.heartbeat_seconds = heartbeat_seconds

    def next(self, result: bytes) -> bytes:
        """The event for a result in JSON, which has no line feeds."""
        return b"event: next\ndata: " + result + b"\n\n"

    def ended(self, result: bytes) -> bytes:
        """The server ends the stream for good: why, as a result with `errors`."""
        return self.next(result) + self.complete

    def interrupted(self, result: bytes) -> bytes:  # noqa: ARG002  the protocol has no words for why
        """The server stops: without `complete`, clients connect again."""
        return b""
