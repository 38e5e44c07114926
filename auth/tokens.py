"""Access tokens: JWT (RFC 7519), HS256, 30 minutes."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt

from auth.keys import Keys
from base.errors import ErrorCode, Refusal
from models.fields import now

LIFETIME = timedelta(minutes=30)
_ISSUER = "waybill"
_USE = "access"
_MAX_VERIFIED = 1_000
"""Tokens that one process remembers to be good: 1 MB."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a valid access token says."""

    user_id: str
    session_id: str
    expires_at: datetime


def issue_access_token(keys: Keys, user_id: str, session_id: str, moment: datetime) -> tuple[str, datetime]:
    """A signed token and the moment at which it ends."""
    expires_at = (moment + LIFETIME).replace(microsecond=0)
    claims = {"iss": _ISSUER, "use": _USE, "sub": user_id, "sid": session_id, "iat": moment, "exp": expires_at}
    return jwt.encode(claims, keys.signing, algorithm="HS256"), expires_at


def read_access_token(keys: Keys, token: str) -> AccessToken:
    """What `token` says, once its signature, issuer, use and end are checked.

    Raises:
        Refusal: TOKEN_EXPIRED, or INVALID_TOKEN for anything else that is wrong with it.
    """
    try:
        access = _verified(keys, token)
    except jwt.ExpiredSignatureError:
        raise _expired() from None
    except jwt.InvalidTokenError:
        raise _invalid_token() from None
    if access.expires_at <= now():
        raise _expired()
    return access


@lru_cache(_MAX_VERIFIED)
def _verified(keys: Keys, token: str) -> AccessToken:
    """What a token says that was good when it first came: of all that is checked, time changes only whether it has ended."""
    claims = _claims_of(keys, token)
    if claims["use"] != _USE or not isinstance(claims["sub"], str) or not isinstance(claims["sid"], str):
        raise _invalid_token()
    return AccessToken(claims["sub"], claims["sid"], datetime.fromtimestamp(claims["exp"], UTC))


def _claims_of(keys: Keys, token: str) -> dict[str, Any]:
    """What the token claims, which one of `keys` has signed."""
    for key in keys.accepted:
        with suppress(jwt.InvalidSignatureError):
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["HS256"],
                issuer=_ISSUER,
                options={"require": ["exp", "iat", "sub", "sid", "use"]},
            )
            return claims
    raise jwt.InvalidSignatureError


def _expired() -> Refusal:
    return Refusal(ErrorCode.TOKEN_EXPIRED, "Your access token has expired: call refreshSession.")


def _invalid_token() -> Refusal:
    return Refusal(ErrorCode.INVALID_TOKEN, "This is not an access token of this server: call login.")
