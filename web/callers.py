"""Context of a request or connection, and of its caller."""

from collections.abc import Callable, Mapping
from typing import Any

from schema.context import Context, RequestServices
from web.headers import request_headers

BaseUrl = Callable[[Mapping[str, Any]], str]
"""How a client reached us, by the scope of its request."""


def context_of(scope: Mapping[str, Any], services: RequestServices, base_url: BaseUrl) -> Context:
    """Who calls by the request or handshake with this ASGI scope, and from where."""
    state = scope["state"]
    return Context(
        services,
        base_url(scope),
        state["viewer"],
        state["viewer_refusal"],
        request_headers(scope).get("authorization"),
        state["address"],
    )
