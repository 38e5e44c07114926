"""GraphQL over WebSocket (graphql-transport-ws): what Strawberry's handler leaves open towards clients that misbehave."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol, cast

from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http import GraphQLRequestData
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types import ExecutionResult

from auth.rates import Allowance, rate_key
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal, error_extensions
from base.logging import Notes, log_for, notes
from events.mailbox import StateLost
from events.messages import access_topic
from models.database import is_unreachable, once_reachable
from schema.context import Context
from schema.documents import Asked, asked_in
from web.draining import Draining
from web.operations import code_of, observed, within
from web.refusals import note_refused_fields
from web.requests import request_data

log = log_for("web.access")

OPERATIONS_PER_CONNECTION = 100
RECHECK_SECONDS = 60.0
"""Callers are looked up again so often, should the process that ended their token have died before it told us."""
_HURRIED_SECONDS = 3.0
"""So long a new connection or operation waits for a database that is away; graphql-ws then connects again, anywhere."""
_PATIENT_SECONDS = 60.0
"""So long an open connection goes on while its caller cannot be looked up."""
_ANSWER_SECONDS = 0.05
"""Who signs out over this very socket is given the answer first; new operations are refused already."""
FORBIDDEN = 4403
"""Clients reconnect after it, and ask for a fresh token; 4401 would end them for good."""
TRY_AGAIN_LATER = 1013
SERVICE_RESTART = 1012
_LAST_SECONDS = 1.0
"""So long a query or mutation may go on when the server stops; a client that finds its socket closed sends it once more."""
_NOT_ACCEPTABLE = 4406
_SUBPROTOCOL = "Only the subprotocol graphql-transport-ws is spoken here, that of the library graphql-ws"


class Places:
    """Counts the open connections of each user, and of each address without one."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken: Counter[str] = Counter()

    def take(self, key: str) -> bool:
        """Take a place for `key`; False where none is left."""
        if self.limit and self._taken[key] >= self.limit:
            return False
        self._taken[key] += 1
        return True

    def leave(self, key: str) -> None:
        """Give the place back."""
        self._taken[key] -= 1
        if not self._taken[key]:
            del self._taken[key]


class Persisted(Protocol):
    """See `web.persisted.PersistedQueries`."""

    async def completed(self, data: GraphQLRequestData) -> GraphQLRequestData: ...

    async def keep(self, data: GraphQLRequestData) -> None: ...


class Door(Protocol):
    """What the handler asks of the view, which imports this file."""

    places: Places
    persisted: Persisted
    draining: Draining
    timeout_seconds: float | None

    async def find_caller(self, context: Context) -> Viewer | None:
        """Raises Refusal where the token of the connection is not good any more."""

    async def count_operation(self, context: Context) -> Allowance | None:
        """Raises Refusal where the caller asks too often."""


