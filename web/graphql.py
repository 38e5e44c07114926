"""The GraphQL app over HTTP: requests of any shape are answered in JSON; browsers get GraphiQL. WebSocket: sockets.py."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import GraphQLError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET, UnsetType

from auth.callers import find_viewer
from auth.queries import require_viewer
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal, error_extensions
from schema.build import Schema
from schema.context import Context, Means
from web.errors import refusal_of
from web.forms import MAX_FORM_BYTES, check_preflight, is_form, read_form
from web.middleware import address_of
from web.refusals import note_refused_fields
from web.sockets import OPERATIONS_PER_CONNECTION, Socket, SocketHandler, is_refused

GRAPHIQL = Path(__file__).parent / "assets" / "graphiql"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-cache",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_INIT_SECONDS = 5
MAX_BODY_BYTES = 2**20
_JSON = "application/json"
_NOT_KEPT = {"Cache-Control": "no-store"}
"""Answers hold tokens and signed links, and a query may be a GET."""
_RESPONSE_JSON = "application/graphql-response+json"
_METHODS = ("GET", "POST")
_OPERATIONS = {"GET": {OperationType.QUERY}, "POST": {OperationType.QUERY, OperationType.MUTATION}}


class _RequestAdapter(StarletteRequestAdapter):
    async def read_form(self) -> Any:
        """The GraphQL request in a form; nobody but who is signed in has the files in it read."""
        check_preflight(self._request.headers)
        state = self._request.scope["state"]
        if state["viewer_refusal"] is not None:
            raise state["viewer_refusal"]
        require_viewer(state["viewer"])
        return await read_form(self._request)


class GraphQLApp(GraphQL[Context, None]):
    """Strawberry's view with our context, JSON, errors and page.

    Source: GraphQL over HTTP, draft of September 2025.
    """

    request_adapter_class = _RequestAdapter
    websocket_adapter_class = Socket
    graphql_transport_ws_handler_class = SocketHandler

    def __init__(self, schema: Schema, means: Means, base_url: Callable[[Mapping[str, Any]], str]) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql",
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=_INIT_SECONDS),
            max_subscriptions_per_connection=OPERATIONS_PER_CONNECTION,
            allowed_origins=_origins(means.settings.cors_origins, means.settings.public_url),
        )
        self._means = means
        self._base_url = base_url
        self._page = (GRAPHIQL / "index.html").read_text(encoding="utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await super().__call__(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = MAX_FORM_BYTES if is_form(headers) else MAX_BODY_BYTES
        request = Request(scope, _bounded(receive, limit))
        try:
            _check_head(scope["method"], headers, limit)
            response = await self.run(request)
        except ClientDisconnect:
            return
        except HTTPException as error:
            response = _refused(Refusal(ErrorCode.BAD_INPUT, error.reason), headers)
        except Exception as error:  # noqa: BLE001  whatever it is, who asks in GraphQL is answered in GraphQL
            response = _refused(refusal_of(error), headers)
        finally:
            await request.close()
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        state = request.scope["state"]
        return Context(
            self._means,
            self._base_url(request.scope),
            state["viewer"],
            state["viewer_refusal"],
            request.headers.get("authorization"),
            address_of(request.scope, self._means.settings.trusted_proxies),
        )

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Only for who asks for HTML: a program that sends `*/*` and no query is told that the query is missing."""
        is_page = "text/html" in request.headers.get("accept", "")
        return request.method == "GET" and request.query_params.get("query") is None and is_page

    async def render_graphql_ide(self, request: Request) -> Response:  # noqa: ARG002  Strawberry's signature
        return HTMLResponse(self._page, headers=_PAGE_HEADERS)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        assert isinstance(request, _RequestAdapter)  # noqa: S101  see `request_adapter_class`
        if request.method == "GET":
            data: Any = dict(request.query_params)
            for name in ("variables", "extensions"):
                data[name] = _parsed(data[name], name) if data.get(name) else None
        elif is_form(request.headers):
            data = await request.read_form()
        else:
            _check_content_type(request.content_type or "")
            data = _parsed(await request.get_body(), "The body")
        return _request_data(data)

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,  # noqa: ARG002  Strawberry's signature
        sub_response: Response,  # noqa: ARG002  Strawberry's signature
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        try:
            result = await self.schema.execute(
                request_data.query,
                variable_values=request_data.variables,
                context_value=context,
                root_value=root_value,
                operation_name=request_data.operation_name,
                allowed_operation_types=_OPERATIONS[request.method],
            )
        except CannotGetOperationTypeError as error:
            refusal = Refusal(ErrorCode.BAD_INPUT, error.as_http_error_reason(), "operationName")
            told = GraphQLError(refusal.message, extensions=error_extensions(refusal))
            return PreExecutionError(data=None, errors=[told])
        except InvalidOperationTypeError as error:
            raise _wrong_operation(error.operation_type) from None
        await note_refused_fields(context.caller, result.errors)
        return result

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        answer = await super().process_result(request, result)
        if is_refused(result):
            del answer["data"]
        return answer

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        response = await super().get_sub_response(request)
        response.headers["Content-Type"] = _media_type(request.headers)
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        media_type = sub_response.headers["Content-Type"]
        # Programs that know only application/json read no errors from an answer that is not 200.
        is_refused = media_type == _RESPONSE_JSON and "data" not in response_data
        return Response(self.encode_json(response_data), 400 if is_refused else 200, _NOT_KEPT, media_type)

    async def find_caller(self, context: Context) -> Viewer | None:
        """Who calls, by the token of the connection.

        Raises:
            Refusal: TOKEN_EXPIRED or INVALID_TOKEN.
        """
        context.caller = await find_viewer(self._means.gate, context.authorization)
        context.refusal = None
        return context.caller

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Who calls is told in connection_init; a token that is not good closes the socket with 4403.

        Without a token the connection is anonymous: what needs a viewer is refused operation by operation.
        """
        for name, value in context.connection_params.items():
            if name.lower() == "authorization" and value is not None:
                context.authorization = str(value)
        try:
            await self.find_caller(context)
        except Refusal as refusal:
            raise ConnectionRejectionError({"code": str(refusal.code)}) from refusal
        nothing: UnsetType = UNSET
        return nothing

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        return "*" in self._means.settings.cors_origins or super().is_websocket_origin_allowed(request, origin)

    def encode_json(self, data: object) -> str:  # text frames: the protocol knows no binary ones
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)


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


def _origins(cors_origins: Iterable[str], public_url: str) -> list[str]:
    """Whose pages may open a socket besides our own; behind a proxy our own are those of the public address."""
    own = ["/".join(public_url.split("/")[:3])] if public_url else []
    return [origin for origin in cors_origins if origin != "*"] + own


def _check_head(method: str, headers: Headers, limit: int) -> None:
    if method not in _METHODS:
        message = "GraphQL is asked with GET (queries) or POST."
        raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, message, headers={"Allow": ", ".join(_METHODS)})
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)


def _check_content_type(content_type: str) -> None:
    """Anything but JSON is refused, also because pages of other origins may send it without asking first."""
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() != _JSON:
        raise Refusal(
            ErrorCode.UNSUPPORTED_TYPE,
            "Send the request as application/json, or with a small file as multipart/form-data; larger files go to /files/.",
            "Content-Type",
        )
    charset = parameters.lower().partition("charset=")[2].partition(";")[0].strip('" ')
    if charset not in {"", "utf-8", "utf8"}:
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, "Send the request in UTF-8.", "Content-Type")


def _parsed(text: Any, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refusal(ErrorCode.BAD_INPUT, f"{what} is not JSON.") from None


def _request_data(data: Any) -> GraphQLRequestData:
    if isinstance(data, list):
        raise Refusal(ErrorCode.BAD_INPUT, "Send one operation at a time: a JSON object, not a list.")
    if not isinstance(data, dict):
        raise Refusal(ErrorCode.BAD_INPUT, 'Send a JSON object: {"query": "...", "variables": {}}.')
    for name, type_, what in (
        ("query", str, "a string"),
        ("operationName", str, "a string"),
        ("variables", dict, "an object"),
        ("extensions", dict, "an object"),
    ):
        if not isinstance(data.get(name), type_ | None):
            raise Refusal(ErrorCode.BAD_INPUT, f"{name} is {what}.", name)
    if not data.get("query"):
        if "persistedQuery" in (data.get("extensions") or {}):
            # The words by which clients know that they must send the query itself.
            raise Refusal(ErrorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        raise Refusal(ErrorCode.BAD_INPUT, "The query is missing.", "query")
    return GraphQLRequestData(
        query=data["query"],
        variables=data.get("variables"),
        operation_name=data.get("operationName") or None,
        extensions=data.get("extensions"),
    )


def _wrong_operation(type_: OperationType) -> Refusal:
    if type_ is OperationType.SUBSCRIPTION:
        message = "Subscriptions go over WebSocket (graphql-transport-ws) at this same address."
        return Refusal(ErrorCode.BAD_INPUT, message)
    return Refusal(ErrorCode.METHOD_NOT_ALLOWED, "Send mutations with POST.", headers={"Allow": "POST"})


def _media_type(headers: Headers) -> str:
    """The media type that the client likes better; application/json for who names none.

    Source: GraphQL over HTTP, section 6.1; RFC 9110, section 12.5.1.
    """
    liked = dict(_preference(part) for part in headers.get("accept", "").lower().split(","))
    return (
        _RESPONSE_JSON
        if liked.get(_RESPONSE_JSON, 0.0) > 0 and liked[_RESPONSE_JSON] >= liked.get(_JSON, 0.0)
        else _JSON
    )


def _preference(part: str) -> tuple[str, float]:
    media_type, *parameters = (text.strip() for text in part.split(";"))
    weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return media_type, float(weight)
    except ValueError:
        return media_type, 0.0


def _refused(refusal: Refusal, headers: Headers) -> Response:
    body = {"errors": [{"message": refusal.message, "extensions": error_extensions(refusal)}]}
    is_asked_again = refusal.code is ErrorCode.PERSISTED_QUERY_NOT_FOUND
    status = 200 if is_asked_again else refusal.http_status
    return Response(orjson.dumps(body), status, {**_NOT_KEPT, **refusal.headers}, _media_type(headers))


def _too_large(limit: int) -> Refusal:
    message = f"A GraphQL request of this kind has at most {limit // 2**20} MiB; larger files go to /files/."
    return Refusal(ErrorCode.FILE_TOO_LARGE, message)


def _bounded(receive: Receive, limit: int) -> Receive:
    """`receive`, which refuses a body that grows over `limit` bytes."""
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise _too_large(limit)
        return message

    return receive_bounded
