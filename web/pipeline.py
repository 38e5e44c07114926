"""Operation pipeline, the same for every transport.

A transport counts the operation and finds its caller (`count`, `find_caller`), has it admitted (`admit`) and run (`run`), or
served if it is a subscription (`watch`).
It adds nothing of its own but the form in which results travel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from strawberry.http import GraphQLRequestData
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from auth.callers import find_viewer
from auth.quotas import quota_of
from auth.rates import Allowance, rate_key
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from execution.groups.subscriber import SlowReaderError, Subscriber
from schema.answers import AnswerStoppedError, OperationRefusedError
from schema.build import Schema
from schema.context import Context, RequestServices
from schema.documents import OTHER, Document, OperationInfo
from schema.errors import graphql_error
from web.audit import audit_refused_fields
from web.bounds import Bounds
from web.concurrency import ConcurrencyLimiter, MemoryBudget, footprint_of
from web.draining import Draining
from web.errors import refusal_of
from web.operations import first_error_code, record_operation, record_refusal, refused, with_deadline
from web.persisted import PersistedQueries
from web.subscriptions import Subscriptions

QUERY, MUTATION, SUBSCRIPTION = "query", "mutation", "subscription"
ALL_TYPES = frozenset({QUERY, MUTATION, SUBSCRIPTION})
"""Types of operations, as `OperationInfo` tells them."""
_BEGINS_SOMETHING = {MUTATION, SUBSCRIPTION}
"""What a server that drains leaves to another one."""
SLOW_READER = "SLOW_READER"
"""In the log and the numbers: the code of a subscription whose connection did not read."""


@dataclass(slots=True, eq=False)
class Operation:
    """One operation as a transport received it.

    Attributes:
        data: Its text or the hash of it, its variables, its name.
        types: The types of operations that may come this way.
        connection: What it shares with others, whose memory is bounded together; None where it is alone.
        id: By which the client tells it from others of the same connection.
        since: When its deadline began, by the clock of the event loop; None: when it is run.
    """

    data: GraphQLRequestData
    types: frozenset[str] = ALL_TYPES
    connection: object | None = None
    id: str = ""
    since: float | None = None


@dataclass(slots=True, eq=False)
class Admitted:
    """An operation that may run; it keeps its document, and neither its text nor its extensions.

    Attributes:
        release: To be called once at its end: gives back what it took of the memory budget.
    """

    document: Document
    info: OperationInfo
    name: str | None
    variables: dict[str, Any] | None
    since: float | None
    release: Callable[[], None]

    @property
    def is_subscription(self) -> bool:
        return self.info.type == SUBSCRIPTION


class Pipeline:
    """Runs operations under the limits of their callers.

    Attributes:
        connections: Sockets and streams that one user, or one address, may have open.
    """

    def __init__(
        self, schema: Schema, services: RequestServices, persisted: PersistedQueries, draining: Draining, bounds: Bounds
    ) -> None:
        self._schema = schema
        self._services = services
        self._persisted = persisted
        self._memory = MemoryBudget()
        self._subscriptions = Subscriptions(schema)
        self.draining = draining
        self.bounds = bounds
        self.connections = ConcurrencyLimiter(services.settings.sockets_per_user)
        self.timeout_seconds = services.settings.operation_timeout.total_seconds() or None

    async def find_caller(self, context: Context) -> Viewer | None:
        """Who calls, by the token of the request or the connection.

        Raises:
            Refusal: TOKEN_EXPIRED or INVALID_TOKEN.
        """
        context.caller = await find_viewer(self._services.auth, context.authorization)
        context.refusal = None
        return context.caller

    async def count(self, context: Context) -> Allowance | None:
        """Count one operation of a caller.

        Raises:
            Refusal: RATE_LIMITED.
        """
        return await self._services.rates.take(rate_key(context.caller, context.address))

    async def admit(self, operation: Operation, context: Context) -> Admitted:
        """Read the document of an operation, and reserve what it keeps while it runs.

        Raises:
            Refusal: PERSISTED_QUERY_NOT_FOUND, BAD_INPUT or METHOD_NOT_ALLOWED for a type that may not come this way,
                SERVICE_UNAVAILABLE, QUOTA_EXCEEDED.
        """
        data = operation.data
        if data.extensions:
            data = await self._persisted.resolve(data)
        document = self._schema.read(data.query or "")
        info = document.operation_info(data.operation_name)
        with record_refusal(info):
            if not document.errors:
                _check_type(info, operation.types)
            if info.type in _BEGINS_SOMETHING:
                self.draining.check()
            if data.extensions and not document.errors:
                await self._persisted.store(data)
            release = self._reserve(operation, document, info, context)  # last: who is cancelled has reserved nothing
        return Admitted(document, info, data.operation_name, data.variables, operation.since, release)

    async def run(self, admitted: Admitted, context: Context) -> ExecutionResult:
        """The result of a query or mutation, within its deadline.

        Whatever refuses it is a result, too (`RefusedResult`).
        """
        with record_operation(admitted.info) as log_context:
            try:
                work = self._execute(admitted, context)
                result = await with_deadline(self.timeout_seconds, work, admitted.since)
            except Exception as error:  # noqa: BLE001  whatever it is, who asks in GraphQL is answered in GraphQL
                result = refused(refusal_of(error))
            log_context.code = first_error_code(result)
        return result

    async def watch(self, admitted: Admitted, context: Context, subscriber: Subscriber) -> ExecutionResult | None:
        """Serve a subscription until its end; the result that refused or ended it, if one did.

        Raises:
            SlowReaderError: Its connection does not read.
        """
        with record_operation(admitted.info) as log_context:
            result: ExecutionResult | None = None
            try:
                await self._subscriptions.serve(
                    admitted.document, admitted.name, admitted.variables, context, subscriber
                )
            except SlowReaderError:
                log_context.code = SLOW_READER
                raise
            except OperationRefusedError as refusal:
                result = refusal.result
            except Exception as error:  # noqa: BLE001  as above
                result = refused(refusal_of(error))
            log_context.code = subscriber.code if result is None else first_error_code(result)
        return result

    async def _execute(self, admitted: Admitted, context: Context) -> ExecutionResult:
        try:
            result = await self._schema.execute(admitted.document, **_arguments(admitted, context))
        except CannotGetOperationTypeError:
            return PreExecutionError(data=None, errors=[graphql_error(_unknown_operation(admitted))])
        for stopped in result.errors or ():
            if isinstance(stopped, AnswerStoppedError) and stopped.refusal.code is ErrorCode.TIMED_OUT:
                raise stopped.refusal  # as when the timer stops it
        await audit_refused_fields(context.caller, result.errors)
        return result

    def _reserve(
        self, operation: Operation, document: Document, info: OperationInfo, context: Context
    ) -> Callable[[], None]:
        """Reserve memory for what lasts, or shares a connection; what is answered at once gives it back at once."""
        if operation.connection is None and info.type != SUBSCRIPTION:
            return _nothing
        data, connection = operation.data, operation.connection or operation
        texts = len(operation.id) + len(data.operation_name or "")
        footprint = footprint_of(document, json_bytes=len(orjson.dumps(data.variables)), text_characters=texts)
        user = quota_of(context.caller, context.address)
        self._memory.reserve(connection, user, footprint)
        return partial(self._memory.release, connection, user, footprint)


def _arguments(admitted: Admitted, context: Context) -> dict[str, Any]:
    return {"variable_values": admitted.variables, "context_value": context, "operation_name": admitted.name}


def _check_type(info: OperationInfo, types: frozenset[str]) -> None:
    """What has no type here is told by the document."""
    if info.type in types or info.type == OTHER:
        return
    if info.type == SUBSCRIPTION:
        message = (
            "Subscriptions go over WebSocket (graphql-transport-ws), or with Accept: text/event-stream, or with Accept: "
            "multipart/mixed;subscriptionSpec=1.0, at this same address."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message)
    raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, "Send mutations with POST.", headers={"Allow": "POST"})


def _unknown_operation(admitted: Admitted) -> Refusal:
    names = [node.name.value for node in admitted.document.operations if node.name]
    known = f"name one that it has ({', '.join(names)[:200]})" if names else "leave operationName out"
    message = f'The document has no operation named "{(admitted.name or "")[:100]}": {known}.'
    return Refusal(ErrorCode.BAD_INPUT, message, "operationName")


def _nothing() -> None:
    """There is nothing to give back."""
