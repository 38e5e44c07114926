"""The limit of bandwidth."""

import asyncio

import pytest

from downloads.bandwidth import Bandwidth


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def pass_time(clock: Clock, bandwidth: Bandwidth, seconds: float) -> None:
    """Move the clock and have whoever waits look at it."""
    clock.now += seconds
    bandwidth._changed.set()
    for _ in range(10):
        await asyncio.sleep(0)


async def test_without_a_limit_nobody_waits() -> None:
    bandwidth = Bandwidth()
    async with asyncio.timeout(20):
        for _ in range(1_000):
            await bandwidth.take(10**9)


async def test_all_together_keep_the_limit() -> None:
    clock = Clock()
    bandwidth = Bandwidth(100_000, clock)
    taken = 0

    async def take_all() -> None:
        nonlocal taken
        for _ in range(100):
            await bandwidth.take(10_000)
            taken += 10_000

    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(take_all())
        for _ in range(100):
            await pass_time(clock, bandwidth, 0.1)
            assert abs(taken - 100_000 * clock.now) <= 30_000
        assert abs(taken / clock.now - 100_000) <= 10_000
        bandwidth.change(0)


async def test_a_changed_limit_counts_for_who_is_waiting() -> None:
    bandwidth = Bandwidth(1)
    waiting = asyncio.create_task(bandwidth.take(1_000_000))
    await asyncio.sleep(0)
    bandwidth.change(10**9)
    async with asyncio.timeout(5):
        await waiting

    waiting = asyncio.create_task(Bandwidth(1).take(1_000_000))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    waiting.cancel()


async def test_a_limit_that_is_taken_away_lets_go() -> None:
    bandwidth = Bandwidth(1)
    waiting = asyncio.create_task(bandwidth.take(1_000_000))
    await asyncio.sleep(0)
    bandwidth.change(0)
    async with asyncio.timeout(5):
        await waiting


async def test_a_pause_earns_no_more_than_a_tenth_of_a_second() -> None:
    clock = Clock()
    bandwidth = Bandwidth(1_000, clock)
    clock.now += 3_600
    await bandwidth.take(100)
    waiting = asyncio.create_task(bandwidth.take(1_000))
    await asyncio.sleep(0)
    await pass_time(clock, bandwidth, 0.9)
    assert not waiting.done()
    await pass_time(clock, bandwidth, 0.2)
    assert waiting.done()


@pytest.mark.parametrize(("limit", "piece"), [(0, 262_144), (1_024, 1_024), (400_000, 100_000), (10**9, 262_144)])
def test_pieces_are_small_enough_for_short_waits(limit: int, piece: int) -> None:
    assert Bandwidth(limit).piece_bytes == piece
