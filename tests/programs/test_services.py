"""Skips and failures of tests without their service."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests import conftest
from tests.conftest import own_names, own_redis, service_or_skip


def test_address_of_a_service_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_QUEUE_URL", "queue://here")

    assert service_or_skip("queue", "TEST_QUEUE_URL") == "queue://here"


@pytest.mark.parametrize("required", ["", "redis", "queues"])
def test_missing_service_skips_the_test_with_a_sentence(monkeypatch: pytest.MonkeyPatch, required: str) -> None:
    monkeypatch.delenv("TEST_QUEUE_URL", raising=False)
    monkeypatch.setenv("WAYBILL_TEST_REQUIRE", required)

    with pytest.raises(pytest.skip.Exception, match="This test needs queue: set TEST_QUEUE_URL"):
        service_or_skip("queue", "TEST_QUEUE_URL")


def test_missing_service_that_is_required_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_QUEUE_URL", raising=False)
    monkeypatch.setenv("WAYBILL_TEST_REQUIRE", "redis, queue")

    with pytest.raises(pytest.fail.Exception, match="This test needs queue"):
        service_or_skip("queue", "TEST_QUEUE_URL")


def test_redis_where_no_wheel_brings_one_skips_or_fails_the_test(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(conftest, "IS_INSTALLED", False)
    monkeypatch.setenv("WAYBILL_TEST_REQUIRE", "")
    with pytest.raises(pytest.skip.Exception, match="This test needs redis: set TEST_REDIS_URL"):
        own_redis(tmp_path)
    monkeypatch.setenv("WAYBILL_TEST_REQUIRE", "redis")
    with pytest.raises(pytest.fail.Exception, match="This test needs redis"):
        own_redis(tmp_path)


async def test_what_a_test_leaves_in_redis_is_removed_and_nothing_else(redis_url: str, redis_prefix: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.set(f"{redis_prefix}:mine", "stays")
        async with own_names(redis_url) as prefix:
            await redis.set(f"{prefix}:left", "behind")
        assert await redis.exists(f"{prefix}:left", f"{redis_prefix}:mine") == 1
