"""Batch resolvers: one call for all objects, an answer for each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import parse

from execution.batches import Batches, batch_field
from execution.plans.cache import PlanCache
from tests.execution.comparing import answer

PLANS = [None, PlanCache(min_uses=1)]


@dataclass
class Asked:
    """A context that notes which numbers came together."""

    calls: list[tuple[str, list[int]]] = field(default_factory=list)
    batches: Batches = field(default_factory=Batches)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)


Info = strawberry.Info[Asked, None]


async def _twice(roots: Sequence["Thing"], info: Info) -> list[int | Exception]:
    info.context.calls.append(("twice", [root.number for root in roots]))
    await asyncio.sleep(0)
    return [ValueError("seven") if root.number == 7 else root.number * 2 for root in roots]


async def _times(roots: Sequence["Thing"], info: Info, by: int = 1) -> list[int]:
    info.context.calls.append((f"times {by}", [root.number for root in roots]))
    if by < 0:
        raise ValueError("below")
    await asyncio.sleep(0)
    return [root.number * by for root in roots]


async def _endless(_: Sequence["Thing"], info: Info) -> list[int]:
    info.context.has_begun.set()
    try:
        await asyncio.Event().wait()
    finally:
        info.context.has_ended.set()
    return []


@strawberry.type
class Thing:
    """It has a number."""

    number: int
    twice: int | None = batch_field(_twice, description="Twice the number.")
    endless: int | None = batch_field(_endless, description="Never known.")
    times: int | None = batch_field(_times, description="Some times the number.")


async def _things(count: int = 10) -> list[Thing]:
    return [Thing(number=number) for number in range(count)]


@strawberry.type
class Query:
    """The root."""

    things: list[Thing] = strawberry.field(resolver=_things)


SCHEMA = strawberry.Schema(Query)
NUMBERS = list(range(10))


async def asked(text: str, plans: PlanCache | None) -> tuple[Any, Asked]:
    context = Asked()
    return await answer(SCHEMA._schema, parse(text), context, plans), context


def test_the_arguments_are_those_of_the_function_and_the_type_is_that_of_the_class() -> None:
    assert "twice: Int\n" in SCHEMA.as_str()
    assert "times(by: Int! = 1): Int\n" in SCHEMA.as_str()


@pytest.mark.parametrize("plans", PLANS, ids=["plain", "compiled"])
async def test_a_list_is_one_call_for_each_field_and_arguments(plans: PlanCache | None) -> None:
    found, context = await asked("{ things { twice times(by: 3) other: times(by: 4) } }", plans)

    assert [thing["other"] for thing in found.data["things"]] == [number * 4 for number in NUMBERS]
    assert sorted(context.calls) == [("times 3", NUMBERS), ("times 4", NUMBERS), ("twice", NUMBERS)]


@pytest.mark.parametrize("plans", PLANS, ids=["plain", "compiled"])
async def test_an_exception_is_that_of_its_object_alone(plans: PlanCache | None) -> None:
    found, context = await asked("{ things { twice times(by: 2) } }", plans)

    assert [(error.message, error.path) for error in found.errors] == [("seven", ["things", 7, "twice"])]
    assert [thing["twice"] for thing in found.data["things"]] == [0, 2, 4, 6, 8, 10, 12, None, 16, 18]
    assert [thing["times"] for thing in found.data["things"]] == [number * 2 for number in NUMBERS]
    assert len(context.calls) == 2  # graphql-core, to which the plan gave the list back, has called nothing again


@pytest.mark.parametrize("plans", PLANS, ids=["plain", "compiled"])
async def test_a_call_that_fails_fails_for_each_object(plans: PlanCache | None) -> None:
    found, context = await asked("{ things(count: 3) { number times(by: -1) } }", plans)

    assert [(error.message, error.path[1]) for error in found.errors] == [("below", place) for place in range(3)]
    assert [thing["number"] for thing in found.data["things"]] == [0, 1, 2]
    assert context.calls == [("times -1", [0, 1, 2])]


@pytest.mark.parametrize("plans", PLANS, ids=["plain", "compiled"])
async def test_a_call_is_cancelled_when_nobody_waits_for_it_any_more(plans: PlanCache | None) -> None:
    context = Asked()
    document = parse("{ things(count: 1) { endless } }")
    operation = asyncio.ensure_future(answer(SCHEMA._schema, document, context, plans))
    async with asyncio.timeout(5):
        await context.has_begun.wait()
        operation.cancel()
        await context.has_ended.wait()
    with pytest.raises(asyncio.CancelledError):
        await operation


async def test_nothing_is_called_for_whom_nobody_waits_any_more() -> None:
    context = Asked()
    document = parse("{ things { twice } }")
    operation = asyncio.ensure_future(answer(SCHEMA._schema, document, context))
    while not context.batches._gathered:  # noqa: ASYNC110  there is nothing else to wait for
        await asyncio.sleep(0)
    operation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await operation
    while context.batches._gathered:  # noqa: ASYNC110  there is nothing else to wait for
        await asyncio.sleep(0)

    assert context.calls == []
    await answer(SCHEMA._schema, document, context)
    assert context.calls == [("twice", NUMBERS)]
