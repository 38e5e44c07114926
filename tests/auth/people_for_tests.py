"""How the tests of signing in ask, and what they expect of a refusal."""

import pytest

from auth.gate import Gate
from auth.keys import Keys
from auth.lifecycle import open_session, refresh_session
from base.errors import ErrorCode, Refusal

KEYS = Keys("a secret of the tests, long enough")


async def refusal_of(username: str, password: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await open_session(Gate(KEYS), username, password)
    return caught.value


async def refresh_is_refused(token: str) -> None:
    with pytest.raises(Refusal) as caught:
        await refresh_session(Gate(KEYS), token)
    assert caught.value.code == ErrorCode.INVALID_TOKEN
    assert caught.value.message == "This refresh token is not good any more: call login."
