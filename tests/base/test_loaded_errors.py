"""Exceptions of libraries that may not be loaded."""

import sys

import pytest
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from base.loaded_errors import errors_of


def test_a_loaded_library_gives_its_own_exceptions() -> None:
    assert errors_of("redis.exceptions", "RedisError", "TimeoutError") == (RedisError, RedisTimeoutError)


def test_a_library_that_is_not_loaded_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "redis.exceptions")
    assert errors_of("redis.exceptions", "RedisError") == ()


def test_an_exception_that_a_library_does_not_have_is_a_mistake() -> None:
    with pytest.raises(AttributeError):
        errors_of("redis.exceptions", "RedisEror")
