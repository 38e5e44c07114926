"""GraphQL over WebSocket (graphql-transport-ws): what Strawberry's handler leaves open towards clients that misbehave."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types import ExecutionResult

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal, error_extensions
from base.logging import log_for
from events.mailbox import StateLost
from events.messages import access_topic
from schema.context import Context
from web.refusals import note_refused_fields

log = log_for(__name__)

OPERATIONS_PER_CONNECTION = 100
RECHECK_SECONDS = 60.0
"""Callers are looked up again so often, should the process that ended their token have died before it told us."""
_ANSWER_SECONDS = 0.05
"""Who signs out over this very socket is given the answer first; new operations are refused already."""
FORBIDDEN = 4403
"""Clients reconnect after it, and ask for a fresh token; 4401 would end them for good."""


class Door(Protocol):
    """What the handler asks of the view, which imports this file."""

    async def find_caller(self, context: Context) -> Viewer | None:
        """Raises Refusal where the token of the connection is not good any more."""


class Socket(ASGIWebSocketAdapter):
    """What is sent after either side has closed is dropped: whoever was sending is told by being cancelled."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, OSError):
                await self.ws.send_text(self.view.encode_json_string(message))

    async def close(self, code: int, reason: str) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, OSError):
                await super().close(code, reason[:120])  # RFC 6455, section 5.5: 125 bytes with the code


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection. Source: graphql-transport-ws, the protocol of the library graphql-ws."""

    _watch: asyncio.Task[None] | None = None

    async def handle_message(self, message: Any) -> None:
        problem = _problem_of(message)
        if problem is not None:
            await self.handle_invalid_message(problem)
        else:
            await super().handle_message(message)

    async def handle_connection_init(self, message: Any) -> None:
        await super().handle_connection_init(message)
        if self.connection_acknowledged and self.context.caller is not None and self._watch is None:
            self._watch = asyncio.create_task(self._end_with(self.context.caller))

    async def handle_subscribe(self, message: Any) -> None:
        if self.connection_acknowledged and not await self._is_caller_known():
            await self._forbid()
        elif self.connection_acknowledged and len(self.operations) >= OPERATIONS_PER_CONNECTION:
            sentence = f"One connection has at most {OPERATIONS_PER_CONNECTION} operations at a time."
            refusal = Refusal(ErrorCode.RATE_LIMITED, sentence)
            error = GraphQLError(refusal.message, extensions=error_extensions(refusal))
            await self.send_message({"id": message["id"], "type": "error", "payload": [error.formatted]})
        else:
            await super().handle_subscribe(message)

    async def shutdown(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await super().shutdown()

    def forget_id(self, id: str) -> None:  # noqa: A002  Strawberry's signature
        self.operations.pop(id, None)

    async def _send_result_stream(self, operation: Operation[Context, None], result_source: AsyncIterator[Any]) -> None:
        """An operation that is refused ends with `error`, whatever it is refused for; the others live on."""
        async for result in result_source:
            await note_refused_fields(self.context.caller, result.errors)
            if is_refused(result):
                await operation.send_initial_errors(result.errors)
                return
            await operation.send_next(result)

    async def _is_caller_known(self) -> bool:
        try:
            await cast("Door", self.view).find_caller(self.context)
        except Refusal:
            return False
        return True

    async def _end_with(self, viewer: Viewer) -> None:
        """Close the socket as soon as the token is not good any more, or its user may do more or less than before."""
        left = None if viewer.expires_at is None else (viewer.expires_at - datetime.now(UTC)).total_seconds()
        with self.context.means.hub.listen(access_topic(viewer.user_id)) as mailbox, suppress(TimeoutError):
            async with asyncio.timeout(left):
                # Asked again once we listen: what happened in between is not missed.
                while await self._is_caller_still(viewer):
                    with suppress(StateLost, TimeoutError):
                        async with asyncio.timeout(RECHECK_SECONDS):
                            await mailbox.get()
                await asyncio.sleep(_ANSWER_SECONDS)
        await self._forbid()

    async def _is_caller_still(self, viewer: Viewer) -> bool:
        try:
            caller = await cast("Door", self.view).find_caller(self.context)
        except Refusal:
            return False
        except Exception as error:
            log.warning("a socket is closed, because its caller cannot be looked up", exc_info=error)
            return False
        return caller is not None and caller.role is viewer.role

    async def _forbid(self) -> None:
        for id_ in list(self.operations):
            await self.cleanup_operation(id_)
        await self.websocket.close(FORBIDDEN, "The access token has ended")


def is_refused(result: ExecutionResult) -> bool:
    """Whether the operation was refused before its first field, or its events came to an end by an error."""
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def _problem_of(message: Any) -> str | None:
    """What is wrong with the shape of a message; None where nothing is."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is a JSON object with a type"
    if message["type"] in {"subscribe", "complete"} and not (isinstance(message.get("id"), str) and message["id"]):
        return "The id is a string"
    if message["type"] != "subscribe":
        return None
    payload = message.get("payload")
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str) or not payload["query"]:
        return "The payload of subscribe is an object with a query"
    if not isinstance(payload.get("variables"), dict | None) or not isinstance(
        payload.get("operationName"), str | None
    ):
        return "variables is an object, operationName a string"
    return None
