"""The GraphQL app over HTTP: requests of any shape are answered in JSON. WebSocket: sockets.py. The page: page.py."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import GraphQLError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from auth.callers import find_viewer
from auth.queries import require_viewer
from auth.rates import Allowance, rate_headers, rate_key
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal, error_extensions, server_stops
from base.logging import Notes, log_for, note_code, notes
from schema.build import Schema
from schema.context import Context, Means
from schema.documents import asked_in
from web.draining import Draining
from web.errors import error_response, headers_of, refusal_of
from web.forms import MAX_FORM_BYTES, check_preflight, is_form, read_form
from web.operations import code_of, observed, within
from web.page import is_page_wanted, read_page
from web.persisted import PersistedQueries
from web.refusals import note_refused_fields
from web.requests import (
    RESPONSE_JSON,
    bounded,
    check_content_type,
    check_get,
    check_head,
    data_in_url,
    media_type,
    parsed,
    request_data,
)
from web.sockets import OPERATIONS_PER_CONNECTION, Places, Socket, SocketHandler, is_refused

log = log_for(__name__)

_INIT_SECONDS = 5
MAX_BODY_BYTES = 2**20
_NOT_KEPT = {"Cache-Control": "no-store"}
"""Answers hold tokens and signed links, and a query may be a GET."""
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
    """Strawberry's view with our context, JSON, errors and limits.

    Source: GraphQL over HTTP, draft of September 2025.
    """

    request_adapter_class = _RequestAdapter
    websocket_adapter_class = Socket
    graphql_transport_ws_handler_class = SocketHandler

    def __init__(
        self,
        schema: Schema,
        means: Means,
        base_url: Callable[[Mapping[str, Any]], str],
        persisted: PersistedQueries,
        draining: Draining,
    ) -> None:
        settings = means.settings
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=_INIT_SECONDS),
            max_subscriptions_per_connection=OPERATIONS_PER_CONNECTION,
            allowed_origins=_origins(settings.cors_origins, settings.public_url),
        )
        self._means = means
        self._base_url = base_url
        self._page = read_page()
        self.persisted = persisted
        self.draining = draining
        self.places = Places(settings.sockets_per_user)
        self.timeout_seconds = settings.operation_timeout.total_seconds() or None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if self.draining.has_begun:
                await error_response(server_stops())(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if is_page_wanted(scope["method"], headers, scope["query_string"].decode("latin-1")):
            await self._page(scope, receive, send)
            return
        limit = MAX_FORM_BYTES if is_form(headers) else MAX_BODY_BYTES
        request = Request(scope, bounded(receive, limit))
        allowance = None
        try:
            allowance = await self._means.rates.take(rate_key(scope["state"]["viewer"], scope["state"]["address"]))
            check_head(scope["method"], headers, limit)
            if is_form(headers):  # what comes with files changes something
                self.draining.check()
            response = await self.run(request)
        except ClientDisconnect:
            return
        except HTTPException as error:
            response = _refused(Refusal(ErrorCode.BAD_INPUT, error.reason), headers)
        except Exception as error:  # noqa: BLE001  whatever it is, who asks in GraphQL is answered in GraphQL
            response = _refused(refusal_of(error), headers)
        finally:
            await request.close()
        response.headers.update(rate_headers(allowance))
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        state = request.scope["state"]
        return Context(
            self._means,
            self._base_url(request.scope),
            state["viewer"],
            state["viewer_refusal"],
            request.headers.get("authorization"),
            state["address"],
        )

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:  # noqa: ARG002  Strawberry's signature
        """Whoever wants the page has it already."""
        return False

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        assert isinstance(request, _RequestAdapter)  # noqa: S101  see `request_adapter_class`
        if request.method == "GET":
            data = data_in_url(request.query_params)
            check_get(data, request.headers)
        elif is_form(request.headers):
            data = request_data(await request.read_form())
        else:
            check_content_type(request.content_type or "")
            body = await within(self.timeout_seconds, request.get_body())  # who sends for ever is not waited for
            data = request_data(parsed(body, "The body"))
        return await self.persisted.completed(data)

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,  # noqa: ARG002  Strawberry's signature
        sub_response: Response,  # noqa: ARG002  Strawberry's signature
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        noted = notes.get() or Notes()
        asked = asked_in(self.schema._schema, request_data.query or "", request_data.operation_name)  # type: ignore[attr-defined]  # noqa: SLF001
        with observed(asked, noted):
            if asked.type == "mutation":
                self.draining.check()
            work = self._execute(request.method, context, root_value, request_data)
            result = await within(self.timeout_seconds, work)
            noted.code = code_of(result)
        if not is_refused(result):
            await self.persisted.keep(request_data)
        return result

    async def _execute(
        self, method: str, context: Context, root_value: None, data: GraphQLRequestData
    ) -> ExecutionResult:
        try:
            result = await self.schema.execute(
                data.query,
                variable_values=data.variables,
                context_value=context,
                root_value=root_value,
                operation_name=data.operation_name,
                allowed_operation_types=_OPERATIONS[method],
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
        response.headers["Content-Type"] = media_type(request.headers)
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        type_ = sub_response.headers["Content-Type"]
        # Programs that know only application/json read no errors from an answer that is not 200.
        is_bad_request = type_ == RESPONSE_JSON and "data" not in response_data
        return Response(self.encode_json(response_data), 400 if is_bad_request else 200, _NOT_KEPT, type_)

    async def find_caller(self, context: Context) -> Viewer | None:
        """Who calls, by the token of the connection.

        Raises:
            Refusal: TOKEN_EXPIRED or INVALID_TOKEN.
        """
        context.caller = await find_viewer(self._means.gate, context.authorization)
        context.refusal = None
        return context.caller

    async def count_operation(self, context: Context) -> Allowance | None:
        """Count an operation of a socket; refused as RATE_LIMITED."""
        return await self._means.rates.take(rate_key(context.caller, context.address))

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        if "*" in self._means.settings.cors_origins or super().is_websocket_origin_allowed(request, origin):
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


def _wrong_operation(type_: OperationType) -> Refusal:
    if type_ is OperationType.SUBSCRIPTION:
        message = "Subscriptions go over WebSocket (graphql-transport-ws) at this same address."
        return Refusal(ErrorCode.BAD_INPUT, message)
    return Refusal(ErrorCode.METHOD_NOT_ALLOWED, "Send mutations with POST.", headers={"Allow": "POST"})


def _refused(refusal: Refusal, headers: Headers) -> Response:
    body = {"errors": [{"message": refusal.message, "extensions": error_extensions(refusal)}]}
    is_asked_again = refusal.code is ErrorCode.PERSISTED_QUERY_NOT_FOUND
    status = 200 if is_asked_again else refusal.http_status
    note_code(refusal.code)
    return Response(orjson.dumps(body), status, {**_NOT_KEPT, **headers_of(refusal)}, media_type(headers))
