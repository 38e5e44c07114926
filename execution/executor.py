"""Executor that completes values by compiled plans.

Where there is none, graphql-core does. The plans are those of one operation.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable
from functools import partial
from math import inf
from typing import Any, cast

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    OperationType,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.plans.cache import Counts, OperationPlan, PlanCache
from execution.plans.compiler import NotCompilableError, OpenField, Plan, compile_plan, open_field
from execution.plans.resolvers import DirectResolver
from execution.plans.running import AnyOutcome, KnownOutcomes, PlanRun


class OperationStoppedError(GraphQLError):
    """Ends the whole operation, at whichever field it is raised."""


class PlanExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, with plans for what has come before.

    A value about which something is odd is completed by graphql-core, and so is all that comes after it in the same answer.

    Attributes:
        max_bytes: Of the answer in JSON.
    """

    max_bytes: float = inf
    _cache: PlanCache | None = None
    _key: Hashable = None
    _plan: OperationPlan | None = None
    _known: KnownOutcomes | None = None

    def use_plans(self, cache: PlanCache, key: Hashable) -> None:
        """Take the plans of the operation `key` from `cache`; not where there is middleware, which sees every field."""
        if self.middleware_manager is None or not self.middleware_manager.middlewares:
            self.middleware_manager = None
            self._cache, self._key = cache, key
            self._plan = cache.find(key)
            self._relevant_sub_fields = self._plan.collected

    def measure(self, value: Any, other_bytes: int = 0) -> int:
        """The bytes of a completed value in JSON, and others; raises OperationStoppedError where the answer may not grow so."""
        return len(orjson.dumps(value)) + other_bytes

    def forget(self, size: int) -> None:
        """Take bytes from the answer that were measured: what has them is completed once more."""

    def info_of(self, field: OpenField, path: Path) -> GraphQLResolveInfo[Any]:
        nodes = [details.node for details in field.details]
        return self.build_resolve_info(field.definition, nodes, field.parent_type, path)

    def find_event(self) -> tuple[str, Plan] | None:
        """See `OperationPlan.event`."""
        return self._plan.find_event() if self._plan is not None else None

    def execute_operation(self, serially: bool | None = None) -> Any:  # noqa: FBT001  graphql-core's
        """The fields at the root are collected once."""
        type_ = self.operation.operation
        root_type = self.schema.get_root_type(type_)
        if self._plan is None or self._plan.root is None or root_type is None:
            return super().execute_operation(serially)
        serially = type_ is OperationType.MUTATION if serially is None else serially
        execute = self.execute_fields_serially if serially else self.execute_fields
        self._plan.uses += 1
        try:
            data: Any = execute(root_type, self.root_value, None, self._plan.root, None)
        except GraphQLError as error:
            return self._stopped_by(error)
        return self._awaited(data) if self.is_awaitable(data) else self.build_response(data)

    def build_response(self, data: dict[str, Any] | None) -> Any:
        """Nothing follows it: no schema here has @defer or @stream."""
        return ExecutionResult(data, self.collected_errors.errors or None)

    async def _awaited(self, data: Awaitable[dict[str, Any]]) -> Any:
        try:
            return self.build_response(await data)
        except GraphQLError as error:
            return self._stopped_by(error)

    def _stopped_by(self, error: GraphQLError) -> Any:
        """The response without data, because of a null where none may be, or of what stops all."""
        self.collected_errors.add(error, None)
        return self.build_response(None)

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,  # noqa: FBT001  graphql-core's
        new_defer_usages: Any,
    ) -> Any:
        """The same fields at the root each time: the plans below are found by them."""
        if self._plan is not None:
            self._plan.uses += 1
            self._plan.root = grouped_field_set = self._plan.root or grouped_field_set
        return super().execute_collected_root_fields(
            root_type, root_value, grouped_field_set, serially, new_defer_usages
        )

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        """A field whose value has a plan: its resolver is called directly, and told only what it asks for."""
        field = self._plan.fields.get(id(field_details_list)) if self._plan is not None else None
        if field is None or self.middleware_manager is not None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        try:
            result = PlanRun(self).call(field, source, path.prev)
            completed = (
                self._resolved(field, path, result)
                if self.is_awaitable(result)
                else self._complete(field, path, result)
            )
        except Exception as error:  # noqa: BLE001  whatever it is, it belongs to the field
            return self._failed(field, path, error)
        return self._tried(field, path, completed) if self.is_awaitable(completed) else completed

    async def _resolved(self, field: OpenField, path: Path, result: Awaitable[Any]) -> Any:
        completed = self._complete(field, path, await result)
        return await completed if self.is_awaitable(completed) else completed

    async def _tried(self, field: OpenField, path: Path, completion: Awaitable[Any]) -> Any:
        try:
            return await completion
        except Exception as error:  # noqa: BLE001  as above
            return self._failed(field, path, error)

    def _failed(self, field: OpenField, path: Path, error: Exception) -> None:
        """The field is null, or raises where it may not be."""
        self.handle_field_error(error, field.definition.type, field.details, path)

    def _complete(self, field: OpenField, path: Path, result: Any) -> Any:
        def execute() -> Any:
            info = self.info_of(field, path)
            return super(PlanExecutor, self).complete_value(
                field.definition.type, field.details, info, path, result, None
            )

        return self._run(field.plan, result, path, execute)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        given = return_type, field_details_list, info, path, result, position_context
        plan = self._find_plan(return_type, field_details_list, info, path)
        if plan is None:
            return super().complete_value(*given)
        return self._run(plan, result, path, partial(super().complete_value, *given))

    def _run(self, plan: Plan, value: Any, path: Path, execute: Callable[[], Any]) -> Any:
        """The value completed by `plan`, or an awaitable; `execute` has graphql-core do the same."""
        run = PlanRun(self)
        try:
            completed = run.complete(plan, value, path)
        except OperationStoppedError:
            raise
        except Exception:  # noqa: BLE001  whatever is odd, graphql-core tells of it
            return self._bail(run, execute)
        return self._completed(run, completed, execute) if self.is_awaitable(completed) else completed

    async def _completed(self, run: PlanRun, completion: Awaitable[Any], execute: Callable[[], Any]) -> Any:
        try:
            return await completion
        except OperationStoppedError:
            raise
        except Exception:  # noqa: BLE001  as above
            completed = self._bail(run, execute)
            return await completed if self.is_awaitable(completed) else completed

    def _bail(self, run: PlanRun, execute: Callable[[], Any]) -> Any:
        """Hand the same value to graphql-core, and what resolvers have answered already."""
        assert self._cache is not None  # noqa: S101  there was a plan
        self._cache.counts.bailed += 1
        self.forget(run.size)
        self.know(run.outcomes)
        return execute()

    def know(self, outcomes: Iterable[AnyOutcome]) -> None:
        """Call no resolver again of which this is the outcome; from here on graphql-core completes all values."""
        if self._known is None:
            self._known = KnownOutcomes()
            self.middleware_manager = cast("Any", self._known)  # it is asked for a resolver, and nothing else
        self._known.add(outcomes)

    def _find_plan(
        self, type_: GraphQLOutputType, details: FieldDetailsList, info: GraphQLResolveInfo[Any], path: Path
    ) -> Plan | None:
        operation, cache = self._plan, self._cache
        if operation is None or cache is None or operation.uses < cache.min_uses or self.middleware_manager is not None:
            return None
        if id(details) not in operation.plans:
            plan = operation.plans[id(details)] = self._compile(cache.counts, type_, details)
            if plan is not None and self.operation.operation is not OperationType.SUBSCRIPTION:
                field = open_field(self.schema, info.parent_type, str(path.key), details, plan)
                if field is not None and isinstance(field.direct, DirectResolver) and field.definition.type is type_:
                    operation.fields[id(details)] = field
            cache.keep(self._key, operation)
        plan = operation.plans[id(details)]
        return plan if plan is not None and plan.type_ is type_ else None

    def _compile(self, counts: Counts, type_: GraphQLOutputType, details: FieldDetailsList) -> Plan | None:
        def collect(object_type: GraphQLObjectType, nodes: FieldDetailsList) -> GroupedFieldSet:
            return self.collect_subfields(object_type, nodes).grouped_field_set

        try:
            plan = compile_plan(self.schema, collect, type_, details)
        except (NotCompilableError, RecursionError):
            counts.fallback += 1
            return None
        counts.compiled += 1
        return plan