class Socket(ASGIWebSocketAdapter):
    """What is sent after either side has closed is dropped: whoever was sending is told by being cancelled."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, OSError):
                await self.ws.send_text(self.view.encode_json_string(message))

    async def close(self, code: int, reason: str) -> None:
        reason = _SUBPROTOCOL if code == _NOT_ACCEPTABLE else reason
        if self.ws.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, OSError):
                await super().close(code, reason[:120])  # RFC 6455, section 5.5: 125 bytes with the code


class SocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection. Source: graphql-transport-ws, the protocol of the library graphql-ws."""

    _watch: asyncio.Task[None] | None = None
    _place: str | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._unproven: dict[str, GraphQLRequestData] = {}  # by id; whether its text is valid is not known yet

    @property
    def _door(self) -> Door:
        return cast("Door", self.view)

    def on_request_accepted(self) -> None:
        super().on_request_accepted()
        self._door.draining.add(self._leave)

    async def handle_message(self, message: Any) -> None:
        problem = _problem_of(message)
        try:
            await (super().handle_message(message) if problem is None else self.handle_invalid_message(problem))
        except Exception as error:
            if not is_unreachable(error):
                raise
            log.warning("a socket is closed, because the database is away", exc_info=error)
            await self.websocket.close(TRY_AGAIN_LATER, "The database cannot be reached")

    async def handle_connection_init(self, message: Any) -> None:
        """Who calls is told here; a token that is not good closes the socket with 4403.

        Without a token the connection is anonymous: what needs a viewer is refused operation by operation.
        """
        payload = message.get("payload", {})
        if not self.connection_init_received and isinstance(payload, dict):
            self._take_token(payload)
            if not await self._is_caller_known():
                log.info("socket refused", **self._notes(ErrorCode.INVALID_TOKEN).line())
                await self.websocket.close(FORBIDDEN, "Forbidden")
                return
            if not self._takes_place():
                log.info("socket refused", **self._notes(ErrorCode.RATE_LIMITED).line())
                sentence = f"One user has at most {self._door.places.limit} connections at a time"
                await self.websocket.close(TRY_AGAIN_LATER, sentence)
                return
        await super().handle_connection_init(message)
        if self.connection_acknowledged and self.context.caller is not None and self._watch is None:
            self._watch = asyncio.create_task(self._end_with(self.context.caller))

    async def handle_subscribe(self, message: Any) -> None:
        id_ = message["id"]
        if self._door.draining.has_begun:
            return  # the socket is closed in a moment, and the client sends this again elsewhere
        if not self.connection_acknowledged or id_ in self.operations:
            await super().handle_subscribe(message)
        elif not await self._is_caller_known():
            await self._forbid()
        else:
            try:
                self._check_room()
                await self._door.count_operation(self.context)
                payload = await self._door.persisted.completed(request_data(message["payload"]))
            except Refusal as refusal:
                log.info("operation", **self._notes(refusal.code).line())
                await self.send_message({"id": id_, "type": "error", "payload": [_told(refusal).formatted]})
                return
            self._unproven[id_] = payload
            message["payload"]["query"] = payload.query
            await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        noted = self._notes()
        notes.set(noted)  # of this task only
        asked = self._asked_in(operation)
        seconds = None if asked.type == "subscription" else self._door.timeout_seconds
        started = time.perf_counter()
        try:
            with observed(asked, noted):
                await within(seconds, super().run_operation(operation))
        except Refusal as refusal:
            await operation.send_initial_errors([_told(refusal)])
        finally:
            self._unproven.pop(operation.id, None)
            log.info("operation", ms=round((time.perf_counter() - started) * 1000, 1), **noted.line())

    async def shutdown(self) -> None:
        self._door.draining.remove(self._leave)
        if self._watch is not None:
            self._watch.cancel()
        if self._place is not None:
            self._door.places.leave(self._place)
        await super().shutdown()

    def forget_id(self, id: str) -> None:  # noqa: A002  Strawberry's signature
        self.operations.pop(id, None)

    async def _send_result_stream(self, operation: Operation[Context, None], result_source: AsyncIterator[Any]) -> None:
        """An operation that is refused ends with `error`, whatever it is refused for; the others live on."""
        noted = notes.get() or Notes()
        async for result in result_source:
            noted.code = code_of(result) or noted.code
            await note_refused_fields(self.context.caller, result.errors)
            if is_refused(result):
                await operation.send_initial_errors(result.errors)
                return
            await operation.send_next(result)
            if (payload := self._unproven.pop(operation.id, None)) is not None:
                await self._door.persisted.keep(payload)

    async def _leave(self) -> None:
        """The server stops: what is asked once is answered, what is watched goes on at another server."""
        running = [(operation.task, self._asked_in(operation).type) for operation in self.operations.values()]
        if answering := [task for task, type_ in running if task is not None and type_ != "subscription"]:
            await asyncio.wait(answering, timeout=_LAST_SECONDS)
        await self.websocket.close(SERVICE_RESTART, "The server stops: connect again")

    def _asked_in(self, operation: Operation[Context, None]) -> Asked:
        return asked_in(self.schema._schema, operation.query, operation.operation_name)  # type: ignore[attr-defined]  # noqa: SLF001

    @property
    def _user(self) -> str | None:
        return self.context.caller.user_id if self.context.caller else None

    def _notes(self, code: str | None = None) -> Notes:
        return Notes(self.context.address, self._user, code=code)

    def _take_token(self, payload: Mapping[str, Any]) -> None:
        for name, value in payload.items():
            if name.lower() == "authorization" and value is not None:
                self.context.authorization = str(value)

    def _takes_place(self) -> bool:
        place = self._user or rate_key(None, self.context.address) or ""
        if not self._door.places.take(place):
            return False
        self._place = place
        return True

    def _check_room(self) -> None:
        if len(self.operations) >= OPERATIONS_PER_CONNECTION:
            sentence = f"One connection has at most {OPERATIONS_PER_CONNECTION} operations at a time."
            raise Refusal(ErrorCode.RATE_LIMITED, sentence)

    async def _is_caller_known(self) -> bool:
        try:
            await self._find_caller(_HURRIED_SECONDS)
        except Refusal:
            return False
        return True

    async def _find_caller(self, patience_seconds: float) -> Viewer | None:
        return await once_reachable(partial(self._door.find_caller, self.context), patience_seconds)

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
            caller = await self._find_caller(_PATIENT_SECONDS)
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


def _told(refusal: Refusal) -> GraphQLError:
    return GraphQLError(refusal.message, extensions=error_extensions(refusal))


def _problem_of(message: Any) -> str | None:
    """What is wrong with the shape of a message; None where nothing is."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is a JSON object with a type"
    if message["type"] in {"subscribe", "complete"} and not (isinstance(message.get("id"), str) and message["id"]):
        return "The id is a string"
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
