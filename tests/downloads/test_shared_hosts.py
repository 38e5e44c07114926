"""Politeness towards hosts over several processes: each limiter here stands for one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from downloads import shared_hosts
from downloads.hosts import HostLimiter
from downloads.shared_hosts import RedisHosts
from tests.background.worker_harness import wait_until

HOST = "example.org"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


@pytest.fixture
def limiters(redis: Redis, redis_prefix: str) -> list[HostLimiter]:
    return [HostLimiter(first_pause_seconds=0.3, shared=RedisHosts(redis, redis_prefix, 2)) for _ in range(3)]


async def test_two_transfers_at_once_over_all_processes(limiters: list[HostLimiter]) -> None:
    active, most, ended = 0, 0, 0

    async def transfer(limiter: HostLimiter) -> None:
        nonlocal active, most, ended
        async with limiter.slot(HOST):
            active += 1
            most = max(most, active)
            await asyncio.sleep(0.05)
            active -= 1
        ended += 1

    async with asyncio.timeout(30):
        await asyncio.gather(*(transfer(limiter) for limiter in limiters for _ in range(3)))
    assert (most, ended) == (2, 9)


async def test_a_slot_that_has_ended_is_another_processs(limiters: list[HostLimiter]) -> None:
    async with asyncio.timeout(20), limiters[0].slot(HOST) as slot, limiters[1].slot(HOST):
        slot.end()
        async with limiters[2].slot(HOST):
            assert [limiter.active(HOST) for limiter in limiters] == [0, 1, 1]


async def test_other_hosts_are_not_held_up(limiters: list[HostLimiter]) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(10):
        for number in range(6):
            await stack.enter_async_context(limiters[number % 3].slot(f"host-{number}"))


async def test_all_leave_a_host_alone_that_asked_one_of_them_and_one_probes(limiters: list[HostLimiter]) -> None:
    waits: list[float] = []
    inside: list[int] = []
    going_on = asyncio.Event()
    await limiters[0].cool_down(HOST, 2)

    async def transfer(number: int) -> None:
        async with limiters[number].slot(HOST, waits.append):
            inside.append(number)
            await going_on.wait()
            await limiters[number].answered(HOST)

    tasks = [asyncio.create_task(transfer(number)) for number in (1, 2)]
    await wait_until(lambda: len(waits) == 2)
    assert 0 < max(waits) <= 2.1
    assert not inside
    await wait_until(lambda: inside)
    await asyncio.sleep(0.6)
    assert len(inside) == 1
    going_on.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert sorted(inside) == [1, 2]


async def test_pauses_double_over_all_processes(limiters: list[HostLimiter]) -> None:
    assert 0.25 <= await limiters[0].cool_down(HOST, None) <= 0.35
    await asyncio.sleep(0.4)
    assert 0.5 <= await limiters[1].cool_down(HOST, None) <= 0.65


async def test_what_a_host_says_itself_holds(limiters: list[HostLimiter]) -> None:
    assert await limiters[0].cool_down(HOST, 7) == 7
    assert 6 < await limiters[1].cool_down(HOST, None) <= 7


async def test_the_slots_of_a_dead_process_are_free_after_its_lease(
    limiters: list[HostLimiter], redis: Redis, redis_prefix: str
) -> None:
    hosts = RedisHosts(redis, redis_prefix, 2, lease_seconds=0.5)
    for _ in range(2):
        entry = shared_hosts.HostEntry(hosts, HOST)
        assert await entry.enter() is None  # and it never leaves, nor renews
    async with asyncio.timeout(20), limiters[0].slot(HOST):
        pass


async def test_a_transfer_that_lives_keeps_its_slot(
    limiters: list[HostLimiter], redis: Redis, redis_prefix: str
) -> None:
    hosts = RedisHosts(redis, redis_prefix, 1, lease_seconds=1.0, renew_seconds=0.1)
    async with hosts.slot(HOST) as first:
        assert await first.enter() is None
        await asyncio.sleep(2)
        async with hosts.slot(HOST) as second:
            assert await second.enter() == 0


async def test_without_redis_a_process_is_polite_by_itself() -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as nobody:
        limiter = HostLimiter(first_pause_seconds=0.01, shared=RedisHosts(nobody, "x", 2))
        async with asyncio.timeout(30):
            assert await limiter.cool_down(HOST, None) > 0
            async with limiter.slot(HOST):
                await limiter.answered(HOST)
