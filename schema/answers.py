"""Build answers within bounds of size and time."""

import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson
from graphql import GraphQLLeafType, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo
from graphql.execution import ExecutionResult as GraphQLExecutionResult
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.types import ExecutionResult

from base.errors import ErrorCode, Refusal
from execution.executor import OperationStoppedError, PlanExecutor
from execution.plans.running import NULL_BYTES
from schema.context import Context
from schema.documents import DOCUMENT, PLANS, Document
from schema.errors import graphql_error

_ERROR_BYTES = 250
"""Of an error in the answer, besides its message and its path."""


_VALUES_PER_LOOK = 200
"""Between two looks at the clock."""


@dataclass(slots=True)
class Deadline:
    """When an operation is stopped, by the monotonic clock; `seconds` is how long it had."""

    seconds: float
    at: float

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.at

    def refusal(self) -> Refusal:
        message = f"The operation was stopped after {self.seconds:g} s: ask for less at once, or try again later."
        return Refusal(ErrorCode.TIMED_OUT, message)


deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""Of the operation that is being executed, if it has one."""


class OperationRefusedError(Exception):
    """The operation came to its end by `result`, before its first field, or at one of its events."""

    def __init__(self, result: ExecutionResult) -> None:
        super().__init__()
        self.result = result


class AnswerStoppedError(OperationStoppedError):
    """Ends an operation whose answer is too large, or which has run for too long."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        graphql_error(refusal, self)
        self.refusal = refusal


class AnswerBounds:
    """Bounds of one answer, whose bytes in JSON are counted while its values are completed.

    No timer fires while values are completed that nobody waits for, so that it looks at the clock itself.

    Attributes:
        max_bytes: Of the answer in JSON.
        refusal: What the answer was stopped by, if it was.
    """

    def __init__(self, context: Context) -> None:
        self.refusal: AnswerStoppedError | None = None
        self._whole = context.services.settings.max_answer_size
        self.max_bytes = self._whole - context.answered_bytes
        self._size = 0
        self._deadline = deadline.get()
        self._until_look = 0

    def measure(self, value: Any, other_bytes: int = 0) -> int:
        """Add a completed value; its bytes in JSON, and others.

        Raises:
            AnswerStoppedError: The answer is too large, or has taken too long.
        """
        self._until_look = 0
        size = len(orjson.dumps(value)) + other_bytes
        self.grow(size)
        return size

    def forget(self, size: int) -> None:
        """Take bytes back: what has them is completed once more."""
        self._size -= size

    def grow(self, size: int) -> None:
        """Add bytes.

        Raises:
            AnswerStoppedError: As above.
        """
        self._size += size
        if self._size > self.max_bytes:
            message = f"The answer is larger than {self._whole:,} bytes: ask for smaller pages, or for fewer fields."
            self._stop(Refusal(ErrorCode.QUERY_TOO_COMPLEX, message))
        self._until_look -= 1
        if self._until_look <= 0 and self._deadline is not None:
            self._until_look = _VALUES_PER_LOOK
            if self._deadline.is_over:
                self._stop(self._deadline.refusal())

    def _stop(self, refusal: Refusal) -> NoReturn:
        self.refusal = self.refusal or AnswerStoppedError(refusal)
        raise self.refusal


class AnswerExecutor(PlanExecutor):
    """Executor whose answer has bounds, while its values are completed one by one or by a plan."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._bounds = AnswerBounds(self.context_value)
        self.max_bytes = self._bounds.max_bytes
        self._names: dict[int, tuple[GroupedFieldSet, int]] = {}
        extensions = self.operation_extensions
        document: Document = extensions[DOCUMENT]
        if document.is_kept and self.context_value.services.settings.compiled_plans:
            self.use_plans(extensions[PLANS], document.plan_key(self.operation, self.variable_values.coerced))

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Any:
        known = self._names.get(id(grouped_field_set))
        if known is None:
            size = 1 + sum(len(name) + len('"":,') for name in grouped_field_set)  # of two braces a comma is left over
            known = self._names[id(grouped_field_set)] = (
                grouped_field_set,
                size,
            )  # kept, so that its id is not used again
        self._bounds.grow(known[1])
        return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        if result is None and not isinstance(return_type, GraphQLNonNull):
            self._bounds.grow(NULL_BYTES)
            return None
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> Any:
        self._bounds.grow(len("[]"))
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def complete_list_item_value(self, item: Any, complete_results: list[Any], *arguments: Any) -> bool:
        if complete_results:
            self._bounds.grow(len(","))
        return super().complete_list_item_value(item, complete_results, *arguments)

    def measure(self, value: Any, other_bytes: int = 0) -> int:
        return self._bounds.measure(value, other_bytes)

    def forget(self, size: int) -> None:
        self._bounds.forget(size)

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override]
        value = super().complete_leaf_value(return_type, result)
        self._bounds.grow(len(orjson.dumps(value)))
        return value

    def handle_field_error(
        self, raw_error: Exception, return_type: GraphQLOutputType, field_details_list: FieldDetailsList, path: Path
    ) -> None:
        if self._bounds.refusal is not None:
            raise self._bounds.refusal
        super().handle_field_error(raw_error, return_type, field_details_list, path)
        self._bounds.grow(_ERROR_BYTES + len(str(raw_error).encode()) + len(orjson.dumps(path.as_list())))

    def build_response(self, data: dict[str, Any] | None) -> Any:
        response = super().build_response(data)
        refusal = self._bounds.refusal
        return response if refusal is None else GraphQLExecutionResult(None, [refusal])
