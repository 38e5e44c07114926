"""Kinds of tokens of an outside issuer.

A token may be an access token or not, and meant for us or for another program.

An issuer signs with the same key what is to be shown to others and what is not: id, refresh and logout tokens.

Source: RFC 9068, section 4 (`at+jwt`); RFC 8725, section 3.11 (`typ`); OpenID Connect Core 1.0, section 3.1.3.7 (`azp`);
Amazon Cognito (`token_use`, `client_id`); Keycloak (the claim `typ`).
"""

from collections.abc import Mapping
from typing import Any

import jwt

_HEADER_TYPES = {"", "jwt", "at+jwt", "application/at+jwt"}
_CLAIM_TYPES = {"", "bearer", "jwt", "at+jwt"}
_USES = {"", "access"}


def check_kind(header: Mapping[str, Any], claims: Mapping[str, Any], audience: str) -> None:
    """Refuse what is no access token, and what is not for `audience`.

    Raises:
        jwt.InvalidTokenError: It says that it is of another kind; or `aud`, or `client_id` where an access token has
            none, names somebody else; or it is for several, is not known as an access token, and `azp` is not `audience`.
    """
    _check_word(header.get("typ"), _HEADER_TYPES)
    _check_word(claims.get("typ"), _CLAIM_TYPES)
    _check_word(claims.get("token_use"), _USES)
    is_access = _is_access(header, claims)
    audiences = _audiences(claims, is_access=is_access)
    if audience not in audiences:
        raise jwt.InvalidAudienceError
    if len(audiences) > 1 and not is_access and claims.get("azp") != audience:
        raise jwt.InvalidAudienceError


def _check_word(value: object, known: set[str]) -> None:
    if value is not None and (not isinstance(value, str) or value.lower() not in known):
        raise jwt.InvalidTokenError


def _is_access(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether the token shows that it is an access token: its `azp` is the program that asked for it, whoever that is."""
    words = {str(value).lower() for value in (header.get("typ"), claims.get("typ"), claims.get("token_use"))}
    return bool(words & {"at+jwt", "application/at+jwt", "bearer", "access"}) or "scope" in claims or "scp" in claims


def _audiences(claims: Mapping[str, Any], *, is_access: bool) -> list[str]:
    """For whom the token is meant; an access token without `aud` is for the program that it was given to."""
    told = claims.get("aud", [claims.get("client_id")] if is_access else None)
    audiences = told if isinstance(told, list) else [told]
    if not audiences or not all(isinstance(one, str) and one for one in audiences):
        raise jwt.InvalidAudienceError
    return audiences
