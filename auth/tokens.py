"""Access tokens: JWT (RFC 7519), HS256, 30 minutes.

All have the same head, and none of another is read. A library of JWT would load the ciphers of all other kinds.

Source: RFC 7515, sections 5.1 and 5.2, appendix C.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from auth.keys import Keys
from base.errors import ErrorCode, Refusal
from models.fields import now

LIFETIME = timedelta(minutes=30)
_HEAD = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
"""{"alg":"HS256","typ":"JWT"}"""
_KIND = {"iss": "waybill", "use": "access"}
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
    claims = {
        **_KIND,
        "sub": user_id,
        "sid": session_id,
        "iat": int(moment.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    signed = f"{_HEAD}.{_base64url(orjson.dumps(claims))}"
    return f"{signed}.{_signature(keys.signing, signed)}", expires_at


def read_access_token(keys: Keys, token: str) -> AccessToken:
    """What `token` says, once its signature, issuer, use and end are checked.

    Raises:
        Refusal: TOKEN_EXPIRED, or INVALID_TOKEN for anything else that is wrong with it.
    """
    access = _verified(keys, token)
    if access.expires_at <= now():
        raise _expired()
    return access


@lru_cache(_MAX_VERIFIED)
def _verified(keys: Keys, token: str) -> AccessToken:
    """What a token says that was good when it first came: of all that is checked, time changes only whether it has ended."""
    match _claims_of(keys, token):
        case {"sub": str(user), "sid": str(session), "iat": int(issued_at), "exp": int(expires_at), **kind} if (
            kind == _KIND and issued_at <= now().timestamp()
        ):
            return AccessToken(user, session, datetime.fromtimestamp(expires_at, UTC))
    raise _invalid_token()


def _claims_of(keys: Keys, token: str) -> Any:
    """What the token claims, which one of `keys` has signed."""
    signed, _, signature = token.rpartition(".")
    head, _, claims = signed.partition(".")
    if head != _HEAD or not token.isascii():
        raise _invalid_token()
    if not any(hmac.compare_digest(_signature(key, signed), signature) for key in keys.accepted):
        raise _invalid_token()
    try:
        return orjson.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except ValueError:
        raise _invalid_token() from None


def _signature(key: str, signed: str) -> str:
    return _base64url(hmac.digest(key.encode(), signed.encode(), hashlib.sha256))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _expired() -> Refusal:
    return Refusal(ErrorCode.TOKEN_EXPIRED, "Your access token has expired: call refreshSession.")


def _invalid_token() -> Refusal:
    return Refusal(ErrorCode.INVALID_TOKEN, "This is not an access token of this server: call login.")
