from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from auth.keys import Keys
from auth.tokens import LIFETIME, issue_access_token, read_access_token
from base.errors import ErrorCode, Refusal
from models.fields import now

KEY = "a secret of the tests, long enough"
KEYS = Keys(KEY)
USER, SESSION = "user-1754556928-00000000000a", "session-1754556928-00000000000b"


def code_of(token: str, key: str = KEY) -> ErrorCode:
    with pytest.raises(Refusal) as caught:
        read_access_token(Keys(key), token)
    return caught.value.code


def forged(key: str = KEY, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {
        "iss": "waybill", "use": "access", "sub": USER, "sid": SESSION, "iat": now(), "exp": now() + LIFETIME,
    } | changes  # fmt: skip
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm=algorithm)


def test_a_token_says_who_in_which_session_and_until_when() -> None:
    moment = now()
    token, expires_at = issue_access_token(KEYS, USER, SESSION, moment)
    assert expires_at == (moment + timedelta(minutes=30)).replace(microsecond=0)
    access = read_access_token(KEYS, token)
    assert (access.user_id, access.session_id, access.expires_at) == (USER, SESSION, expires_at)
    assert access.expires_at.tzinfo is UTC


def test_a_token_is_read_by_libraries_of_jwt() -> None:
    moment = now()
    token, expires_at = issue_access_token(KEYS, USER, SESSION, moment)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert jwt.decode(token, KEY, algorithms=["HS256"], issuer="waybill") == {
        "iss": "waybill", "use": "access", "sub": USER, "sid": SESSION,
        "iat": int(moment.timestamp()), "exp": int(expires_at.timestamp()),
    }  # fmt: skip


def test_a_token_ends_after_30_minutes() -> None:
    good, _ = issue_access_token(KEYS, USER, SESSION, now() - LIFETIME + timedelta(seconds=5))
    over, _ = issue_access_token(KEYS, USER, SESSION, now() - LIFETIME - timedelta(seconds=1))
    assert read_access_token(KEYS, good).user_id == USER
    assert code_of(over) == ErrorCode.TOKEN_EXPIRED


def test_a_token_that_was_good_is_refused_from_the_moment_on_at_which_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    token, expires_at = issue_access_token(KEYS, USER, SESSION, now())
    assert read_access_token(KEYS, token).user_id == USER
    monkeypatch.setattr("auth.tokens.now", lambda: expires_at - timedelta(milliseconds=1))
    assert read_access_token(KEYS, token).user_id == USER
    monkeypatch.setattr("auth.tokens.now", lambda: expires_at)
    assert code_of(token) == ErrorCode.TOKEN_EXPIRED


def test_the_forged_tokens_of_this_file_are_good_where_nothing_is_changed() -> None:
    assert read_access_token(KEYS, forged()).user_id == USER


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "elsewhere"}, {"iss": None}, {"use": "refresh"}, {"use": None}, {"use": ["access"]}, {"sub": None},
        {"sid": None}, {"sid": 1}, {"exp": None}, {"exp": "soon"}, {"iat": None}, {"nbf": now() + timedelta(hours=1)},
        {"iat": now() + timedelta(hours=1)}, {"aud": "us"},
    ],
)  # fmt: skip
def test_a_token_with_a_claim_that_is_missing_or_wrong_is_invalid(changes: dict[str, Any]) -> None:
    assert code_of(forged(**changes)) == ErrorCode.INVALID_TOKEN


def test_a_token_of_another_secret_is_invalid_even_when_it_is_over() -> None:
    assert code_of(forged("another secret of the tests, as long")) == ErrorCode.INVALID_TOKEN
    old = forged("another secret of the tests, as long", exp=datetime(2020, 1, 1, tzinfo=UTC))
    assert code_of(old) == ErrorCode.INVALID_TOKEN


def test_a_token_of_another_algorithm_is_invalid() -> None:
    assert code_of(forged("x" * 64, "HS512"), "x" * 64) == ErrorCode.INVALID_TOKEN
    unsigned = jwt.encode({"sub": USER, "sid": SESSION}, "", algorithm="none")
    assert code_of(unsigned) == ErrorCode.INVALID_TOKEN
    _, claims, signature = forged().split(".")
    assert code_of(f"{unsigned.split('.')[0]}.{claims}.{signature}") == ErrorCode.INVALID_TOKEN


@pytest.mark.parametrize("change", [lambda token: token + "=", lambda token: token[:-1], lambda token: f".{token}", lambda token: f"{token}.",
                                    lambda token: token.replace(".", "..", 1), lambda token: token[:-1] + "é"])  # fmt: skip
def test_a_token_is_good_in_one_spelling_only(change: Callable[[str], str]) -> None:
    assert code_of(change(forged())) == ErrorCode.INVALID_TOKEN


@pytest.mark.parametrize("claims", [b"no JSON", b"[]", b"\xff"])
def test_signed_nonsense_is_invalid(claims: bytes) -> None:
    assert code_of(jwt.PyJWS().encode(claims, KEY, algorithm="HS256")) == ErrorCode.INVALID_TOKEN


def test_a_token_whose_claims_were_changed_is_invalid() -> None:
    header, _, signature = forged().split(".")
    claims = urlsafe_b64encode(b'{"sub":"user-1754556928-00000000000c"}').decode().rstrip("=")
    assert code_of(f"{header}.{claims}.{signature}") == ErrorCode.INVALID_TOKEN


def test_signed_with_is_the_first_key_and_tokens_of_all_are_good() -> None:
    old, new = "the old secret of the tests, long enough", "the new secret of the tests, long enough"
    both = Keys(new, (old,))
    token, _ = issue_access_token(both, USER, SESSION, now())
    assert read_access_token(Keys(new), token).user_id == USER
    assert code_of(token, old) == ErrorCode.INVALID_TOKEN
    assert read_access_token(both, forged(old)).user_id == USER
    with pytest.raises(Refusal) as caught:
        read_access_token(both, forged(KEY))
    assert caught.value.code == ErrorCode.INVALID_TOKEN
    with pytest.raises(Refusal) as caught:
        read_access_token(both, forged(old, exp=now() - timedelta(seconds=1)))
    assert caught.value.code == ErrorCode.TOKEN_EXPIRED


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.é.é", "\0", "x" * 100_000])
def test_nonsense_is_invalid(token: str) -> None:
    assert code_of(token) == ErrorCode.INVALID_TOKEN


def test_the_sentences_say_what_to_call() -> None:
    with pytest.raises(Refusal, match="call refreshSession"):
        read_access_token(KEYS, issue_access_token(KEYS, USER, SESSION, now() - timedelta(hours=1))[0])
    with pytest.raises(Refusal, match="call login"):
        read_access_token(KEYS, "nonsense")
