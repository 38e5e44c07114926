"""Tokens of an outside issuer: what is taken, what is not, and what becomes of keys."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from auth.accounts import update_user
from auth.audit import Action
from auth.outside import role_in
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import Role
from models import AuditEntry, Identity, User
from models.fields import now
from models.ids import new_id
from tests.auth.issuer_for_tests import AUDIENCE, Issuer, jwk_of
from tests.auth.outside.told import Clock, Told
from tests.auth.people_for_tests import KEYS

pytestmark = pytest.mark.usefixtures("database")


# --------------------------------------------------------------------------------------------------- tokens


@pytest.mark.parametrize("key_id", ["r1", "e1"])
async def test_a_token_of_the_issuer_is_taken_and_its_subject_becomes_a_user(
    door: Told, issuer: Issuer, key_id: str
) -> None:
    viewer = await door.viewer(issuer.token(key_id, sub="grace"))
    user = await User.get(id=viewer.user_id)
    assert (viewer.role, viewer.session_id, user.password_hash, user.is_anonymous) == (Role.USER, "", None, False)
    assert user.username == f"grace@{issuer.url.removeprefix('http://')}"
    assert viewer.expires_at is not None
    assert timedelta(minutes=4) < viewer.expires_at - now() <= timedelta(minutes=5)
    assert (await door.viewer(issuer.token(key_id, sub="grace"))).user_id == viewer.user_id
    assert (await door.viewer(issuer.token(key_id, sub="Grace"))).user_id != viewer.user_id
    entries = await AuditEntry.filter(action=Action.USER_CREATED, object_id=viewer.user_id)
    assert [(entry.actor_id, entry.detail) for entry in entries] == [
        (None, f"{user.username}, USER, by the outside issuer")
    ]


async def test_one_user_is_made_however_many_requests_come_first(door: Told, issuer: Issuer) -> None:
    viewers = await asyncio.gather(*(door.viewer(issuer.token("e1")) for _ in range(8)))
    assert len({viewer.user_id for viewer in viewers}) == 1
    assert (await User.all().count(), await Identity.all().count()) == (1, 1)


@pytest.mark.parametrize("name", ["x" * 255, "a\nb", "taken"])
async def test_a_subject_that_gives_no_name_is_a_user_without_one(door: Told, issuer: Issuer, name: str) -> None:
    await User.create(id=new_id("user"), username=f"taken@{issuer.url.removeprefix('http://')}")
    viewer = await door.viewer(issuer.token("e1", sub=name))
    assert (await User.get(id=viewer.user_id)).username is None


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "somebody else"},
        {"aud": None},
        {"aud": []},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"sub": "x" * 256},
        {"sub": "a\0b"},
        {"exp": None},
        {"iat": None},
        {"iat": now() + timedelta(hours=1), "exp": now() + timedelta(hours=2)},
        {"nbf": now() + timedelta(hours=1)},
        {"exp": 10**30},
        {"exp": [1]},
        {"iat": {}},
        {"nbf": [1]},
        {"aud": [5]},
        {"header": {"kid": "unknown"}},
        {"header": {"kid": "r1"}},
        {"header": {"crit": ["b64"], "b64": False}},
    ],
)
async def test_a_token_that_is_not_as_it_should_be_is_invalid(
    door: Told, issuer: Issuer, changes: dict[str, Any]
) -> None:
    assert await door.code(issuer.token("e1", **changes)) is ErrorCode.INVALID_TOKEN
    assert await User.all().count() == 0


async def test_a_token_for_several_is_taken_where_it_was_given_to_us_or_is_an_access_token(
    door: Told, issuer: Issuer
) -> None:
    several: dict[str, Any] = {"aud": ["somebody else", AUDIENCE]}
    assert await door.viewer(issuer.token("e1", **several, azp=AUDIENCE))
    assert await door.viewer(issuer.token("e1", **several, azp="a page", scope="openid"))
    for azp in (None, "somebody else", [AUDIENCE]):
        assert await door.code(issuer.token("e1", **several, azp=azp)) is ErrorCode.INVALID_TOKEN
    assert await door.viewer(issuer.token("e1", azp="a page"))


COGNITO: dict[str, Any] = {
    "aud": None, "client_id": AUDIENCE, "token_use": "access", "scope": "openid", "username": "ada", "version": 2,
    "jti": "1", "auth_time": 1, "cognito:groups": ["admin"],
}  # fmt: skip
KEYCLOAK: dict[str, Any] = {
    "aud": ["account", AUDIENCE], "azp": "a page", "typ": "Bearer", "sid": "1", "acr": "1", "scope": "openid email",
    "realm_access": {"roles": ["offline_access", "admin"]}, "preferred_username": "ada", "header": {"typ": "JWT"},
}  # fmt: skip
AUTH0: dict[str, Any] = {
    "aud": [AUDIENCE, "https://somebody.auth0.com/userinfo"], "azp": "a page", "scope": "openid profile",
    "https://example.com/roles": ["admin"],
}  # fmt: skip
SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "Cognito": (COGNITO, "cognito:groups"),
    "Keycloak": (KEYCLOAK, "realm_access.roles"),
    "Auth0": (AUTH0 | {"header": {"typ": "JWT"}}, "https://example.com/roles"),
    "Auth0 by RFC 9068": (AUTH0 | {"header": {"typ": "at+jwt"}, "client_id": "a page"}, "https://example.com/roles"),
}


@pytest.mark.parametrize("name", SHAPES)
async def test_an_access_token_as_an_issuer_makes_it_is_taken_with_its_role(
    issuer: Issuer, clock: Clock, session: aiohttp.ClientSession, name: str
) -> None:
    shape, role_claim = SHAPES[name]
    door = Told(issuer, clock, session, role_claim)
    assert (await door.viewer(issuer.token("r1", **shape))).role is Role.ADMIN


@pytest.mark.parametrize(
    "changes",
    [
        COGNITO | {"client_id": "somebody else"},
        COGNITO | {"client_id": None},
        COGNITO | {"client_id": [AUDIENCE]},
        COGNITO | {"aud": "somebody else"},
        COGNITO | {"token_use": None, "scope": None},
        COGNITO | {"token_use": "id", "aud": AUDIENCE},
        COGNITO | {"token_use": 1},
        KEYCLOAK | {"typ": "ID", "aud": AUDIENCE, "azp": AUDIENCE},
        KEYCLOAK | {"typ": "Refresh", "aud": AUDIENCE},
        KEYCLOAK | {"typ": "Offline", "aud": AUDIENCE},
        KEYCLOAK | {"typ": "Logout", "aud": AUDIENCE},
        KEYCLOAK | {"typ": ["Bearer"]},
        KEYCLOAK | {"aud": "account"},
        AUTH0 | {"header": {"typ": "logout+jwt"}},
        AUTH0 | {"header": {"typ": "secevent+jwt"}},
        AUTH0 | {"header": {"typ": "dpop+jwt"}},
        AUTH0 | {"scope": None},
    ],
)
async def test_what_an_issuer_signs_that_is_no_access_token_for_us_is_invalid(
    door: Told, issuer: Issuer, changes: dict[str, Any]
) -> None:
    assert await door.code(issuer.token("r1", **changes)) is ErrorCode.INVALID_TOKEN
    assert await User.all().count() == 0


@pytest.mark.parametrize("issued_by", ["https://evil.example.com", "", None])
async def test_a_token_of_another_issuer_is_invalid_and_nobody_is_asked(
    door: Told, issuer: Issuer, issued_by: object
) -> None:
    assert await door.code(issuer.token("e1", iss=issued_by)) is ErrorCode.INVALID_TOKEN
    assert await door.code(issuer.token("e1", iss=issuer.url + "/")) is ErrorCode.INVALID_TOKEN
    assert issuer.asked == []


async def test_a_token_that_is_over_says_so_and_clocks_may_differ_by_half_a_minute(door: Told, issuer: Issuer) -> None:
    moment = now()
    late = issuer.token("e1", iat=moment - timedelta(hours=1), exp=moment - timedelta(seconds=31))
    assert await door.code(late) is ErrorCode.TOKEN_EXPIRED
    assert await door.viewer(issuer.token("e1", iat=moment - timedelta(hours=1), exp=moment - timedelta(seconds=20)))
    assert await door.viewer(issuer.token("e1", iat=moment + timedelta(seconds=20)))


async def test_a_token_without_a_signature_of_the_issuer_is_invalid(door: Told, issuer: Issuer) -> None:
    good = issuer.token("r1")
    body = good.split(".")[1]
    other = Issuer(issuer.url)
    other.keys = {"r1": rsa.generate_private_key(65537, 2048), "e1": ec.generate_private_key(ec.SECP256R1())}

    def forged(header: dict[str, Any], signature: bytes = b"") -> str:
        return f"{b64(json.dumps(header).encode())}.{body}.{b64(signature)}"

    def signed_with(secret: bytes) -> str:
        head = b64(json.dumps({"alg": "HS256", "kid": "r1"}).encode())
        return f"{head}.{body}.{b64(hmac.digest(secret, f'{head}.{body}'.encode(), hashlib.sha256))}"

    tokens = [
        forged({"alg": "none"}),
        forged({"alg": "None", "kid": "r1"}),
        forged({"kid": "r1"}),
        forged({"alg": "RS256", "kid": "r1"}),
        forged({"alg": ["RS256"], "kid": "r1"}),
        forged({"alg": "RS256", "kid": ["r1"]}),
        forged({"alg": "RS256", "kid": "r1", "jwk": jwk_of("r1", other.keys["r1"])}),
        signed_with(issuer.public_pem("r1")),
        signed_with(json.dumps(jwk_of("r1", issuer.keys["r1"])).encode()),
        signed_with(KEYS.signing.encode()),
        other.token("r1"),
        other.token("e1"),
        jwt.encode({"iss": issuer.url, "sub": "x"}, issuer.keys["r1"], algorithm="RS512", headers={"kid": "r1"}),
        jwt.encode({"iss": issuer.url, "sub": "x"}, issuer.keys["r1"], algorithm="PS256", headers={"kid": "r1"}),
        good[:-4] + "AAAA",
        good + "A",
        good.rsplit(".", 1)[0],
    ]
    for token in tokens:
        assert await door.code(token) is ErrorCode.INVALID_TOKEN, token
    assert await User.all().count() == 0


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def test_our_own_tokens_are_not_to_be_had_from_the_issuer(door: Told, issuer: Issuer) -> None:
    assert await door.code(issuer.token("e1", iss="waybill", use="access", sid="x")) is ErrorCode.INVALID_TOKEN


# ----------------------------------------------------------------------------------------------------- roles


@pytest.mark.parametrize(
    ("claims", "path", "role"),
    [
        ({"role": "ADMIN"}, "role", Role.ADMIN),
        ({"role": "admin"}, "role", Role.ADMIN),
        ({"role": ["user", "worker"]}, "role", Role.WORKER),
        ({"role": ["worker", "admin"]}, "role", Role.ADMIN),
        ({"realm_access": {"roles": ["ADMIN"]}}, "realm_access.roles", Role.ADMIN),
        ({"https://example.com/roles": ["ADMIN"]}, "https://example.com/roles", Role.ADMIN),
        ({"role": "root"}, "role", Role.USER),
        ({"role": None}, "role", Role.USER),
        ({"role": {"ADMIN": True}}, "role", Role.USER),
        ({"role": [["ADMIN"], 5]}, "role", Role.USER),
        ({"realm_access": "ADMIN"}, "realm_access.roles", Role.USER),
        ({}, "role", Role.USER),
    ],
)
def test_the_role_is_what_the_claim_tells(claims: dict[str, Any], path: str, role: Role) -> None:
    assert role_in(claims, path) is role


async def test_a_role_that_the_issuer_changes_counts_at_once_also_for_older_tokens(
    strict: Told, issuer: Issuer
) -> None:
    moment = now()
    older = issuer.token("e1", role="admin", iat=moment - timedelta(minutes=2))
    newer = issuer.token("e1", role="user", iat=moment - timedelta(minutes=1))
    viewer = await strict.viewer(older)
    assert viewer.role is Role.ADMIN
    assert (await strict.viewer(newer)).role is Role.USER
    assert (await strict.viewer(older)).role is Role.USER
    assert strict.user_ids == [viewer.user_id]
    (entry,) = await AuditEntry.filter(action=Action.ROLE_CHANGED)
    assert (entry.object_id, entry.detail) == (viewer.user_id, "ADMIN to USER, by the outside issuer")


async def test_a_token_that_tells_the_same_role_makes_older_ones_count_no_more(strict: Told, issuer: Issuer) -> None:
    moment = now()
    first, promoted, demoted = [
        issuer.token("e1", role=role, iat=moment - timedelta(minutes=minutes))
        for role, minutes in (("user", 3), ("admin", 2), ("user", 1))
    ]
    viewers = [await strict.viewer(token) for token in (first, demoted, promoted)]
    assert [viewer.role for viewer in viewers] == [Role.USER] * 3
    assert strict.user_ids == []
    assert not await AuditEntry.exists(action=Action.ROLE_CHANGED)


async def test_the_role_is_the_issuers_where_a_claim_tells_it_and_ours_where_none_does(
    strict: Told, door: Told, issuer: Issuer
) -> None:
    root = Viewer((await User.create(id=new_id("user"), username="root", role=Role.ADMIN)).id, Role.ADMIN, "", None)
    user_id = (await strict.viewer(issuer.token("e1"))).user_id
    with pytest.raises(Refusal) as caught:
        await update_user(strict.auth, root, user_id, role=Role.ADMIN)
    assert caught.value.code is ErrorCode.INVALID_STATE
    await update_user(door.auth, root, user_id, role=Role.ADMIN)
    assert (await door.viewer(issuer.token("e1", role="user"))).role is Role.ADMIN


async def test_who_is_disabled_here_is_out_whatever_the_issuer_says(door: Told, issuer: Issuer) -> None:
    root = Viewer((await User.create(id=new_id("user"), username="root", role=Role.ADMIN)).id, Role.ADMIN, "", None)
    viewer = await door.viewer(issuer.token("e1"))
    await update_user(door.auth, root, viewer.user_id, is_disabled=True)
    assert await door.code(issuer.token("e1")) is ErrorCode.INVALID_TOKEN
    assert door.user_ids == [viewer.user_id]
