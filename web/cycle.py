"""Request and its answer on a connection."""

from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

MAX_SHORT_BYTES = 64 * 1024
_TOKEN = bytes(byte for byte in range(0x21, 0x7F) if byte not in b'"(),/:;<=>?@[\\]{}')
"""Bytes of a header's name. Source: RFC 9110, section 5.6.2."""
_TEXT = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
"""Bytes of a header's value: no CR or LF, by which one header would become two. Source: RFC 9110, section 5.5."""
_WITHOUT_BODY = {204, 304}


class HttpCycle(RequestResponseCycle):
    """Uvicorn's, but that the head of a short answer waits for its body: both are one call of the system, and one packet."""

    _waiting_head = b""

    async def send(self, message: Any) -> None:
        """As ASGI says; the names of headers are in lower case."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started and message["type"] == "http.response.start":
            self.response_started = True
            self.waiting_for_100_continue = False
            head = self._head(message["status"], message.get("headers", ()))
            if self.scope["method"] != "HEAD" and 0 < self.expected_content_length <= MAX_SHORT_BYTES:
                self._waiting_head = head
            else:
                self.transport.write(head)
        elif self._waiting_head:
            head, self._waiting_head = self._waiting_head, b""
            self.expected_content_length += len(head)
            message["body"] = head + message.get("body", b"")
            await super().send(message)
        else:
            await super().send(message)

    def _head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """What stands before the body, which has a length or comes in chunks; whether the connection goes on after it.

        Raises:
            RuntimeError: A header has bytes that may not stand in one.
        """
        lines = [*self.default_headers, *headers]
        known = dict(lines)
        if b"close" in known.get(b"connection", b"").lower():
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append((b"connection", b"close"))
        if (length := known.get(b"content-length")) is not None:
            self.expected_content_length, self.chunked_encoding = int(length), False
        elif self.scope["method"] != "HEAD" and status not in _WITHOUT_BODY:
            self.chunked_encoding = True
            lines.append((b"transfer-encoding", b"chunked"))
        names, values = zip(*lines, strict=True) if lines else ((), ())
        if b"".join(names).translate(None, _TOKEN) or b"".join(values).translate(None, _TEXT):
            message = "A header has bytes that may not stand in one."
            raise RuntimeError(message)
        return b"%b%b\r\n" % (STATUS_LINE[status], b"".join([b"%b: %b\r\n" % line for line in lines]))
