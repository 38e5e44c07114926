"""Answers of graphql-core and of plans to one operation, compared."""

import inspect
from functools import partial
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLSchema, execute_root_selection_set

from execution.executor import PlanExecutor
from execution.plans.cache import PlanCache
from execution.single import SingleFieldOperation
from tests.execution.zoo_for_tests import Given

CACHE = "cache"


class ComparedExecutor(PlanExecutor):
    """Uses the plans of the cache that comes along, if one does."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if (cache := (self.operation_extensions or {}).get(CACHE)) is not None:
            self.use_plans(cache, self.key)

    @property
    def key(self) -> Any:
        return self.operation, tuple(sorted(self.variable_values.coerced.items()))


class Unbounded:
    """Bounds that no answer reaches."""

    def grow(self, size: int) -> None:
        """Let it grow."""

    def measure(self, value: Any, other_bytes: int = 0) -> int:
        return len(orjson.dumps(value)) + other_bytes


async def answer(
    schema: GraphQLSchema,
    document: DocumentNode,
    given: Any,
    cache: PlanCache | None = None,
    variables: dict[str, Any] | None = None,
) -> ExecutionResult:
    """The result of an operation, by plans where there is a cache."""
    make_executor: Any = partial(
        ComparedExecutor.build,
        schema,
        document,
        context_value=given,
        raw_variable_values=variables,
        operation_extensions={CACHE: cache},
    )
    executor = make_executor()
    field = cache.find(executor.key).find_single() if cache is not None else None
    if field is None:
        result: Any = execute_root_selection_set(executor)
        found: ExecutionResult = await result if inspect.isawaitable(result) else result
        return found
    assert cache is not None
    return await SingleFieldOperation(
        field,
        schema,
        executor.operation,
        executor.fragment_definitions,
        executor.variable_values,
        given,
        executor.operation_extensions,
        bounds=Unbounded(),
        counts=cache.counts,
        make_executor=make_executor,
    ).execute()


def written(result: ExecutionResult) -> str:
    """Data in their order; errors by their places, because those of fields that are resolved together come as they end."""
    errors = sorted(repr(error.formatted) for error in result.errors or ())
    data: Any = result.data
    return repr((orjson.loads(orjson.dumps(data)) if isinstance(data, orjson.Fragment) else data, errors))


async def compare(schema: GraphQLSchema, document: DocumentNode, given: Given, cache: PlanCache) -> bool:
    """The answers are equal when it comes for the first time and the second, and no resolver was called twice.

    Returns:
        Whether it was answered without an executor, or could have been but for what was odd.
    """
    expected = await answer(schema, document, Given(given.seed, given.oddness))
    for _ in range(2):
        asked = Given(given.seed, given.oddness)
        found = await answer(schema, document, asked, cache)
        assert written(found) == written(expected)
        assert max(asked.calls.values(), default=1) == 1
    executor: Any = ComparedExecutor.build(schema, document)
    return cache.find(executor.key).find_single() is not None
