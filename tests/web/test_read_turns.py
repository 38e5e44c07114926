"""Turns of bodies that wait to be read."""

import asyncio
from functools import partial

from web.bodies import ReadTurns


async def test_one_body_goes_on_in_each_turn_of_the_loop() -> None:
    turns, read = ReadTurns(), list[str]()
    for name in ("first", "second", "third"):
        turns.take(partial(read.append, name))
    seen = [list(read)]
    for _ in range(3):
        await asyncio.sleep(0)
        seen.append(list(read))
    assert seen == [["first"], ["first", "second"], ["first", "second", "third"], ["first", "second", "third"]]


async def test_a_body_alone_goes_on_at_once() -> None:
    turns, read = ReadTurns(), list[str]()
    for name in ("first", "second"):
        turns.take(partial(read.append, name))
        assert read[-1] == name
        await asyncio.sleep(0)
