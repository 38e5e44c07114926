"""Helpers of the sign-in tests: requests and expected refusals."""

import pytest

from auth.keys import Keys
from auth.lifecycle import open_session, refresh_session
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal

KEYS = Keys("a secret of the tests, long enough")


async def refusal_of(username: str, password: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await open_session(AuthServices(KEYS), username, password)
    return caught.value


async def refresh_is_refused(token: str) -> None:
    with pytest.raises(Refusal) as caught:
        await refresh_session(AuthServices(KEYS), token)
    assert caught.value.code == ErrorCode.INVALID_TOKEN
    assert caught.value.message == "This refresh token is not good any more: call login."
