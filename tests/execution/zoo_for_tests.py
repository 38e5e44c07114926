"""A schema of every shape, and values of every kind by dice."""

import asyncio
import enum
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, NewType

import strawberry
from strawberry.schema.config import StrawberryConfig

from execution.batches import Batches, batch_field

MAX_DEPTH = 5
Json = NewType("Json", object)
Even = NewType("Even", int)


def _even(value: Any) -> Any:
    if value % 2:
        raise ValueError("odd")
    return value or None


SCALARS: dict[object, Any] = {
    Json: strawberry.scalar(name="Json", serialize=lambda value: value, parse_value=lambda value: value),
    Even: strawberry.scalar(name="Even", serialize=_even, parse_value=lambda value: value),
    datetime: strawberry.scalar(
        name="Moment", serialize=lambda value: value.isoformat(), parse_value=datetime.fromisoformat
    ),
}


@strawberry.enum
class Colour(enum.Enum):
    """An enum whose names are not its values."""

    RED = 1
    BLUE = 2


@strawberry.enum
class Size(enum.StrEnum):
    """An enum that is text."""

    SMALL = "SMALL"
    LARGE = "LARGE"


@dataclass
class Given:
    """The context of one execution.

    Attributes:
        calls: How often each resolver was called, by its path.
        oddness: Of a hundred values so many are odd.
    """

    seed: int
    oddness: int
    calls: Counter[str] = field(default_factory=Counter)
    batches: Batches = field(default_factory=Batches)

    def dice(self, *where: object) -> random.Random:
        return random.Random(repr((self.seed, where)))


def _resolve(info: strawberry.Info[Given, None], build: Any) -> Any:
    """A value that depends on the path alone."""
    path = repr(info.path.as_list())
    info.context.calls[path] += 1
    dice = info.context.dice(path)
    if dice.randrange(100) < info.context.oddness:
        raise ValueError(f"refused {path}")
    return build(Builder(dice, info.context.oddness))


