"""WebSocket transport: the handshake of graphql-transport-ws, and its frames."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from base.errors import server_stops
from base.logging import log_for
from schema.build import Schema
from schema.context import Context, RequestServices
from web.callers import BaseUrl, context_of
from web.concurrency import WAITING_PER_ADDRESS, ConcurrencyLimiter
from web.errors import error_response
from web.pipeline import Pipeline
from web.transports.websocket_session import OPERATIONS_PER_CONNECTION, WebSocketSession

log = log_for(__name__)

_INIT_SECONDS = 5
_NOT_ACCEPTABLE = 4406
_SUBPROTOCOL = "Only the subprotocol graphql-transport-ws is spoken here, that of the library graphql-ws"


class WebSocketConnection(ASGIWebSocketAdapter):
    """What is sent after either side has closed is dropped: whoever was sending is told by being cancelled."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:  # noqa: ARG002
        """The messages that come in; of their texts nothing stays behind."""
        with suppress(WebSocketDisconnect):
            while self.ws.application_state is not WebSocketState.DISCONNECTED:
                yield await self._receive()

    async def _receive(self) -> object:
        try:
            return self.view.decode_json(await self.ws.receive_text())
        except KeyError as error:
            raise NonTextMessageReceived from error
        except orjson.JSONDecodeError as error:
            raise NonJsonMessageReceived from error

    async def send_json(self, message: Mapping[str, object]) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, OSError):
                await self.ws.send_text(self.view.encode_json_string(message))

    async def close(self, code: int, reason: str) -> None:
        reason = _SUBPROTOCOL if code == _NOT_ACCEPTABLE else reason
        if self.ws.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, OSError):
                await super().close(code, reason[:120])  # RFC 6455, section 5.5: 125 bytes with the code


class WebSocketTransport(GraphQL[Context, None]):
    """Strawberry's view for sockets alone, over our pipeline.

    Attributes:
        waiting: Connections that have not introduced themselves yet, by address.
    """

    websocket_adapter_class = WebSocketConnection
    graphql_transport_ws_handler_class = WebSocketSession

    def __init__(self, schema: Schema, pipeline: Pipeline, services: RequestServices, base_url: BaseUrl) -> None:
        settings = services.settings
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=_INIT_SECONDS),
            max_subscriptions_per_connection=OPERATIONS_PER_CONNECTION,
            allowed_origins=_origins(settings.cors_origins, settings.public_url),
        )
        self.pipeline = pipeline
        self.waiting = ConcurrencyLimiter(WAITING_PER_ADDRESS)
        self._services = services
        self._base_url = base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.pipeline.draining.has_begun:
            await error_response(server_stops())(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def create_websocket_response(self, request: WebSocket, subprotocol: str | None) -> WebSocket:
        """Accept also who offers other subprotocols: a browser sees a close code only behind a handshake that it accepts."""
        offered = request.scope["subprotocols"]
        await request.accept(subprotocol=subprotocol or next(iter(offered), None))
        return request

    async def get_context(self, request: object, response: Response | WebSocket) -> Context:  # noqa: ARG002
        assert isinstance(request, WebSocket)  # noqa: S101  no other requests are routed here
        return context_of(request.scope, self._services, self._base_url)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        if "*" in self._services.settings.cors_origins or super().is_websocket_origin_allowed(request, origin):
            return True
        log.warning("a page of another origin was refused a socket", origin=origin[:200], security=True)
        return False

    def encode_json(self, data: object) -> str:  # text frames: the protocol knows no binary ones
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)


def _origins(cors_origins: Iterable[str], public_url: str) -> list[str]:
    """Whose pages may open a socket besides our own; behind a proxy our own are those of the public address."""
    own = ["/".join(public_url.split("/")[:3])] if public_url else []
    return [origin for origin in cors_origins if origin != "*"] + own
