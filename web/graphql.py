"""The GraphQL app: HTTP and graphql-transport-ws over one schema, and GraphiQL for browsers."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from auth.queries import find_viewer
from base.errors import ErrorCode, Refusal, error_extensions
from schema.build import Schema
from schema.context import Context, Means

GRAPHIQL = Path(__file__).parent / "assets" / "graphiql"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache", "Vary": "Accept",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
}
_INIT_SECONDS = 5
_OPERATIONS_PER_CONNECTION = 100
MAX_BODY_BYTES = 2**20
_TRANSPORT_CODES = {404: ErrorCode.NOT_FOUND, 405: ErrorCode.METHOD_NOT_ALLOWED}


class GraphQLApp(GraphQL[Context, None]):
    """Strawberry's view with our context, JSON, errors and page."""

    def __init__(self, schema: Schema, means: Means, base_url: Callable[[Mapping[str, Any]], str]) -> None:
        super().__init__(
            schema, graphql_ide="graphiql", subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=_INIT_SECONDS),
            max_subscriptions_per_connection=_OPERATIONS_PER_CONNECTION,
            allowed_origins=[origin for origin in means.settings.cors_origins if origin != "*"],
        )
        self._means = means
        self._base_url = base_url
        self._page = (GRAPHIQL / "index.html").read_text(encoding="utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await super().__call__(scope, receive, send)
            return
        try:
            response = await self.run(Request(scope, _bounded(receive)))
        except HTTPException as error:
            response = _refused(Refusal(_TRANSPORT_CODES.get(error.status_code, ErrorCode.BAD_INPUT), error.reason), error.status_code)
        except Refusal as refusal:
            response = _refused(refusal, refusal.http_status)
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        state = request.scope["state"]
        return Context(self._means, self._base_url(request.scope), state["viewer"], state["viewer_refusal"])

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Who calls is told once, in connection_init; a token that is not good closes the socket with 4403.

        Without a token the connection is anonymous: what needs a viewer is refused operation by operation.
        """
        authorization = next(
            (value for name, value in context.connection_params.items() if name.lower() == "authorization"), None
        )
        try:
            if authorization is not None:
                context.caller = await find_viewer(self._means.secret_key, str(authorization))
                context.refusal = None
            elif context.refusal is not None:
                raise context.refusal
        except Refusal as refusal:
            raise ConnectionRejectionError({"code": str(refusal.code)}) from refusal
        return UNSET

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        return "*" in self._means.settings.cors_origins or super().is_websocket_origin_allowed(request, origin)

    def encode_json(self, data: object) -> str:  # text frames: the protocol knows no binary ones
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    async def render_graphql_ide(self, request: Request) -> Response:  # noqa: ARG002  Strawberry's signature
        return HTMLResponse(self._page, headers=_PAGE_HEADERS)


def graphiql_assets() -> StaticFiles:
    """The files of GraphiQL; their names carry a hash of what they hold, so they may be kept for ever."""
    return _Immutable(directory=GRAPHIQL / "assets")


class _Immutable(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _refused(refusal: Refusal, status: int) -> Response:
    body = {"errors": [{"message": refusal.message, "extensions": error_extensions(refusal)}]}
    return Response(orjson.dumps(body), status, refusal.headers, media_type="application/json")


def _bounded(receive: Receive) -> Receive:
    """`receive`, which refuses a body that grows over 1 MiB."""
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            raise Refusal(ErrorCode.FILE_TOO_LARGE, "A GraphQL request has at most 1 MiB; files go to /files/.")
        return message

    return receive_bounded