class Later:
    """Something to await, of which nobody is warned where it is not awaited."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return self._value

    def __repr__(self) -> str:
        return f"Later({self._value!r})"


async def _animals(info: strawberry.Info[Given, None], first: int | None = 3) -> Any:
    value = _resolve(info, lambda build: build.some(build.animal))
    await asyncio.sleep(0)
    return value[:first] if isinstance(value, list) else value


def _nest(info: strawberry.Info[Given, None], deep: int = 0) -> Any:
    return _resolve(info, lambda build: build.nest(MAX_DEPTH - 1 - min(deep, 1)))


async def _nests(info: strawberry.Info[Given, None], colour: Colour | None = None) -> Any:
    value = _resolve(info, lambda build: build.some(build.nest))
    await asyncio.sleep(0)
    return value


def _later(info: strawberry.Info[Given, None]) -> Any:
    return Later(_resolve(info, lambda build: build.leaf("text")))


async def _together(roots: Sequence[Any], info: strawberry.Info[Given, None], kind: str = "text") -> list[Any]:
    """Of each a value that depends on its name alone; some are exceptions."""
    return [_builder(info, root, kind).leaf(kind if kind in _LEAVES else "text") for root in roots]


async def _parties(
    roots: Sequence[Any], info: strawberry.Info[Given, None], first: int | None = 3, colour: Colour = Colour.RED
) -> list[Any]:
    found = [(build := _builder(info, root, colour)).some(build.animal) for root in roots]
    return [value[:first] if isinstance(value, list) else value for value in found]


def _builder(info: strawberry.Info[Given, None], root: Any, *where: object) -> "Builder":
    return Builder(info.context.dice(repr(root.name), where), info.context.oddness)


def _count(info: strawberry.Info[Given, None]) -> Any:
    return _resolve(info, lambda build: build.leaf("number"))


@strawberry.type
class Leaves:
    """All leaves, nullable and not."""

    text: str
    text_or_null: str | None
    number: int
    number_or_null: int | None
    ratio: float
    ratio_or_null: float | None
    is_so: bool
    is_so_or_null: bool | None
    id: strawberry.ID
    colour: Colour
    colour_or_null: Colour | None
    size: Size
    json: Json
    json_or_null: Json | None
    even_or_null: Even | None
    moment: datetime
    texts: list[str]
    texts_or_nulls: list[str | None] | None
    numbers_in_lists: list[list[int] | None] | None
    sizes: list[Size]


@strawberry.interface
class Animal:
    """Something abstract."""

    name: str
    leaves: Leaves | None
    nest: Annotated["Nest", strawberry.lazy("tests.execution.zoo_for_tests")] | None = strawberry.field(resolver=_nest)
    later: str | None = strawberry.field(resolver=_later)
    together: str | None = batch_field(_together, description="All at once.")


@strawberry.type
class Dog(Animal):
    """One of them."""

    barks: bool
    friends: list[Animal | None]
    count: int = strawberry.field(resolver=_count)


@strawberry.type
class Cat(Animal):
    """Another one."""

    lives: int | None
    count: int | None = strawberry.field(resolver=_count)


@strawberry.type
class Nest:
    """Things in things."""

    name: str | None
    leaves: Leaves
    inner: "Nest | None"
    animals: list[Animal]
    thing: Annotated[Dog | Leaves, strawberry.union("Thing")] | None
    later: str = strawberry.field(resolver=_later)
    guests: list[Animal] = strawberry.field(resolver=_animals)
    together: str = batch_field(_together, description="All at once.")
    parties: list[Animal] | None = batch_field(_parties, description="Objects, all at once.")
    nests: "list[Nest | None] | None" = strawberry.field(resolver=_nests)


@strawberry.type
class Query:
    """The root."""

    nest: Nest | None = strawberry.field(resolver=_nest)
    nests: list[Nest] | None = strawberry.field(resolver=_nests)
    animals: list[Animal] | None = strawberry.field(resolver=_animals)
    later: str | None = strawberry.field(resolver=_later)
    count: int | None = strawberry.field(resolver=_count)


@strawberry.type
class Mutation:
    """The same, one after the other."""

    first_nest: Nest | None = strawberry.field(resolver=_nest)
    second_nests: list[Nest] | None = strawberry.field(resolver=_nests)


SCHEMA = strawberry.Schema(Query, Mutation, types=[Dog, Cat], config=StrawberryConfig(scalar_map=SCALARS))._schema

_LEAVES: dict[str, list[Any]] = {
    "text": ["", "wörds", "a" * 40],
    "number": [0, 7, -(2**31), 2**31 - 1],
    "ratio": [0.5, -0.0, 3, 1e300],
    "is_so": [True, False],
    "id": ["dog-1"],
    "colour": [Colour.RED, Colour.BLUE],
    "size": [Size.SMALL, Size.LARGE],
    "json": [{"a": [1, None]}, [], "x", 0, False],
    "even": [2, 4],
    "moment": [datetime(2026, 11, 29, tzinfo=UTC)],
}
_ODD: list[Any] = [
    None, "text", "SMALL", "RED", "7", 1, 0, True, 2.5, 2**31, math.nan, math.inf, b"bytes", object, Colour.RED,
    Size.SMALL, [], {}, ("a", "b"), {"a"}, ValueError("a value"), "\ud800", datetime(2026, 1, 1, tzinfo=UTC),
    strawberry.UNSET, [None], ["a", 1], 10**400,
]  # fmt: skip


class Builder:
    """Builds values by dice."""

    def __init__(self, dice: random.Random, oddness: int) -> None:
        self._dice = dice
        self._oddness = oddness

    def leaf(self, kind: str) -> Any:
        """A value of a kind, or an odd one."""
        if self._is_odd():
            return self._odd()
        return self._dice.choice(_LEAVES[kind])

    def leaves(self, _depth: int = 0) -> Any:
        if self._is_odd():
            return self._odd()
        one, maybe = self.leaf, self._or_null
        return Leaves(
            text=one("text"),
            text_or_null=maybe("text"),
            number=one("number"),
            number_or_null=maybe("number"),
            ratio=one("ratio"),
            ratio_or_null=maybe("ratio"),
            is_so=one("is_so"),
            is_so_or_null=maybe("is_so"),
            id=one("id"),
            colour=one("colour"),
            colour_or_null=maybe("colour"),
            size=one("size"),
            json=one("json"),
            json_or_null=maybe("json"),
            even_or_null=maybe("even"),
            moment=one("moment"),
            texts=self.some(lambda *_: one("text")),
            texts_or_nulls=self.some(lambda *_: maybe("text")),
            numbers_in_lists=self.some(lambda *_: self.some(lambda *_: one("number"))),
            sizes=self.some(lambda *_: one("size")),
        )

    def animal(self, depth: int = 0) -> Any:
        if self._is_odd():
            return self._odd()
        name, leaves = self.leaf("text"), self.leaves() if self._dice.random() < 0.5 else None
        if self._dice.random() < 0.5:
            return Cat(name=name, leaves=leaves, lives=self.leaf("number"))
        return self.dog(depth)

    def dog(self, depth: int = 0) -> Any:
        friends = self.some(self.animal, depth + 1)
        return Dog(name=self.leaf("text"), leaves=None, barks=self.leaf("is_so"), friends=friends)

    def nest(self, depth: int = 0) -> Any:
        if self._is_odd():
            return self._odd()
        inner = self.nest(depth + 1) if depth < MAX_DEPTH and self._dice.random() < 0.6 else None
        thing = self._dice.choice([None, self.leaves(), self.dog(depth + 1)])
        return Nest(
            name=self._or_null("text"),
            leaves=self.leaves(),
            inner=inner,
            animals=self.some(self.animal, depth + 1),
            thing=thing,
        )

    def some(self, build: Any, depth: int = 0) -> Any:
        """A list, a tuple or something that is iterated once; or an odd value."""
        if self._is_odd():
            return self._odd()
        found = [build(depth) for _ in range(self._dice.randrange(4))] if depth < MAX_DEPTH else []
        if self._is_odd():
            return self._dice.choice([tuple(found), (one for one in found), _slowly(found), dict.fromkeys("ab")])
        return found

    def _or_null(self, kind: str) -> Any:
        return None if self._dice.random() < 0.3 else self.leaf(kind)

    def _odd(self) -> Any:
        value = self._dice.choice(_ODD)
        return Later(value) if self._dice.random() < 0.2 else value

    def _is_odd(self) -> bool:
        return self._dice.random() * 400 < self._oddness


async def _slowly(values: list[Any]) -> Any:
    for value in values:
        yield value
