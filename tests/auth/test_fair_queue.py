"""Slots go round between quotas.

They come back when what ran in them has ended.
"""

import asyncio

import pytest

from auth.fair_queue import FairQueue
from base.errors import ErrorCode, Refusal


class Queue:
    """Notes who is given a place, and keeps each until it is told to give it back."""

    def __init__(self, slots: FairQueue) -> None:
        self.slots = slots
        self.order: list[str] = []
        self.ends: list[asyncio.Event] = []

    async def ask(self, quota: str) -> asyncio.Task[None]:
        task = asyncio.create_task(self._hold(quota))
        await asyncio.sleep(0)
        return task

    async def end(self, number: int) -> None:
        """Give back the place that was given as `number`, and let the next one take it."""
        self.ends[number].set()
        for _ in range(4):
            await asyncio.sleep(0)

    async def _hold(self, quota: str) -> None:
        async with self.slots.slot(quota):
            self.order.append(quota)
            self.ends.append(asyncio.Event())
            await self.ends[-1].wait()


async def test_who_asks_for_much_delays_another_by_the_hash_in_work_only() -> None:
    queue = Queue(FairQueue(2))
    for _ in range(12):
        await queue.ask("eve")
    await queue.ask("bob")
    await queue.end(0)
    assert queue.order == ["eve", "eve", "bob"]


async def test_quotas_take_turns_and_each_place_is_taken() -> None:
    queue = Queue(FairQueue(1))
    for quota in ("eve", "eve", "eve", "bob", "bob", "eve", "cy"):
        await queue.ask(quota)
    for number in range(7):
        await queue.end(number)
    assert queue.order == ["eve", "bob", "eve", "cy", "bob", "eve", "eve"]


async def test_one_quota_has_a_bounded_number_waiting_and_leaves_the_others_theirs() -> None:
    queue = Queue(FairQueue(1, max_waiting=2))
    for quota in ("eve", "eve", "eve"):
        await queue.ask(quota)
    with pytest.raises(Refusal) as caught:
        await (await queue.ask("eve"))
    assert (caught.value.code, caught.value.retry_after) == (ErrorCode.RATE_LIMITED, 1)
    await queue.ask("bob")
    for number in range(4):
        await queue.end(number)
    assert queue.order == ["eve", "bob", "eve", "eve"]


async def test_who_gives_up_loses_no_place_for_the_others() -> None:
    queue = Queue(FairQueue(1, max_waiting=1))
    await queue.ask("eve")
    waiting = await queue.ask("eve")
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    given_at_once = await queue.ask("eve")
    last = await queue.ask("bob")
    queue.ends[0].set()
    await asyncio.sleep(0)  # the place is given away, and whom it is given to gives up before it knows
    given_at_once.cancel()
    last_but_one = await queue.ask("cy")
    await asyncio.gather(given_at_once, return_exceptions=True)
    for number in range(1, 3):
        await queue.end(number)
    await asyncio.gather(last, last_but_one)
    assert sorted(queue.order) == ["bob", "cy", "eve"]
