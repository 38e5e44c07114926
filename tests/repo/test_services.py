"""A test that needs a service is skipped where there is none, and fails where the machine should have it."""

import pytest

from tests.conftest import service_or_skip


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
