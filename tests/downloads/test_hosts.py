"""Politeness towards hosts."""

import asyncio

from downloads.hosts import HostLimiter

HOST = "files.example"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def hold(limiter: HostLimiter, name: str, entered: list[str], leave: asyncio.Event) -> None:
    async with limiter.slot(name):
        entered.append(name)
        await leave.wait()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_two_at_once_to_a_host_and_others_beside_it() -> None:
    limiter, leave = HostLimiter(), asyncio.Event()
    entered: list[str] = []
    async with asyncio.TaskGroup() as group:
        for name in (HOST, HOST, HOST, "other.example"):
            group.create_task(hold(limiter, name, entered, leave))
        await settle()
        assert sorted(entered) == [HOST, HOST, "other.example"]
        assert limiter.active(HOST) == 2
        leave.set()
    assert entered.count(HOST) == 3
    assert limiter._hosts == {}


async def test_who_is_cancelled_while_waiting_takes_no_place() -> None:
    limiter, leave = HostLimiter(per_host=1), asyncio.Event()
    entered: list[str] = []
    first = asyncio.create_task(hold(limiter, HOST, entered, leave))
    await settle()
    second, third = (asyncio.create_task(hold(limiter, HOST, entered, leave)) for _ in range(2))
    await settle()
    second.cancel()
    leave.set()
    await asyncio.gather(first, third)
    assert len(entered) == 2
    assert limiter._hosts == {}


async def test_a_host_that_asked_to_wait_is_asked_by_one_then_by_all() -> None:
    clock = Clock()
    limiter, leave = HostLimiter(per_host=2, clock=clock), asyncio.Event()
    entered: list[str] = []
    assert await limiter.cool_down(HOST, 30) == 30
    tasks = [asyncio.create_task(hold(limiter, HOST, entered, leave)) for _ in range(3)]
    async with asyncio.timeout(5):
        await settle()
        assert (entered, limiter.seconds_to_wait(HOST)) == ([], 30)

        clock.now = 30
        limiter._hosts[HOST].tell()
        await settle()
        assert len(entered) == 1  # the probe

        await limiter.answered(HOST)
        await settle()
        assert len(entered) == 2
        leave.set()
        await asyncio.gather(*tasks)
    assert limiter.seconds_to_wait(HOST) == 0


async def test_a_probe_without_an_answer_lets_the_next_one_try() -> None:
    limiter, leave = HostLimiter(first_pause_seconds=0.001), asyncio.Event()
    entered: list[str] = []
    await limiter.cool_down(HOST, None)
    async with asyncio.timeout(5):
        async with limiter.slot(HOST):
            other = asyncio.create_task(hold(limiter, HOST, entered, leave))
            await settle()
            assert entered == []
        leave.set()
        await other
    assert entered == [HOST]


async def test_without_a_time_or_with_none_the_pause_doubles_up_to_five_minutes() -> None:
    clock = Clock()
    limiter = HostLimiter(clock=clock)
    for number, expected in enumerate((5, 10, 20, 40, 80, 160, 300, 300)):
        pause = await limiter.cool_down(HOST, 0 if number % 2 else None)
        assert expected * 0.9 <= pause <= expected * 1.1
        clock.now += pause


async def test_answers_of_one_moment_are_one_request_to_wait() -> None:
    clock = Clock()
    limiter = HostLimiter(clock=clock)
    for _ in range(5):
        assert await limiter.cool_down(HOST, None) <= 5.5
    assert await limiter.cool_down(HOST, 60) == 60


async def test_the_one_who_waits_is_told_for_how_long() -> None:
    clock = Clock()
    limiter = HostLimiter(first_pause_seconds=0.01, clock=clock)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.now += seconds

    await limiter.cool_down(HOST, None)
    async with asyncio.timeout(5), limiter.slot(HOST, wait):
        assert len(waits) == 1
        assert 0 < waits[0] <= 0.011


async def test_a_slot_that_has_ended_is_another_ones_and_counts_once() -> None:
    limiter, leave = HostLimiter(per_host=1), asyncio.Event()
    entered: list[str] = []
    async with asyncio.timeout(5):
        async with limiter.slot(HOST) as slot:
            other = asyncio.create_task(hold(limiter, HOST, entered, leave))
            await settle()
            assert entered == []
            slot.end()
            slot.end()
            await settle()
            assert (entered, limiter.active(HOST)) == ([HOST], 1)
        assert limiter.active(HOST) == 1
        leave.set()
        await other
    assert limiter._hosts == {}


async def test_who_is_cancelled_gives_the_slot_back() -> None:
    limiter, entered = HostLimiter(per_host=1), list[str]()
    holder = asyncio.create_task(hold(limiter, HOST, entered, asyncio.Event()))
    await settle()
    holder.cancel()
    async with asyncio.timeout(5), limiter.slot(HOST):
        assert entered == [HOST]
    assert limiter._hosts == {}
