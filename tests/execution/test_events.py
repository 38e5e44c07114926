"""Events of subscriptions that a plan completes alone, compared with graphql-core."""

import inspect
import random
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import strawberry
from graphql import parse
from strawberry.schema.config import StrawberryConfig

from execution.executor import OperationStoppedError
from execution.plans.cache import PlanCache
from tests.execution.comparing import CACHE, ComparedExecutor, written
from tests.execution.zoo_for_tests import SCALARS, Builder, Cat, Dog, Given, Nest
from tests.execution.zoo_for_tests import Query as ZooQuery

SEEDS = 200


async def _nests() -> AsyncGenerator[Nest | None, None]:
    yield None


@strawberry.type
class Subscription:
    """Its field answers the event itself."""

    nests: AsyncGenerator[Nest | None, None] = strawberry.subscription(resolver=_nests)


SCHEMA = strawberry.Schema(
    ZooQuery, subscription=Subscription, types=[Dog, Cat], config=StrawberryConfig(scalar_map=SCALARS)
)._schema
PLAIN = """subscription { again: nests { __typename name leaves { text number ratio sizes numbersInLists }
  inner { leaves { colour moment json } } animals { __typename name ... on Dog { barks } ... on Cat { lives } }
  thing { ... on Leaves { idOrNot: id texts } } } }"""


def event(seed: int, oddness: int) -> Any:
    return Builder(random.Random(seed), oddness).nest()


def executor_for(query: str, cache: PlanCache | None) -> ComparedExecutor:
    executor = ComparedExecutor.build(
        SCHEMA, parse(query), context_value=Given(0, 0), operation_extensions={CACHE: cache}
    )
    assert isinstance(executor, ComparedExecutor)
    return executor


async def result_of(executor: ComparedExecutor, value: Any) -> str:
    result: Any = executor.execute_event(value)
    return written(await result if inspect.isawaitable(result) else result)


@pytest.mark.parametrize("oddness", [0, 3, 20])
async def test_events_by_plans_are_those_of_graphql_core(oddness: int) -> None:
    cache = PlanCache()
    compiled, plain = executor_for(PLAIN, cache), executor_for(PLAIN, None)
    for seed in range(SEEDS):
        assert await result_of(compiled, event(seed, oddness)) == await result_of(plain, event(seed, oddness))
    assert cache.counts.compiled == 1
    assert (cache.counts.bailed > 0) == (oddness > 0)


async def test_an_event_with_a_plan_makes_no_executor_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    executor = executor_for(PLAIN, PlanCache())
    build, made = ComparedExecutor.build_per_event_executor, []

    def noting(self: ComparedExecutor, value: Any) -> Any:
        made.append(value)
        return build(self, value)

    monkeypatch.setattr(ComparedExecutor, "build_per_event_executor", noting)
    for seed in range(10):
        await result_of(executor, event(seed, 0))
    assert len(made) == 2  # before it was compiled, and when it was


@pytest.mark.parametrize("query", ["subscription { nests { later } }", "subscription { nests { guests { name } } }"])
async def test_resolvers_below_an_event_are_called_once(query: str) -> None:
    executor = executor_for(query, PlanCache())
    for seed in range(5):
        calls = executor.context_value.calls
        calls.clear()
        await result_of(executor, event(seed, 0))
        assert set(calls.values()) <= {1}


async def test_what_must_stop_an_event_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    executor = executor_for(PLAIN, PlanCache())
    for _ in range(3):
        await result_of(executor, event(1, 0))

    def stop(*_: Any) -> int:
        raise OperationStoppedError("stopped")

    monkeypatch.setattr(ComparedExecutor, "measure", stop)
    assert "stopped" in await result_of(executor, event(1, 0))
