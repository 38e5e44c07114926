"""Execution of subscriptions: the watch that one asks for, and the result of each of its changes."""

from functools import partial
from typing import Any

from graphql import ExecutionResult as GraphQLResult
from graphql import create_source_event_stream
from strawberry.types import ExecutionResult

from execution.events import Events
from execution.groups.watches import Change, Watch
from schema.build import Schema, add_codes, refused_by
from schema.context import Context
from schema.documents import Document


class WatchingOperation:
    """One subscription and its context, ready to be executed on changes."""

    def __init__(
        self, schema: Schema, document: Document, name: str | None, variables: dict[str, Any] | None, context: Context
    ) -> None:
        self._make_executor = partial(schema.executor_for, document, name, variables, context)
        self._events = Events(self._make_executor)

    async def watch(self) -> Watch:
        """What it asks for.

        Raises:
            OperationRefusedError: Something is wrong with its document, its variables or an argument.
            Exception: What its resolver raised.
        """
        executor = self._make_executor()
        found: Any = create_source_event_stream(executor)
        found = await found if executor.is_awaitable(found) else found
        if isinstance(found, Watch):
            return found
        original = found.errors[0].original_error
        raise refused_by(found.errors) if original is None else original

    async def result_of(self, change: Change) -> ExecutionResult:
        """The result of one change.

        Raises:
            OperationRefusedError: No field of it could be answered, and so will none later.
        """
        result: Any = self._events.execute(change.value)
        result = result if isinstance(result, GraphQLResult) else await result
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            raise refused_by(result.errors)
        add_codes(result.errors)
        return ExecutionResult(data=result.data, errors=result.errors)
