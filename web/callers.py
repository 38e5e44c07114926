"""Context of a request or connection, and of its caller."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import Headers

from schema.context import Context, RequestServices

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
        Headers(raw=list(scope["headers"])).get("authorization"),
        state["address"],
    )
