"""Headers of a request, which many look at: each is found without a look at all others."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers


class RequestHeaders(Headers):
    """Headers of one request; of those that came several times the first, as everywhere in Starlette."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        super().__init__(raw=raw)
        self._first = dict(reversed(raw))
        self._are_single = len(self._first) == len(raw)

    def get(self, key: str, default: Any = None) -> Any:
        """The header `key`, whose name is written in lower case here."""
        value = self._first.get(key.encode("latin-1"))
        return default if value is None else value.decode("latin-1")

    def joined(self, key: str) -> str:
        """All headers `key` as one, in which commas stand between them; empty where there is none.

        Source: RFC 9110, section 5.2.
        """
        return str(self.get(key, "")) if self._are_single else ",".join(self.getlist(key))

    def forget(self) -> None:
        """Let go of all of them: whoever goes on holding this finds none."""
        self._list.clear()
        self._first.clear()


def request_headers(scope: Mapping[str, Any]) -> RequestHeaders:
    """The headers of the request or handshake with this ASGI scope, made once."""
    state = scope.get("state", {})
    headers: RequestHeaders | None = state.get("headers")
    if headers is None:
        headers = state["headers"] = RequestHeaders(list(scope["headers"]))
    return headers
