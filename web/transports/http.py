"""HTTP transport: requests with operations, answered in JSON or by a stream.

Source: GraphQL over HTTP, first edition (September 2026); RFC 10008 (QUERY).
"""

from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse
from starlette.types import Receive, Scope, Send
from strawberry.http import GraphQLRequestData
from strawberry.types import ExecutionResult

from auth.queries import require_viewer
from auth.rates import rate_headers
from base.errors import ErrorCode, Refusal
from base.logging import log_refusal_code
from schema.context import RequestServices
from web.callers import BaseUrl, context_of
from web.errors import headers_of, refusal_of
from web.forms import FORM_DEADLINE_FACTOR, check_preflight, is_form, read_form
from web.headers import RequestHeaders, request_headers
from web.negotiation import JSON, negotiate
from web.operations import RefusedResult, encode_result, refused, with_deadline
from web.page import is_page_wanted, read_page
from web.pipeline import MUTATION, QUERY, SUBSCRIPTION, Admitted, Operation, Pipeline
from web.requests import (
    RequestBody,
    check_content_type,
    check_get,
    check_method_and_length,
    data_in_url,
    operations_in,
    parsed,
    request_data,
)
from web.statuses import status_rule
from web.transports.exchange import Exchange
from web.transports.json_answer import NOT_KEPT, JsonAnswer
from web.transports.lists import ListRunner
from web.transports.multipart import MultipartFormat
from web.transports.sse import EventStreamFormat
from web.transports.streams import StreamFormat, StreamResponse

MAX_BODY_BYTES = 2**20
_READS = frozenset({QUERY})
_TYPES = {"GET": _READS, "QUERY": _READS, "POST": _READS | {MUTATION}}

Answer = JsonAnswer | StreamResponse


class HttpTransport:
    """Answers requests with operations, and browsers with the page."""

    def __init__(self, pipeline: Pipeline, services: RequestServices, base_url: BaseUrl) -> None:
        self._pipeline = pipeline
        self._services = services
        self._base_url = base_url
        self._streams: tuple[StreamFormat, ...] = (EventStreamFormat(), MultipartFormat())
        self._page = read_page()
        self._lists = ListRunner(pipeline)
        self._status_of = status_rule(is_legacy=services.settings.graphql_legacy_status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = request_headers(scope)
        if is_page_wanted(scope["method"], headers, scope["query_string"].decode("latin-1")):
            # What the page names beside itself lies beside the address without a slash at its end.
            page = RedirectResponse("../graphql") if scope["path"].endswith("/") else self._page
            await page(scope, receive, send)
            return
        brings_files = _brings_files(scope["method"], headers)
        limit = self._pipeline.bounds.form_bytes if brings_files else MAX_BODY_BYTES
        body = RequestBody(receive, limit)
        form = Request(scope, body.receive) if brings_files else None
        context = context_of(scope, self._services, self._base_url)
        accepted = negotiate(headers.joined("accept"), self._streams)
        exchange = Exchange(scope, headers, body, form, context, accepted)
        try:
            exchange.allowance = await self._pipeline.count(context)
            check_method_and_length(scope["method"], headers, limit)
            response = await self._respond(exchange)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  whatever it is, who asks in GraphQL is answered in GraphQL
            response = await self._refuse(exchange, refusal_of(error))
        finally:
            if form is not None:
                await form.close()
        response.headers.update(rate_headers(exchange.allowance))
        await response(scope, body.receive, send)

    async def _respond(self, exchange: Exchange) -> Answer:
        read = await self._read(exchange)
        types = _TYPES[exchange.method]
        if isinstance(read, list):
            exchange.accepted.json_for_many()
            results = await self._lists.run(exchange, read, types)
            return JsonAnswer(b"[" + b",".join(map(encode_result, results)) + b"]", JSON)
        if exchange.accepted.stream is not None:
            types = types | {SUBSCRIPTION}
        return await self._run(exchange, await self._pipeline.admit(Operation(read, types), exchange.context))

    async def _read(self, exchange: Exchange) -> GraphQLRequestData | list[Any]:
        """The operation of a request, or those of a list, each of which may be wrong by itself.

        Raises:
            Refusal: BAD_INPUT, UNSUPPORTED_TYPE, FILE_TOO_LARGE; TIMED_OUT where the body does not come to its end.
        """
        if exchange.method == "GET":
            data = data_in_url(QueryParams(exchange.scope["query_string"]))
            check_get(data, exchange.headers)
            return data
        seconds = self._pipeline.timeout_seconds
        if exchange.form is not None:
            self._pipeline.draining.check()  # what comes with files changes something
            work = _read_form(exchange.form)
            return request_data(await with_deadline(seconds and seconds * FORM_DEADLINE_FACTOR, work))
        check_content_type(exchange.headers.get("content-type", ""))
        body = parsed(await with_deadline(seconds, exchange.body.read()), "The body")
        return operations_in(body) if isinstance(body, list) else request_data(body)

    async def _run(self, exchange: Exchange, admitted: Admitted) -> Answer:
        """Run what was admitted; a stream releases it when it ends, everything else is over already."""
        response: Answer | None = None
        try:
            form = exchange.accepted.form_for(admitted.info.type)
            if admitted.is_subscription:
                assert not isinstance(form, str)  # noqa: S101  subscriptions are admitted for streams only
                response = self._stream(exchange, form, None, admitted)
                return response
            answer = await self._pipeline.run(admitted, exchange.context)
            if isinstance(answer, RefusedResult) and answer.refusal is not None:
                response = await self._refuse(exchange, answer.refusal)
            elif isinstance(form, str):
                response = JsonAnswer(encode_result(answer), form, self._status_of(answer, form))
            else:
                response = self._stream(exchange, form, answer, admitted)
        finally:
            if not isinstance(response, StreamResponse):
                admitted.release()
        return response

    def _stream(
        self, exchange: Exchange, form: StreamFormat, result: ExecutionResult | None, admitted: Admitted | None = None
    ) -> StreamResponse:
        return StreamResponse(form, result, admitted, self._pipeline, exchange.context, NOT_KEPT)

    async def _refuse(self, exchange: Exchange, refusal: Refusal) -> Answer:
        """The answer to what was refused as a whole, in JSON with a status, whatever the client takes.

        That a hash is not known is an answer by which the client goes on: it comes as every answer does.
        """
        if refusal.code is ErrorCode.RATE_LIMITED and exchange.method != "GET":
            await exchange.body.peek()
        log_refusal_code(refusal.code)
        result, accepted = refused(refusal), exchange.accepted
        is_asked_again = refusal.code is ErrorCode.PERSISTED_QUERY_NOT_FOUND
        if is_asked_again and accepted.json is None and accepted.stream is not None:
            return self._stream(exchange, accepted.stream, result)
        content, is_list = encode_result(result), exchange.body.is_list
        media_type = JSON if is_list else accepted.json or JSON
        status = self._status_of(result, media_type)
        return JsonAnswer(b"[" + content + b"]" if is_list else content, media_type, status, headers_of(refusal))


def _brings_files(method: str, headers: RequestHeaders) -> bool:
    """Whether it is a form; a QUERY cannot be one, since what comes with files changes something."""
    return method == "POST" and is_form(headers)


async def _read_form(request: Request) -> Any:
    """The GraphQL request in a form; nobody but who is signed in has the files in it read."""
    check_preflight(request.headers)
    state = request.scope["state"]
    if state["viewer_refusal"] is not None:
        raise state["viewer_refusal"]
    require_viewer(state["viewer"])
    return await read_form(request)
