"""Answers of graphql-core and of plans to one operation, compared."""

import inspect
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLSchema, execute

from execution.executor import PlanExecutor
from execution.plans.cache import PlanCache
from tests.execution.zoo_for_tests import Given

CACHE = "cache"


class ComparedExecutor(PlanExecutor):
    """Uses the plans of the cache that comes along, if one does."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if (cache := (self.operation_extensions or {}).get(CACHE)) is not None:
            conditions = tuple(sorted(self.variable_values.coerced.items()))
            self.use_plans(cache, (self.operation, conditions))


async def answer(
    schema: GraphQLSchema,
    document: DocumentNode,
    given: Any,
    cache: PlanCache | None = None,
    variables: dict[str, Any] | None = None,
) -> ExecutionResult:
    """The result of an operation, by plans where there is a cache."""
    result: Any = execute(
        schema,
        document,
        context_value=given,
        variable_values=variables,
        executor_class=ComparedExecutor,
        operation_extensions={CACHE: cache},
    )
    found: ExecutionResult = await result if inspect.isawaitable(result) else result
    return found


def written(result: ExecutionResult) -> str:
    """Data in their order; errors by their places, because those of fields that are resolved together come as they end."""
    errors = sorted(repr(error.formatted) for error in result.errors or ())
    return repr((result.data, errors))


async def compare(schema: GraphQLSchema, document: DocumentNode, given: Given, cache: PlanCache) -> None:
    """The answers are equal, and no resolver was called twice."""
    expected = await answer(schema, document, Given(given.seed, given.oddness))
    asked = Given(given.seed, given.oddness)
    found = await answer(schema, document, asked, cache)
    assert written(found) == written(expected)
    assert max(asked.calls.values(), default=1) == 1
