"""Retry with back-off and the circuit breaker, by a fake clock."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from base.resilience import Backoff, CircuitBreaker, jittered, retry


@dataclass
class Clock:
    """Stands still but for what is slept."""

    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


@dataclass
class Service:
    """Fails so many times, then answers with the number of calls."""

    failures: float
    error: Callable[[], BaseException] = ConnectionError
    calls: int = 0

    async def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error()
        return self.calls


def is_passing(error: BaseException) -> bool:
    return isinstance(error, OSError)


# ------------------------------------------------------------------------------------------------------ retry


async def test_what_fails_for_a_while_is_retried_until_it_succeeds() -> None:
    clock, reported = Clock(), []

    found = await retry(
        Service(3), is_passing, clock=clock, sleep=clock.sleep, on_retry=lambda *report: reported.append(report)
    )

    assert found == 4
    assert [type(error) for error, _ in reported] == [ConnectionError] * 3
    assert [seconds for _, seconds in reported] == clock.pauses


async def test_pauses_differ_and_their_bounds_double_up_to_the_longest() -> None:
    backoff, runs = Backoff(first_seconds=1, max_seconds=8, min_seconds=0.5), []
    for _ in range(40):
        clock = Clock()
        await retry(Service(6), is_passing, backoff=backoff, clock=clock, sleep=clock.sleep)
        runs.append(clock.pauses)

    for pauses, bound in zip(zip(*runs, strict=True), (1, 2, 4, 8, 8, 8), strict=True):
        assert all(0.5 <= pause <= bound for pause in pauses)
        assert len(set(pauses)) > 1, "everybody would come again at the same moment"
    assert max(pause for pauses in runs for pause in pauses) > 4


async def test_the_last_attempt_is_made_at_the_deadline() -> None:
    clock, service = Clock(), Service(math.inf)

    with pytest.raises(ConnectionError):
        await retry(service, is_passing, deadline_seconds=7, clock=clock, sleep=clock.sleep)

    assert clock.seconds == pytest.approx(7)
    assert service.calls == len(clock.pauses) + 1


async def test_without_time_there_is_one_attempt() -> None:
    clock, service = Clock(), Service(math.inf)

    with pytest.raises(ConnectionError):
        await retry(service, is_passing, deadline_seconds=0, clock=clock, sleep=clock.sleep)

    assert (service.calls, clock.pauses) == (1, [])


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
async def test_what_does_not_pass_is_raised_at_once(error: type[BaseException]) -> None:
    clock, service = Clock(), Service(1, error)

    with pytest.raises(error):
        await retry(service, is_passing, clock=clock, sleep=clock.sleep)

    assert (service.calls, clock.pauses) == (1, [])


def test_jitter_stays_within_its_spread() -> None:
    found = {jittered(100, 0.2) for _ in range(200)}
    assert len(found) > 1
    assert all(80 <= seconds <= 120 for seconds in found)


# ------------------------------------------------------------------------------------------------ circuit breaker


async def test_a_failure_opens_the_circuit_for_some_seconds_and_is_logged_once() -> None:
    clock, service = Clock(), Service(1, RedisConnectionError)
    breaker = CircuitBreaker("redis does not count", open_seconds=5, clock=clock)

    with capture_logs() as lines:
        answers = [await breaker.call(service, -1) for _ in range(3)]
        assert (answers, service.calls, breaker.is_open) == ([-1, -1, -1], 1, True)
        clock.seconds = 5
        assert (breaker.is_open, await breaker.call(service, -1)) == (False, 2)

    assert [(line["event"], line["reason"]) for line in lines] == [("redis does not count", "ConnectionError")]


async def test_a_service_that_hangs_is_given_up_and_opens_the_circuit() -> None:
    breaker = CircuitBreaker("hangs", timeout_seconds=0.01, clock=Clock())

    async with asyncio.timeout(5):
        assert await breaker.call(asyncio.Event().wait, fallback=False) is False

    assert breaker.is_open


async def test_a_failure_that_does_not_open_the_circuit_is_answered_by_the_fallback_alone() -> None:
    breaker, service = CircuitBreaker("away", opens_on=TimeoutError, clock=Clock()), Service(1, RedisConnectionError)

    assert [await breaker.call(service, -1) for _ in range(2)] == [-1, 2]
    assert not breaker.is_open


async def test_a_bug_is_no_outage() -> None:
    breaker = CircuitBreaker("away", clock=Clock())

    with pytest.raises(LookupError):
        await breaker.call(Service(1, LookupError), None)

    assert not breaker.is_open
