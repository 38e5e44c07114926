"""Session of one WebSocket in graphql-transport-ws.

Source: graphql-transport-ws, the protocol of the library graphql-ws.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from starlette.types import Scope
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types import ExecutionResult

from auth.quotas import address_quota, quota_of
from base.errors import ErrorCode, Refusal
from base.logging import LogContext, current_log_context, log_for
from execution.groups.subscriber import SlowReaderError
from models.database import is_unreachable, retry_while_away
from schema.context import Context
from web import pipeline
from web.frames import ABORT
from web.headers import request_headers
from web.operations import is_refused, refused
from web.pipeline import Admitted, Pipeline
from web.requests import request_data
from web.token_watch import TokenWatch
from web.transports.socket_outlet import SocketOutlet

if TYPE_CHECKING:
    from web.transports.websocket import WebSocketConnection, WebSocketTransport

log = log_for("web.access")

OPERATIONS_PER_CONNECTION = 100
MAX_ID_CHARACTERS = 200
MAX_TOKEN_CHARACTERS = 16_384
_CALLER_TIMEOUT_SECONDS = 3.0
"""So long a new connection or operation waits for a database that is away; graphql-ws then connects again, anywhere."""
FORBIDDEN = 4403
"""Clients reconnect after it, and ask for a fresh token; 4401 would end them for good."""
TRY_AGAIN_LATER = 1013
SERVICE_RESTART = 1012
_SHUTDOWN_GRACE_SECONDS = 1.0
"""So long a query or mutation may go on when the server stops; a client that finds its socket closed sends it once more."""


class WebSocketSession(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection, from its introduction to its close code."""

    _watch: TokenWatch | None = None
    _slot: str | None = None
    _waits_at: str | None = None
    """The address of whose slots it has one until it has introduced itself."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._outlets: dict[str, SocketOutlet] = {}

    @property
    def _scope(self) -> Scope:
        return cast("WebSocketConnection", self.websocket).ws.scope

    @property
    def _transport(self) -> "WebSocketTransport":
        return cast("WebSocketTransport", self.view)

    @property
    def _pipeline(self) -> Pipeline:
        return self._transport.pipeline

    async def handle(self) -> None:
        address = address_quota(self.context.address)
        if not self._transport.waiting.acquire(address):
            log.info("socket refused", **self._log_context(ErrorCode.RATE_LIMITED).line())
            await self.websocket.close(TRY_AGAIN_LATER, "Too many connections of this address wait for connection_init")
            return
        self._waits_at = address
        try:
            await super().handle()
        finally:
            self._stop_waiting()

    def on_request_accepted(self) -> None:
        super().on_request_accepted()
        self._scope["headers"].clear()  # read by now; they would stay as long as the connection
        request_headers(self._scope).forget()
        self._pipeline.draining.add(self._leave)

    async def handle_message(self, message: Any) -> None:
        problem = _problem_of(message)
        try:
            await (super().handle_message(message) if problem is None else self.handle_invalid_message(problem))
        except Exception as error:
            if not is_unreachable(error):
                raise
            log.warning("a socket is closed, because the database is away", exc_info=error)
            await self.websocket.close(TRY_AGAIN_LATER, "The database cannot be reached")
        finally:
            if isinstance(message, dict):
                message.clear()  # the loop that reads holds on to it until the next one comes

    async def handle_connection_init(self, message: Any) -> None:
        """Find the caller by the token here; one that is not good closes the socket with 4403.

        Without a token the connection is anonymous: what needs a viewer is refused operation by operation.
        """
        payload = message.get("payload")
        payload = {} if payload is None else payload
        if not self.connection_init_received and isinstance(payload, dict):
            if not self._has_good_token(payload) or not await self._is_caller_known():
                log.info("socket refused", **self._log_context(ErrorCode.INVALID_TOKEN).line())
                await self.websocket.close(FORBIDDEN, "Forbidden")
                return
            if not self._acquires_slot():
                log.info("socket refused", **self._log_context(ErrorCode.RATE_LIMITED).line())
                sentence = f"One user has at most {self._pipeline.connections.limit} connections at a time"
                await self.websocket.close(TRY_AGAIN_LATER, sentence)
                return
            payload = {}  # nothing else that a client tells about itself is read, nor kept
        await super().handle_connection_init({"type": "connection_init", "payload": payload})
        self._stop_waiting()
        if self.connection_acknowledged:
            self.connection_init_timeout_task = None  # its end would be kept, with a traceback and all its frames
        if self.connection_acknowledged and self.context.caller is not None and self._watch is None:
            self._watch = TokenWatch(self._pipeline, self.context, self.context.caller, self._forbid)

    async def handle_subscribe(self, message: Any) -> None:
        id_ = message["id"]
        if self._pipeline.draining.has_begun:
            return  # the socket is closed in a moment, and the client sends this again elsewhere
        if not self.connection_acknowledged or id_ in self.operations:
            await super().handle_subscribe(message)
        elif not await self._is_caller_known():
            await self._forbid()
        else:
            try:
                await self._start(id_, await self._admit(id_, message["payload"]))
            except Refusal as refusal:
                log.info("operation", **self._log_context(refusal.code).line())
                await Operation(self, id_, "", None, None).send_initial_errors(refused(refusal).errors or [])

    async def _admit(self, id_: str, payload: Any) -> Admitted:
        if len(self.operations) >= OPERATIONS_PER_CONNECTION:
            sentence = f"One connection has at most {OPERATIONS_PER_CONNECTION} operations at a time."
            raise Refusal(ErrorCode.RATE_LIMITED, sentence)
        await self._pipeline.count(self.context)
        operation = pipeline.Operation(request_data(payload), connection=self, id=id_)
        return await self._pipeline.admit(operation, self.context)

    async def _start(self, id_: str, admitted: Admitted) -> None:
        """Start the task of an operation, which runs in `run_operation`."""
        payload = {"query": admitted}
        await super().handle_subscribe(cast("Any", {"type": "subscribe", "id": id_, "payload": payload}))
        task = self.operations[id_].task
        assert task is not None  # noqa: S101  it was made just now
        task.add_done_callback(lambda _: admitted.release())

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        log_context = self._log_context()
        current_log_context.set(log_context)  # of this task only
        started = time.perf_counter()
        try:
            await self._run(operation, _admitted_in(operation))
        finally:
            log.info("operation", ms=round((time.perf_counter() - started) * 1000, 1), **log_context.line())

    async def _run(self, operation: Operation[Context, None], admitted: Admitted) -> None:
        """Send the results; an operation that is refused ends with `error`, whatever for, and the others live on."""
        if admitted.is_subscription:
            result = await self._serve(operation, admitted)
        else:
            result = await self._pipeline.run(admitted, self.context)
            if not is_refused(result):
                await operation.send_next(result)
        if result is not None and is_refused(result):
            await operation.send_initial_errors(result.errors or [])
        else:
            await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def _serve(self, operation: Operation[Context, None], admitted: Admitted) -> ExecutionResult | None:
        """Serve a subscription; a connection that does not read is ended, with all that goes over it."""
        scope = self._scope
        with closing(SocketOutlet(scope, operation.id, self._pipeline.bounds.stalled_seconds)) as outlet:
            self._outlets[operation.id] = outlet
            try:
                return await self._pipeline.watch(admitted, self.context, outlet.subscriber)
            except SlowReaderError:
                scope["extensions"][ABORT]()
                return None
            finally:
                if self._outlets.get(operation.id) is outlet:  # the client may use its id again
                    del self._outlets[operation.id]

    async def cleanup_operation(self, operation_id: str) -> None:
        """Nothing more is sent under this id, which the client may use again at once."""
        if outlet := self._outlets.pop(operation_id, None):
            outlet.close()
        await super().cleanup_operation(operation_id)

    async def shutdown(self) -> None:
        self._pipeline.draining.remove(self._leave)
        if self._watch is not None:
            self._watch.stop()
        if self._slot is not None:
            self._pipeline.connections.release(self._slot)
        await super().shutdown()

    def forget_id(self, id: str) -> None:  # noqa: A002  Strawberry's signature
        self.operations.pop(id, None)

    async def _leave(self) -> None:
        """The server stops: what is asked once is answered, what is watched goes on at another server."""
        answering = [
            operation.task
            for operation in self.operations.values()
            if operation.task is not None and not _admitted_in(operation).is_subscription
        ]
        if answering:
            await asyncio.wait(answering, timeout=_SHUTDOWN_GRACE_SECONDS)
        await self.websocket.close(SERVICE_RESTART, "The server stops: connect again")

    def _log_context(self, code: str | None = None) -> LogContext:
        user = self.context.caller.user_id if self.context.caller else None
        return LogContext(self.context.address, user, code=code)

    def _has_good_token(self, payload: Mapping[str, Any]) -> bool:
        """Keep the token for as long as the connection lives; False where it is too long to be one."""
        for name, value in payload.items():
            if name.lower() == "authorization" and value is not None:
                self.context.authorization = str(value)
        return len(self.context.authorization or "") <= MAX_TOKEN_CHARACTERS

    def _stop_waiting(self) -> None:
        if self._waits_at is not None:
            self._transport.waiting.release(self._waits_at)
            self._waits_at = None

    def _acquires_slot(self) -> bool:
        quota = quota_of(self.context.caller, self.context.address)
        if not self._pipeline.connections.acquire(quota):
            return False
        self._slot = quota
        return True

    async def _is_caller_known(self) -> bool:
        try:
            await retry_while_away(partial(self._pipeline.find_caller, self.context), _CALLER_TIMEOUT_SECONDS)
        except Refusal:
            return False
        return True

    async def _forbid(self, _refusal: Refusal | None = None) -> None:
        """Close the socket, because the token of its caller is not good any more."""
        for id_ in list(self.operations):
            await self.cleanup_operation(id_)
        await self.websocket.close(FORBIDDEN, "The access token has ended")


def _admitted_in(operation: Operation[Context, None]) -> Admitted:
    return cast("Admitted", operation.query)


def _problem_of(message: Any) -> str | None:
    """What is wrong with the shape of a message; None where nothing is."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is a JSON object with a type"
    if message["type"] in {"subscribe", "complete"}:
        id_ = message.get("id")
        if not (isinstance(id_, str) and 0 < len(id_) <= MAX_ID_CHARACTERS):
            return f"The id is a string of at most {MAX_ID_CHARACTERS} characters"
    if message["type"] != "subscribe":
        return None
    payload = message.get("payload")
    if not isinstance(payload, dict):
        return "The payload of subscribe is an object with a query"
    try:
        request_data(payload)
    except Refusal as refusal:
        return refusal.message
    return None
