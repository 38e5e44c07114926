"""Rate limits: exact counts in memory and in Redis."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from auth.rates import MINUTE, SECOND, Rates, rate_headers, rate_key, rate_storage
from auth.viewer import Viewer
from base.errors import Refusal
from base.words import Role


@pytest.fixture(params=["memory", "redis"])
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Redis | None]:
    if request.param == "memory":
        yield None
        return
    async with Redis.from_url(request.getfixturevalue("redis_url")) as redis:
        yield redis


def rates_of(
    redis: "Redis | None", redis_prefix: str, *, per_minute: int = 0, per_second: int = 0, timeout_seconds: float = 60
) -> Rates:
    storage = rate_storage(redis, redis_prefix)
    return Rates(storage, per_minute=per_minute, per_second=per_second, timeout_seconds=timeout_seconds)


async def refused(rates: Rates, caller: str = "somebody") -> Refusal:
    with pytest.raises(Refusal) as error:
        await rates.take(caller)
    assert error.value.code == "RATE_LIMITED"
    return error.value


async def test_as_many_as_the_limit_and_not_one_more(redis: "Redis | None", redis_prefix: str) -> None:
    rates = rates_of(redis, redis_prefix, per_minute=3)
    taken = [await rates.take("somebody") for _ in range(3)]

    assert [(one.name, one.limit, one.remaining) for one in taken if one] == [
        (MINUTE, 3, 2), (MINUTE, 3, 1), (MINUTE, 3, 0),
    ]  # fmt: skip
    refusal = await refused(rates)
    assert refusal.http_status == 429
    assert 55 <= (refusal.retry_after or 0) <= 61
    assert (refusal.headers["X-RateLimit-Limit"], refusal.headers["X-RateLimit-Remaining"]) == ("3", "0")
    assert abs(int(refusal.headers["X-RateLimit-Reset"]) - time.time() - 60) < 5
    assert (await rates.take("somebody else")) is not None


async def test_callers_at_once_are_counted_exactly(redis: "Redis | None", redis_prefix: str) -> None:
    first, second = (rates_of(redis, redis_prefix, per_minute=10) for _ in range(2))
    second = second if redis else first  # servers without a Redis count for themselves
    results = await asyncio.gather(
        *(rates.take("somebody") for rates in (first, second) for _ in range(25)), return_exceptions=True
    )

    assert sum(isinstance(result, Refusal) for result in results) == 40


async def test_after_the_window_all_are_there_again(redis: "Redis | None", redis_prefix: str) -> None:
    rates = rates_of(redis, redis_prefix, per_second=2)
    await rates.take("somebody")
    await rates.take("somebody")
    assert (await refused(rates)).retry_after in {1, 2}
    await asyncio.sleep(1.1)

    allowance = await rates.take("somebody")
    assert allowance is not None
    assert (allowance.name, allowance.remaining) == (SECOND, 1)


async def test_who_is_too_fast_for_a_second_does_not_use_up_the_minute(
    redis: "Redis | None", redis_prefix: str
) -> None:
    rates = rates_of(redis, redis_prefix, per_minute=10, per_second=2)
    await rates.take("somebody")
    await rates.take("somebody")
    for _ in range(5):
        assert (await refused(rates)).headers["X-RateLimit-Limit"] == "2"

    left = {allowance.name: allowance for allowance in await rates.left("somebody")}
    assert (left[MINUTE].remaining, left[SECOND].remaining) == (8, 0)
    assert timedelta() < left[MINUTE].reset_at - datetime.now(UTC) <= timedelta(seconds=61)


async def test_looking_does_not_count(redis: "Redis | None", redis_prefix: str) -> None:
    rates = rates_of(redis, redis_prefix, per_minute=5)

    for _ in range(3):
        assert [(one.name, one.limit, one.remaining) for one in await rates.left("somebody")] == [(MINUTE, 5, 5)]


async def test_without_limits_nothing_is_counted(redis: "Redis | None", redis_prefix: str) -> None:
    rates = rates_of(redis, redis_prefix)

    assert [await rates.take("somebody") for _ in range(50)] == [None] * 50
    assert await rates.left("somebody") == []


async def test_who_is_not_limited_is_not_counted(redis_prefix: str) -> None:
    rates = rates_of(None, redis_prefix, per_minute=1)

    assert [await rates.take(None) for _ in range(3)] == [None] * 3
    assert await rates.left(None) == []


async def test_a_clock_that_is_set_back_shuts_nobody_out(redis_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = rates_of(None, redis_prefix, per_minute=2)
    present = time.time()
    monkeypatch.setattr(time, "time", lambda: present + 3_600)
    await rates.take("somebody")
    await rates.take("somebody")
    monkeypatch.setattr(time, "time", lambda: present)

    assert (await rates.take("somebody")) is not None
    await rates.take("somebody")
    assert (await refused(rates)).retry_after in {60, 61}


async def test_without_its_redis_nobody_is_refused_and_nobody_waits(redis_prefix: str) -> None:
    async with Redis.from_url("redis://127.0.0.1:1/0") as redis:
        rates = rates_of(redis, redis_prefix, per_minute=1)
        with capture_logs() as lines:
            assert [await rates.take("somebody") for _ in range(20)] == [None] * 20
        assert await rates.left("somebody") == []

    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("warning", "rate limits are not enforced: redis does not count")
    ]


async def test_a_redis_that_does_not_answer_costs_its_timeout_once(redis_prefix: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with Redis.from_url(f"redis://127.0.0.1:{silent.getsockname()[1]}/0") as redis:
            rates = rates_of(redis, redis_prefix, per_minute=1, timeout_seconds=0.1)
            with capture_logs() as lines:
                assert [await rates.take("somebody") for _ in range(40)] == [None] * 40

    assert [(line["event"], line["reason"]) for line in lines] == [
        ("rate limits are not enforced: redis does not count", "TimeoutError")
    ]


def viewer_with(role: Role) -> Viewer:
    return Viewer("user-1754556928-12a41dbec0f3", role, "session", datetime.now(UTC))


def test_users_are_counted_wherever_they_are_and_workers_nowhere() -> None:
    assert rate_key(viewer_with(Role.USER), "192.0.2.1") == "user-1754556928-12a41dbec0f3"
    assert rate_key(viewer_with(Role.ADMIN), "192.0.2.1") == "user-1754556928-12a41dbec0f3"
    assert rate_key(viewer_with(Role.WORKER), "192.0.2.1") is None
    assert rate_key(None, "192.0.2.1") == "address:192.0.2.1"
    assert rate_key(None, "2001:db8::1") == rate_key(None, "2001:db8::2") == "address:2001:db8::/64"
    assert rate_key(None, None) == "address:unknown"


def test_no_headers_where_nothing_is_limited() -> None:
    assert rate_headers(None) == {}
