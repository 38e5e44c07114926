"""Turns of the event loop while a large answer is built."""

import asyncio

import orjson
import strawberry
from graphql import parse

from execution.plans.cache import PlanCache
from execution.plans.running import BYTES_PER_TURN
from tests.execution.comparing import answer, written


@strawberry.type
class Cell:
    """A part of a row."""

    text: str


def _cells() -> list[Cell]:
    return [Cell(text="x" * 100) for _ in range(100)]


@strawberry.type
class Row:
    """A part of the answer, of about 11 KB."""

    cells: list[Cell] = strawberry.field(resolver=_cells)


def _rows() -> list[Row]:
    return [Row() for _ in range(200)]


@strawberry.type
class Query:
    """The root."""

    rows: list[Row] = strawberry.field(resolver=_rows)


SCHEMA = strawberry.Schema(Query)._schema
DOCUMENT = parse("{ rows { cells { text } } }")


async def test_others_have_their_turn_while_a_large_answer_is_built() -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    expected = await answer(SCHEMA, DOCUMENT, None)
    others = asyncio.create_task(take_turns())
    found = await answer(SCHEMA, DOCUMENT, None, PlanCache(min_uses=1))
    others.cancel()

    assert written(found) == written(expected)
    size = len(orjson.dumps(found.data))
    assert turns >= size // BYTES_PER_TURN - 1 > 10
