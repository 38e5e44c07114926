"""Bounds of plans: compiling, caching, names, stopping, cancelling."""

import asyncio
from typing import Annotated, Any

import graphql
import orjson
import pytest
import strawberry
from graphql import parse
from strawberry.extensions import FieldExtension

from execution.executor import OperationStoppedError
from execution.plans.cache import PlanCache
from execution.plans.source import Source, name_literal
from tests.execution.comparing import ComparedExecutor, answer, written
from tests.execution.zoo_for_tests import SCHEMA, Given

NESTS = parse(
    "query ($wide: Boolean! = false) { nests { name later inner { name } leaves @include(if: $wide) { id } } }"
)
COMPARED_VERSION = "3.3.2"
"""Of graphql-core; its executor is not the same in others, so that a new one is read before this number is changed."""
CALM = Given(seed=4, oddness=0)


@strawberry.type
class CastDog:
    text: str


@strawberry.type
class CastLeaves:
    text: str


CastThing = Annotated[CastDog | CastLeaves, strawberry.union("CastThing")]


def calm() -> Given:
    return Given(CALM.seed, CALM.oddness)


def test_graphql_core_is_the_version_that_plans_were_written_for() -> None:
    assert graphql.version == COMPARED_VERSION


async def test_an_operation_is_compiled_when_it_comes_for_the_second_time() -> None:
    cache = PlanCache()

    await answer(SCHEMA, NESTS, calm(), cache)
    assert cache.counts.compiled == 0
    await answer(SCHEMA, NESTS, calm(), cache)
    assert cache.counts.compiled == 1
    await answer(SCHEMA, NESTS, calm(), cache)
    assert (cache.counts.compiled, cache.counts.bailed, cache.counts.fallback) == (1, 0, 0)


async def test_each_type_of_a_union_is_compiled() -> None:
    cache = PlanCache(min_uses=1)
    document = parse("{ nests { thing { __typename ... on Dog { barks count } ... on Leaves { text sizes } } } }")
    seen: set[str] = set()

    for seed in range(20):
        found = await answer(SCHEMA, document, Given(seed, 0), cache)
        assert written(found) == written(await answer(SCHEMA, document, Given(seed, 0)))
        assert found.data is not None
        seen |= {nest["thing"]["__typename"] for nest in found.data["nests"] or [] if nest["thing"]}

    assert seen == {"Dog", "Leaves"}
    assert (cache.counts.compiled, cache.counts.bailed, cache.counts.fallback) == (1, 0, 0)


async def test_an_object_of_a_union_that_was_cast_is_left_to_graphql_core() -> None:
    def cast_leaves() -> Any:
        return strawberry.cast(CastDog, CastLeaves(text="cast"))

    @strawberry.type
    class CastQuery:
        thing: CastThing = strawberry.field(resolver=cast_leaves)

    schema, cache = strawberry.Schema(CastQuery)._schema, PlanCache(min_uses=1)
    document = parse("{ thing { __typename ... on CastDog { text } ... on CastLeaves { text } } }")

    found = await answer(schema, document, None, cache)

    assert found.data == {"thing": {"__typename": "CastDog", "text": "cast"}}
    assert (cache.counts.compiled, cache.counts.bailed) == (1, 1)


async def test_variables_of_directives_have_plans_of_their_own() -> None:
    cache = PlanCache(min_uses=1)

    for wide in (True, False, True):
        found = await answer(SCHEMA, NESTS, calm(), cache, {"wide": wide})
        assert written(found) == written(await answer(SCHEMA, NESTS, calm(), None, {"wide": wide}))
    assert cache.counts.compiled == 2


async def test_operations_used_last_stay_within_the_bound() -> None:
    cache = PlanCache(max_bytes=60_000, min_uses=1)

    documents = [parse(f"{{ nests {{ name a{number}: name }} }}") for number in range(20)]
    for document in documents:
        await answer(SCHEMA, document, calm(), cache)
    await answer(SCHEMA, documents[-1], calm(), cache)
    assert cache.counts.compiled == 20
    await answer(SCHEMA, documents[0], calm(), cache)
    assert cache.counts.compiled == 21
    assert cache.size_bytes <= 60_000


async def test_a_selection_that_is_too_large_stays_with_graphql_core() -> None:
    names = " ".join(f"a{number}: name" for number in range(501))
    cache = PlanCache(min_uses=1)
    document = parse(f"{{ nests {{ {names} }} }}")

    found = await answer(SCHEMA, document, calm(), cache)

    assert written(found) == written(await answer(SCHEMA, document, calm()))
    assert (cache.counts.compiled, cache.counts.fallback) == (0, 1)


