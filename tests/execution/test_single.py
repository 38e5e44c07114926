"""Operations of one field, answered without an executor."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import strawberry
from graphql import DocumentNode, parse

from execution.executor import OperationStoppedError
from execution.plans.cache import PlanCache
from tests.execution.comparing import ComparedExecutor, Unbounded, answer, written


@strawberry.type
class Thing:
    """What is asked for."""

    number: int
    later: str = strawberry.field(resolver=lambda: "later")


Answers = Callable[[Any], Any]
calls: list[str] = []


def _asked(word: str, info: strawberry.Info[Answers, None]) -> Any:
    calls.append(word)
    return info.context(info._raw_info)


@strawberry.type
class Query:
    """The root."""

    thing: Thing | None = strawberry.field(resolver=_asked)
    sure: Thing = strawberry.field(resolver=_asked)


@strawberry.type
class Mutation:
    """The same, which changes something."""

    change: Thing | None = strawberry.field(resolver=_asked)


SCHEMA = strawberry.Schema(Query, Mutation)._schema
THING = parse('{ it: thing(word: "a") { number } }')
SURE = parse('{ sure(word: "a") { number } }')
OPEN = parse('{ thing(word: "a") { number later } }')
CHANGE = parse('mutation { change(word: "a") { number } }')


async def compiled(document: DocumentNode) -> PlanCache:
    cache = PlanCache(min_uses=1)
    await answer(SCHEMA, document, lambda _: Thing(number=1), cache)
    calls.clear()
    return cache


def later(value: Any) -> Answers:
    """Answers `value` after a turn of the event loop."""

    async def wait(_: Any) -> Any:
        await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    return wait


@pytest.mark.parametrize("document", [THING, SURE, OPEN, CHANGE])
@pytest.mark.parametrize("answers", [lambda _: Thing(number=7), later(Thing(number=7))])
async def test_it_is_answered_without_an_executor(
    document: DocumentNode, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await answer(SCHEMA, document, answers)
    cache = await compiled(document)
    monkeypatch.setattr(ComparedExecutor, "execute_operation", None)

    found = await answer(SCHEMA, document, answers, cache)

    assert written(found) == written(expected)
    assert (calls, cache.counts.bailed) == (["a"], 0)


@pytest.mark.parametrize("document", [THING, SURE, OPEN, CHANGE])
@pytest.mark.parametrize("oddity", [ValueError("odd"), None, Thing(number=2**31), Thing(number="x"), "no thing"])  # type: ignore[arg-type]
@pytest.mark.parametrize("is_awaited", [True, False])
async def test_graphql_core_tells_what_is_odd_and_asks_nobody_again(
    document: DocumentNode, oddity: Any, is_awaited: bool
) -> None:
    def answers(told: Any) -> Any:
        if is_awaited:
            return later(oddity)(told)
        if isinstance(oddity, Exception):
            raise oddity
        return oddity

    expected = await answer(SCHEMA, document, answers)
    cache = await compiled(document)

    found = await answer(SCHEMA, document, answers, cache)

    assert written(found) == written(expected)
    assert calls == ["a"]
    is_told_by_plan = oddity is None and document is not SURE
    assert cache.counts.bailed == (not is_told_by_plan and not isinstance(oddity, Exception))


@pytest.mark.parametrize("document", [THING, OPEN])
async def test_what_stops_the_operation_is_its_result(document: DocumentNode, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise OperationStoppedError("Stop.")

    cache = await compiled(document)
    monkeypatch.setattr(Unbounded, "grow", stop)

    found = await answer(SCHEMA, document, lambda _: Thing(number=1), cache)

    assert found.data is None
    assert [error.message for error in found.errors or ()] == ["Stop."]
    assert cache.counts.bailed == 0


async def test_a_resolver_is_told_what_graphql_core_tells() -> None:
    seen = []

    async def look(told: Any) -> Thing:
        seen.append((told.path.as_list(), told.parent_type, told.return_type, told.operation, told.field_nodes))
        first, second = await told.async_helpers.gather([asyncio.sleep(0, 1), asyncio.sleep(0, 2)])
        told.async_helpers.track([asyncio.sleep(0)])
        return Thing(number=first + second)

    expected = await answer(SCHEMA, THING, look)
    found = await answer(SCHEMA, THING, look, await compiled(THING))

    assert written(found) == written(expected)
    assert seen[0] == seen[1]


async def test_a_resolver_is_cancelled_with_the_operation() -> None:
    cancelled = []

    async def wait(_: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    work = asyncio.ensure_future(answer(SCHEMA, THING, wait, await compiled(THING)))
    await asyncio.sleep(0.01)
    work.cancel()

    with pytest.raises(asyncio.CancelledError):
        await work
    assert cancelled == [True]
