"""Events of subscriptions that a plan completes alone, compared with graphql-core."""

import gc
import inspect
import random
import weakref
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import strawberry
from graphql import parse
from strawberry.schema.config import StrawberryConfig

from execution.events import Events
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


def events_of(
    query: str, cache: PlanCache | None, context: Given, made: list[ComparedExecutor] | None = None
) -> Events:
    """The events of a subscription; the executors that they need are added to `made`."""
    document = parse(query)

    def make() -> ComparedExecutor:
        extensions = {CACHE: cache}
        executor = ComparedExecutor.build(SCHEMA, document, context_value=context, operation_extensions=extensions)
        assert isinstance(executor, ComparedExecutor)
        if made is not None:
            made.append(executor)
        return executor

    return Events(make)


async def result_of(events: Events, value: Any) -> str:
    result: Any = events.execute(value)
    return written(await result if inspect.isawaitable(result) else result)


@pytest.mark.parametrize("oddness", [0, 3, 20])
async def test_events_by_plans_are_those_of_graphql_core(oddness: int) -> None:
    cache = PlanCache()
    compiled, plain = events_of(PLAIN, cache, Given(0, 0)), events_of(PLAIN, None, Given(0, 0))
    for seed in range(SEEDS):
        assert await result_of(compiled, event(seed, oddness)) == await result_of(plain, event(seed, oddness))
    assert cache.counts.compiled == 1
    assert (cache.counts.bailed > 0) == (oddness > 0)


async def test_an_event_with_a_plan_makes_no_executor() -> None:
    made: list[ComparedExecutor] = []
    events = events_of(PLAIN, PlanCache(), Given(0, 0), made)
    for seed in range(10):
        await result_of(events, event(seed, 0))
    assert len(made) == 3  # before it was compiled, when it was, and to find that it is


async def test_between_events_no_executor_is_kept() -> None:
    made: list[ComparedExecutor] = []
    events = events_of("subscription { nests { later } }", PlanCache(), Given(0, 0), made)
    for seed in range(3):
        await result_of(events, event(seed, 0))
    kept = [weakref.ref(executor) for executor in made]
    made.clear()
    gc.collect()
    assert [executor() for executor in kept] == [None, None, None]


@pytest.mark.parametrize("query", ["subscription { nests { later } }", "subscription { nests { guests { name } } }"])
async def test_resolvers_below_an_event_are_called_once(query: str) -> None:
    context = Given(0, 0)
    events = events_of(query, PlanCache(), context)
    for seed in range(5):
        context.calls.clear()
        await result_of(events, event(seed, 0))
        assert set(context.calls.values()) <= {1}


async def test_what_must_stop_an_event_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ComparedExecutor, "max_bytes", 1)
    events = events_of(PLAIN, PlanCache(), Given(0, 0))
    for _ in range(3):
        await result_of(events, event(1, 0))

    def stop(*_: Any) -> int:
        raise OperationStoppedError("stopped")

    monkeypatch.setattr(ComparedExecutor, "measure", stop)
    assert "stopped" in await result_of(events, event(1, 0))