@pytest.mark.parametrize("name", ["a'", "a\nimport os", 'a"""', "__import__('os')", "é", "a b", "", "a}"])
def test_nothing_but_a_graphql_name_becomes_part_of_a_line(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  no word of it matters
        name_literal(name)


@pytest.mark.parametrize(
    "name", ["class", "None", "__builtins__", "k1", "v", "w", "p", "d", "lambda", "enumerate", "_"]
)
async def test_response_names_that_mean_something_to_python_are_names_alone(name: str) -> None:
    document = parse(f"{{ nests {{ {name}: name later2: later inner {{ {name}: later }} }} }}")
    found = await answer(SCHEMA, document, calm(), PlanCache(min_uses=1))

    assert found.errors is None
    assert written(found) == written(await answer(SCHEMA, document, calm()))


def test_constants_are_known_by_names_that_are_made_here() -> None:
    source = Source()
    with source.block("def f(v):"):
        source.line(f"return {source.constant('import os')}")

    assert source.function("f")(None) == "import os"


@strawberry.type
class Leaf:
    """What a list has."""

    number: int


def _leaves(info: strawberry.Info[Any, None]) -> Any:
    return info.context


@strawberry.type
class Query:
    """The root."""

    leaves: list[Leaf] = strawberry.field(resolver=_leaves)


LEAVES = strawberry.Schema(Query)._schema


async def test_what_must_stop_the_operation_is_no_odd_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> int:
        raise OperationStoppedError("Stop.")

    monkeypatch.setattr(ComparedExecutor, "measure", stop)
    cache = PlanCache(min_uses=1)

    found = await answer(LEAVES, parse("{ leaves { number } }"), [Leaf(number=1)], cache)

    assert [error.message for error in found.errors or ()] == ["Stop."]
    assert cache.counts.bailed == 0


async def test_an_operation_that_is_cancelled_cancels_its_resolvers() -> None:
    cancelled = []

    async def wait() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return ""

    @strawberry.type
    class Thing:
        name: str = strawberry.field(resolver=wait)
        other: str = strawberry.field(resolver=wait)

    @strawberry.type
    class Root:
        thing: Thing = strawberry.field(resolver=Thing)

    schema = strawberry.Schema(Root)._schema
    work = asyncio.ensure_future(answer(schema, parse("{ thing { name other } }"), None, PlanCache(min_uses=1)))
    await asyncio.sleep(0.01)
    work.cancel()

    with pytest.raises(asyncio.CancelledError):
        await work
    assert cancelled == [True, True]


async def test_each_call_has_its_own_copy_of_arguments_that_can_be_changed() -> None:
    def taken(words: list[str]) -> str:
        return words.pop()

    @strawberry.type
    class Thing:
        last: str = strawberry.field(resolver=taken)

    @strawberry.type
    class Root:
        things: list[Thing] = strawberry.field(resolver=lambda: [Thing(), Thing()])

    schema = strawberry.Schema(Root)._schema
    found = await answer(schema, parse('{ things { last(words: ["a", "b"]) } }'), None, PlanCache(min_uses=1))

    assert found.data == {"things": [{"last": "b"}, {"last": "b"}]}


async def test_extensions_of_a_field_see_every_call() -> None:
    seen = []

    class Watching(FieldExtension):
        def resolve(self, next_: Any, source: Any, info: strawberry.Info, **arguments: Any) -> Any:
            seen.append(info.path.key)
            return next_(source, info, **arguments)

    @strawberry.type
    class Thing:
        name: str = strawberry.field(resolver=lambda: "x", extensions=[Watching()])

    @strawberry.type
    class Root:
        things: list[Thing] = strawberry.field(resolver=lambda: [Thing(), Thing()])

    schema = strawberry.Schema(Root)._schema
    found = await answer(schema, parse("{ things { name } }"), None, PlanCache(min_uses=1))

    assert found.data == {"things": [{"name": "x"}, {"name": "x"}]}
    assert seen == ["name", "name"]


async def test_short_values_of_one_field_are_measured_together(monkeypatch: pytest.MonkeyPatch) -> None:
    @strawberry.type
    class Thing:
        name: str = strawberry.field(resolver=lambda: "x" * 20)

    @strawberry.type
    class Root:
        things: list[Thing] = strawberry.field(resolver=lambda: [Thing() for _ in range(50)])

    measure, sizes = ComparedExecutor.measure, []

    def counted(self: ComparedExecutor, value: Any, other_bytes: int = 0) -> int:
        sizes.append(measure(self, value, other_bytes))
        return sizes[-1]

    monkeypatch.setattr(ComparedExecutor, "measure", counted)
    schema = strawberry.Schema(Root)._schema
    found = await answer(schema, parse("{ things { name } }"), None, PlanCache(min_uses=1))

    assert found.data is not None
    assert sum(sizes) == len(orjson.dumps(found.data["things"]))
    assert len(sizes) <= 10


async def test_what_is_there_is_completed_before_others_are_awaited() -> None:
    """So that odd values are told as by graphql-core, which then awaits the others."""

    async def late(seconds: float) -> str:
        await asyncio.sleep(seconds)
        raise ValueError(seconds)

    @strawberry.type
    class Thing:
        seconds: strawberry.Private[float]

        @strawberry.field
        def said(self) -> str | None:
            said: Any = late(self.seconds) if self.seconds else ["odd"]
            return said  # type: ignore[no-any-return]

    @strawberry.type
    class Root:
        things: list[Thing] = strawberry.field(resolver=lambda: [Thing(seconds=one) for one in (0.05, 0.01, 0)])

    schema, cache = strawberry.Schema(Root)._schema, PlanCache(min_uses=1)
    document = parse("{ things { said } }")
    for found in [await answer(schema, document, None, kept) for kept in (None, cache, cache)]:
        assert found.data == {"things": [{"said": None}] * 3}
        assert [error.path for error in found.errors or ()] == [["things", place, "said"] for place in (2, 1, 0)]
