"""The login throttle slows guessing, in one process and in several."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from auth import login_throttle
from auth.audit import Action
from auth.fair_queue import MAX_WAITING
from auth.lifecycle import open_session
from auth.login_throttle import FailureCounters, LoginThrottle, MemoryFailureCounters, attempt_of
from auth.redis_failure_counters import RedisFailureCounters
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal
from models import AuditEntry, User
from tests.auth.people_for_tests import KEYS

HERE, THERE = "192.0.2.1", "198.51.100.7"
Later = Callable[[float], Awaitable[None]]


@pytest.fixture
async def redis_counters(redis_url: str, redis_prefix: str) -> AsyncIterator[RedisFailureCounters]:
    async with Redis.from_url(redis_url) as redis:
        yield RedisFailureCounters(redis, redis_prefix)


@pytest.fixture(params=["memory", "redis"])
def counters(request: pytest.FixtureRequest) -> FailureCounters:
    return MemoryFailureCounters() if request.param == "memory" else request.getfixturevalue("redis_counters")


@pytest.fixture
def slowed(counters: FailureCounters) -> LoginThrottle:
    return LoginThrottle(counters)


@pytest.fixture
def later(slowed: LoginThrottle, monkeypatch: pytest.MonkeyPatch) -> Later:
    """Lets seconds pass: for a clock of ours, or for keys in Redis."""
    shift = 0.0
    monotonic = time.monotonic
    monkeypatch.setattr(login_throttle.time, "monotonic", lambda: monotonic() + shift)  # type: ignore[attr-defined]

    async def let_pass(seconds: float) -> None:
        nonlocal shift
        shift += seconds
        if isinstance(slowed.counters, RedisFailureCounters):
            redis: Any = slowed.counters._redis
            async for key in redis.scan_iter(f"{slowed.counters._prefix}:*"):
                left = await redis.pttl(key)
                await redis.pexpire(key, max(1, left - int(seconds * 1000)))
            await asyncio.sleep(0.005)

    return let_pass


async def wait_of(slowed: LoginThrottle, name: str, address: str | None = HERE) -> float | None:
    """Seconds to wait for an attempt; None where it may go on."""
    try:
        await slowed.check(attempt_of(name, address))
    except Refusal as refusal:
        assert refusal.code is ErrorCode.RATE_LIMITED  # noqa: PT017  either answer is one
        return refusal.retry_after
    return None


async def fail(slowed: LoginThrottle, name: str, address: str | None = HERE, times: int = 1) -> None:
    for _ in range(times):
        await slowed.failed(attempt_of(name, address))


async def test_five_failures_are_free_and_each_further_one_doubles_the_wait(
    slowed: LoginThrottle, later: Later
) -> None:
    await fail(slowed, "ada", times=4)
    assert await wait_of(slowed, "ada") is None
    waits = []
    for _ in range(12):
        await fail(slowed, "ada")
        waits.append(await wait_of(slowed, "ada"))
        await later((waits[-1] or 0) - 1)
        assert await wait_of(slowed, "ada") == 1
        await later(1)
        assert await wait_of(slowed, "ada") is None
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


async def test_failures_are_forgotten_after_half_an_hour(slowed: LoginThrottle, later: Later) -> None:
    await fail(slowed, "ada", times=20)
    assert await wait_of(slowed, "ada") == 300
    await later(login_throttle.MEMORY_SECONDS + 1)
    await fail(slowed, "ada")
    assert await wait_of(slowed, "ada") is None


async def test_a_name_is_slowed_for_who_missed_it_and_its_owner_is_let_in_from_elsewhere(slowed: LoginThrottle) -> None:
    for number in range(20):
        await fail(slowed, "ada", f"203.0.113.{number}")
    assert await wait_of(slowed, "ada", "203.0.113.5") is not None
    assert await wait_of(slowed, "ada", THERE) is None
    await fail(slowed, "ada", THERE)
    assert await wait_of(slowed, "ada", THERE) is not None
    assert await wait_of(slowed, "grace", "203.0.113.5") is None


async def test_an_address_is_slowed_for_every_name(slowed: LoginThrottle) -> None:
    for name in ("a", "b", "c", "d", "e"):
        await fail(slowed, name)
    assert await wait_of(slowed, "f") == 1
    assert await wait_of(slowed, "f", THERE) is None


async def test_a_right_password_forgets_ones_own_mistakes_and_not_those_of_the_address(slowed: LoginThrottle) -> None:
    await fail(slowed, "ada", times=4)
    await slowed.succeeded(attempt_of("ada", HERE))
    await fail(slowed, "ada", THERE, times=4)
    assert await wait_of(slowed, "ada", THERE) is None
    await fail(slowed, "grace")
    assert await wait_of(slowed, "grace") == 1


async def test_where_no_address_is_known_the_name_counts(slowed: LoginThrottle) -> None:
    await fail(slowed, "ada", None, times=5)
    assert await wait_of(slowed, "ada", None) == 1
    assert await wait_of(slowed, "grace", None) is None


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
async def test_an_address_is_what_one_customer_has(one: str, other: str, is_same: bool) -> None:
    slowed = LoginThrottle()
    for name in ("a", "b", "c", "d", "e"):
        await fail(slowed, name, one)
    assert (await wait_of(slowed, "f", other) is not None) is is_same


async def test_two_processes_with_one_redis_slow_the_same_guesser(
    redis_counters: RedisFailureCounters, redis_prefix: str
) -> None:
    here = LoginThrottle(redis_counters)
    there = LoginThrottle(RedisFailureCounters(redis_counters._redis, redis_prefix))
    for slowed in (here, there, here, there, here):
        await fail(slowed, "ada")
    assert (await wait_of(here, "ada"), await wait_of(there, "ada")) == (1, 1)


async def test_without_its_redis_each_process_counts_for_itself() -> None:
    async with Redis.from_url("redis://127.0.0.1:1/0") as nowhere:
        slowed = LoginThrottle(RedisFailureCounters(nowhere, "waybill"))
        await fail(slowed, "ada", times=5)
        assert await wait_of(slowed, "ada") == 1
        await slowed.succeeded(attempt_of("ada", HERE))
        assert await wait_of(slowed, "grace", THERE) is None


async def test_a_redis_that_does_not_answer_costs_who_signs_in_half_a_second_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with Redis.from_url(f"redis://127.0.0.1:{silent.getsockname()[1]}/0") as redis:
            slowed = LoginThrottle(RedisFailureCounters(redis, "waybill"))
            started = time.monotonic()
            await fail(slowed, "ada", times=5)
            assert await wait_of(slowed, "ada") == 1
            assert [await wait_of(slowed, "grace", THERE) for _ in range(20)] == [None] * 20
            assert time.monotonic() - started < 5


async def test_no_more_is_kept_than_there_is_room_for() -> None:
    counters = MemoryFailureCounters(capacity=30)
    slowed = LoginThrottle(counters)
    for number in range(100):
        await fail(slowed, f"name {number}", f"192.0.2.{number}")
    assert len(counters._kept) == 30
    kept = str(counters._kept)
    assert not [text for text in ("name", "192.0.2") if text in kept.replace("name:", "")]


# ------------------------------------------------------------------------------------------------ signing in


async def code_of(auth: AuthServices, password: str, address: str = HERE, name: str = "ada") -> ErrorCode | None:
    try:
        await open_session(auth, name, password, address)
    except Refusal as refusal:
        return refusal.code
    return None


async def test_a_guesser_waits_also_with_the_right_password_and_nobody_learns_which_it_was(ada: User) -> None:
    for name in ("ada", "nobody"):
        auth = AuthServices(KEYS)
        codes = [await code_of(auth, "wrong", name=name) for _ in range(6)]
        assert codes == [ErrorCode.INVALID_CREDENTIALS] * 5 + [ErrorCode.RATE_LIMITED]
        assert await code_of(auth, "right", name=name) is ErrorCode.RATE_LIMITED
    assert await code_of(auth, "right", THERE) is None
    # Waiting is not another failure: nobody fills the log by not waiting.
    assert await AuditEntry.filter(action=Action.SIGN_IN_REFUSED).count() == 10


async def test_guesses_that_come_all_at_once_are_slowed_like_those_that_come_one_by_one(ada: User) -> None:
    auth = AuthServices(KEYS)
    codes = await asyncio.gather(*(code_of(auth, f"guess {number}") for number in range(60)))
    assert codes.count(ErrorCode.INVALID_CREDENTIALS) <= 6
    assert set(codes) == {ErrorCode.INVALID_CREDENTIALS, ErrorCode.RATE_LIMITED}


async def test_right_passwords_are_never_slowed(ada: User) -> None:
    auth = AuthServices(KEYS)
    for _ in range(3):  # as many at once as one quota may have waiting
        assert set(await asyncio.gather(*(code_of(auth, "right") for _ in range(MAX_WAITING)))) == {None}
