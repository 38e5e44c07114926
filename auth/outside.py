"""Tokens of one outside issuer, checked before they are believed.

Source: RFC 7519; RFC 8725 (algorithms are named here, never by the token); OpenID Connect Core 1.0, section 3.1.3.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from auth.outside_keys import ALGORITHMS, OutsideKeys
from auth.outside_kinds import check_kind
from auth.outside_token import OutsideToken
from base.errors import ErrorCode, Refusal
from base.words import Role

_LEEWAY_SECONDS = 30
"""Clocks of two machines differ."""
_MAX_SUBJECT = 255


@dataclass(frozen=True)
class OutsideIssuer:
    """Whose tokens are taken, for whom they must be meant, and which claim tells the role (empty: none)."""

    issuer: str
    audience: str
    role_claim: str
    keys: OutsideKeys

    def has_issued(self, token: str) -> bool:
        """Whether `token` says that it comes from there; nothing of it is checked yet."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            return False
        return claims.get("iss") == self.issuer

    async def read(self, token: str) -> OutsideToken:
        """What `token` says.

        Raises:
            Refusal: TOKEN_EXPIRED; INVALID_TOKEN for anything else that is wrong with it; SERVICE_UNAVAILABLE where the
                issuer's keys cannot be had.
        """
        try:
            claims = await self._claims(token)
        except jwt.ExpiredSignatureError:
            message = "Your token has expired: get a fresh one from its issuer."
            raise Refusal(ErrorCode.TOKEN_EXPIRED, message) from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _invalid_token() from None
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT or "\0" in subject:
            raise _invalid_token()
        role = role_in(claims, self.role_claim) if self.role_claim else None
        return OutsideToken(self.issuer, subject, role, _moment(claims["iat"]), _moment(claims["exp"]))

    async def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or not isinstance(key_id, str | None):
            raise jwt.InvalidAlgorithmError
        key = await self.keys.find(key_id, algorithm)
        if key is None:
            raise jwt.InvalidKeyError
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=self.issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "sub", "iss"], "verify_aud": False},
        )
        check_kind(header, claims, self.audience)
        return claims


def role_in(claims: Mapping[str, Any], path: str) -> Role:
    """The role that the claim `path` tells: a word or a list of words, of which the mightiest counts; USER otherwise.

    `path` is a claim's name, or leads into objects: `realm_access.roles`.
    """
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
    words = {word.upper() for word in (value if isinstance(value, list) else [value]) if isinstance(word, str)}
    return next((role for role in (Role.ADMIN, Role.WORKER) if role in words), Role.USER)


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError, TypeError):
        raise _invalid_token() from None


def _invalid_token() -> Refusal:
    return Refusal(ErrorCode.INVALID_TOKEN, "This token of the outside issuer is not good here: get a fresh one.")
