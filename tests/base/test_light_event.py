"""Light events."""

import asyncio

import pytest

from base.light_event import LightEvent


async def test_all_who_wait_go_on_when_it_is_set_and_who_comes_later_does_not_wait() -> None:
    event = LightEvent()
    waiting = [asyncio.create_task(event.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not event.is_set()
    assert not any(task.done() for task in waiting)
    event.set()
    await asyncio.gather(*waiting)
    await event.wait()
    assert event.is_set()


async def test_who_comes_after_it_was_cleared_waits_for_the_next_time() -> None:
    event = LightEvent()
    event.set()
    event.clear()
    waiting = asyncio.create_task(event.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    event.set()
    event.clear()
    await waiting
    assert not event.is_set()


async def test_who_is_cancelled_while_waiting_keeps_nobody_else_from_going_on() -> None:
    event = LightEvent()
    first, second = (asyncio.create_task(event.wait()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    event.set()
    await second
    with pytest.raises(asyncio.CancelledError):
        await first
