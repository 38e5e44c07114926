"""Executor that completes values by compiled plans.

Where there is none, graphql-core does. The plans are those of one operation; a subscription uses them for each of its events.
"""

from collections.abc import Awaitable, Hashable
from contextlib import suppress
from typing import Any, cast

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    execute_subscription_event,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.plans.cache import Counts, OperationPlan, PlanCache
from execution.plans.compiler import NotCompilableError, OpenField, Place, Plan, compile_plan
from execution.plans.running import KnownOutcomes, PlanRun

_NO_PATH: Any = None
_NO_PLACES: list[list[Place]] = []
"""Of a plan without open fields."""


class OperationStoppedError(GraphQLError):
    """Ends the whole operation, at whichever field it is raised."""


class PlanExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, with plans for what has come before.

    A value about which something is odd is completed by graphql-core, and so is all that comes after it in the same answer.
    """

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

    def execute_event(self, value: Any) -> AwaitableOrValue[ExecutionResult]:
        """The result of one event, which is what the field at the root answers.

        Where a plan completes it without a resolver, nothing else is done; graphql-core tells of all that is odd.
        """
        known = self._plan.find_event() if self._plan is not None else None
        if known is not None:
            name, plan = known
            with suppress(Exception):
                data = {name: plan.complete(value, _NO_PATH, _NO_PLACES)}
                self.measure(data)
                return ExecutionResult(data, None)
        return execute_subscription_event(self.build_per_event_executor(value))

    def build_per_event_executor(self, payload: Any) -> Any:
        """Each event begins anew with plans."""
        executor: Any = super().build_per_event_executor(payload)
        if self._plan is not None:
            executor.middleware_manager = executor._known = None  # noqa: SLF001  it is a copy of this one
        return executor

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

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        plan = self._find_plan(return_type, field_details_list)
        if plan is None:
            return super().complete_value(return_type, field_details_list, info, path, result, position_context)
        run = PlanRun(self)
        given = return_type, field_details_list, info, path, result, position_context
        try:
            completed = run.complete(plan, result, path)
        except OperationStoppedError:
            raise
        except Exception:  # noqa: BLE001  whatever is odd, graphql-core tells of it
            return self._bail(run, given)
        return self._completed(run, completed, given) if self.is_awaitable(completed) else completed

    async def _completed(self, run: PlanRun, completion: Awaitable[Any], given: tuple[Any, ...]) -> Any:
        try:
            return await completion
        except OperationStoppedError:
            raise
        except Exception:  # noqa: BLE001  as above
            completed = self._bail(run, given)
            return await completed if self.is_awaitable(completed) else completed

    def _bail(self, run: PlanRun, given: tuple[Any, ...]) -> Any:
        """Hand the same value to graphql-core, and what resolvers have answered already."""
        assert self._cache is not None  # noqa: S101  there was a plan
        self._cache.counts.bailed += 1
        self.forget(run.size)
        if self._known is None:
            self._known = KnownOutcomes()
            self.middleware_manager = cast("Any", self._known)  # it is asked for a resolver, and nothing else
        self._known.add(run.outcomes)
        return super().complete_value(*given)

    def _find_plan(self, type_: GraphQLOutputType, details: FieldDetailsList) -> Plan | None:
        operation, cache = self._plan, self._cache
        if operation is None or cache is None or operation.uses < cache.min_uses or self.middleware_manager is not None:
            return None
        if id(details) not in operation.plans:
            operation.plans[id(details)] = self._compile(cache.counts, type_, details)
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
