"""Operation of one field, executed by the plan of that field alone.

graphql-core's executor is made only where something is odd, and is told what resolvers have answered by then.
"""

from collections.abc import Callable
from typing import Any, Protocol

import orjson
from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    execute_root_selection_set,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from graphql.type.definition import GraphQLResolveInfoHelpers
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.executor import OperationStoppedError, PlanExecutor
from execution.plans.cache import Counts
from execution.plans.compiler import OpenField
from execution.plans.running import Outcome, PlanRun


class Bounds(Protocol):
    """What an answer may grow to; each method raises OperationStoppedError where it may not grow so."""

    def grow(self, size: int) -> None:
        """Add bytes to it."""

    def measure(self, value: Any, other_bytes: int = 0) -> int:
        """Add a completed value to it; its bytes in JSON, and others."""


class SingleFieldOperation:
    """A query or mutation of one field, whose resolver is called directly and whose value a plan completes.

    It has what a resolver is told under the names that an executor has it.
    """

    root_value = None
    abort_signal = None
    hide_suggestions = False
    is_awaitable = staticmethod(optimized_is_awaitable)
    build_resolve_info: Any = StrawberryGraphQLCoreExecutionContext.build_resolve_info

    def __init__(
        self,
        field: OpenField,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragment_definitions: dict[str, FragmentDefinitionNode],
        variable_values: VariableValues,
        context_value: Any,
        operation_extensions: dict[str, Any],
        *,
        bounds: Bounds,
        counts: Counts,
        make_executor: Callable[[], PlanExecutor],
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.fragment_definitions = fragment_definitions
        self.variable_values = variable_values
        self.context_value = context_value
        self.operation_extensions = operation_extensions
        self.measure = bounds.measure
        self._bounds = bounds
        self._field = field
        self._counts = counts
        self._make_executor = make_executor

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        return GraphQLResolveInfoHelpers(
            lambda values: self._make_executor().gather_async_work(values),
            lambda values: self._make_executor().track_async_work(values),
        )

    def info_of(self, field: OpenField, path: Path) -> GraphQLResolveInfo[Any]:
        nodes = [details.node for details in field.details]
        info: GraphQLResolveInfo[Any] = self.build_resolve_info(field.definition, nodes, field.parent_type, path)
        return info

    async def execute(self) -> ExecutionResult:
        """The result, as graphql-core would tell it; data without open fields are JSON already (`orjson.Fragment`)."""
        run = PlanRun(self)
        try:
            value = run.call(self._field, None, None)
            if optimized_is_awaitable(value):
                value = await value
        except Exception as error:  # noqa: BLE001  whatever it is, graphql-core tells of it
            return await self._hand_over(run, error)
        try:
            return await self._complete(run, value)
        except OperationStoppedError as stopped:
            return ExecutionResult(None, [stopped])
        except Exception:  # noqa: BLE001  as above
            self._counts.bailed += 1
            return await self._hand_over(run, value)

    async def _complete(self, run: PlanRun, value: Any) -> ExecutionResult:
        name, plan = self._field.name, self._field.plan
        if not plan.open_fields:
            json = orjson.dumps({name: plan.complete_at_once(value)})
            self._bounds.grow(len(json))
            return ExecutionResult(orjson.Fragment(json), None)  # type: ignore[arg-type]  # it is written as it is
        self._bounds.grow(len(f'{{"{name}":}}'))
        completed = run.complete(plan, value, self._field.path_below(None))
        return ExecutionResult({name: await completed if optimized_is_awaitable(completed) else completed}, None)

    async def _hand_over(self, run: PlanRun, answered: Any) -> ExecutionResult:
        """Have graphql-core tell what is odd about what the field's resolver has answered, or raised."""
        executor = self._make_executor()
        executor.know([Outcome(self._field, [({}, None, None)], [answered]), *run.outcomes])
        result: Any = execute_root_selection_set(executor)
        found: ExecutionResult = await result if optimized_is_awaitable(result) else result
        return found
