"""What the tests of all rooms share."""

import os

import pytest


def service_or_skip(name: str, env: str) -> str:
    """The address of a service that a test needs, from the environment variable `env`.

    Without one the test is skipped; it fails where WAYBILL_TEST_REQUIRE (`postgres,redis,node,chromium`) names
    the service, so that a machine which should have it cannot leave the test out unnoticed.
    """
    if value := os.environ.get(env):
        return value
    sentence = f"This test needs {name}: set {env}."
    if name in os.environ.get("WAYBILL_TEST_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(sentence)
    pytest.skip(sentence)
