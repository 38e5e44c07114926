"""Answer in JSON, sent at once."""

from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

NOT_KEPT = {"Cache-Control": "no-store"}
"""Answers hold tokens and signed links, and a query may be a GET."""


class JsonAnswer:
    """One answer, as an ASGI application.

    Attributes:
        headers: Besides those of its type and its length.
    """

    __slots__ = ("_content", "_media_type", "_status", "headers")

    def __init__(
        self, content: bytes, media_type: str, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.headers: dict[str, str] = {**NOT_KEPT, **(headers or {})}
        self._content = content
        self._media_type = media_type
        self._status = status

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        headers += [
            (b"content-length", str(len(self._content)).encode()),
            (b"content-type", self._media_type.encode("latin-1")),
        ]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._content})
