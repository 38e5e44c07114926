"""Tokens of an outside issuer: what is taken, what is not, and what becomes of keys."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.warnings import InsecureKeyLengthWarning

from auth import outside_keys
from auth.accounts import update_user
from auth.audit import Action
from auth.callers import find_viewer
from auth.gate import Gate
from auth.outside import OutsideIssuer, role_in
from auth.outside_keys import OutsideKeys, fetching
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import Role
from models import AuditEntry, Identity, User
from models.fields import now
from models.ids import new_id
from tests.auth.issuer_for_tests import AUDIENCE, Issuer, jwk_of, running_issuer
from tests.auth.people_for_tests import KEYS

pytestmark = pytest.mark.usefixtures("database")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Told:
    """A gate that takes the issuer's tokens, and notes whose access is said to have changed."""

    def __init__(self, issuer: Issuer, clock: Clock, session: aiohttp.ClientSession, role_claim: str = "") -> None:
        self.user_ids: list[str] = []
        keys = OutsideKeys(issuer.url, fetching(session), clock)
        self.gate = Gate(KEYS, self.note, issuer=OutsideIssuer(issuer.url, AUDIENCE, role_claim, keys))

    async def note(self, user_id: str) -> None:
        self.user_ids.append(user_id)

    async def viewer(self, token: str) -> Viewer:
        viewer = await find_viewer(self.gate, f"Bearer {token}")
        assert viewer is not None
        return viewer

    async def code(self, token: str) -> ErrorCode:
        with pytest.raises(Refusal) as caught:
            await self.viewer(token)
        return caught.value.code


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def door(issuer: Issuer, clock: Clock, session: aiohttp.ClientSession) -> Told:
    return Told(issuer, clock, session)


@pytest.fixture
def strict(issuer: Issuer, clock: Clock, session: aiohttp.ClientSession) -> Told:
    """The claim `role` tells the role."""
    return Told(issuer, clock, session, "role")


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


async def test_a_token_for_several_of_whom_we_are_one_is_taken(door: Told, issuer: Issuer) -> None:
    assert await door.viewer(issuer.token("e1", aud=["somebody else", AUDIENCE]))


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


# ----------------------------------------------------------------------------------------------------- keys


async def test_the_keys_are_fetched_once_for_many_tokens(door: Told, issuer: Issuer) -> None:
    await asyncio.gather(*(door.viewer(issuer.token("e1", sub=str(number % 2))) for number in range(10)))
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_a_new_key_is_taken_and_a_dropped_one_is_not(door: Told, issuer: Issuer, clock: Clock) -> None:
    old = issuer.token("r1")
    await door.viewer(old)
    clock.seconds += outside_keys.PAUSE_SECONDS
    del issuer.keys["r1"]
    issuer.add_rsa("r2")
    await door.viewer(issuer.token("r2"))
    assert await door.code(old) is ErrorCode.INVALID_TOKEN


async def test_a_dropped_key_is_good_for_ten_minutes_at_most(door: Told, issuer: Issuer, clock: Clock) -> None:
    old = issuer.token("r1")
    await door.viewer(old)
    del issuer.keys["r1"]
    clock.seconds += outside_keys.FRESH_SECONDS
    await door.viewer(old)
    clock.seconds += 1
    assert await door.code(old) is ErrorCode.INVALID_TOKEN


async def test_unknown_keys_have_the_issuer_asked_every_ten_seconds_at_most(
    door: Told, issuer: Issuer, clock: Clock
) -> None:
    strange = [issuer.token("e1", header={"kid": f"unknown {number}"}) for number in range(20)]
    assert {await door.code(token) for token in strange} == {ErrorCode.INVALID_TOKEN}
    assert issuer.asked.count("/keys") == 1
    clock.seconds += outside_keys.PAUSE_SECONDS
    await asyncio.gather(*(door.code(token) for token in strange))
    assert issuer.asked.count("/keys") == 2


async def test_a_token_without_a_key_id_is_taken_where_one_key_fits(door: Told, issuer: Issuer, clock: Clock) -> None:
    token = jwt.encode(
        jwt.decode(issuer.token("e1"), options={"verify_signature": False}), issuer.keys["e1"], algorithm="ES256"
    )
    assert "kid" not in jwt.get_unverified_header(token)
    assert await door.viewer(token)
    issuer.add_ec("e2")
    clock.seconds += outside_keys.FRESH_SECONDS + 1
    assert await door.code(token) is ErrorCode.INVALID_TOKEN


async def test_keys_that_are_not_for_this_stand_beside_the_others_and_are_not_used(door: Told, issuer: Issuer) -> None:
    issuer.add_rsa("short", bits=1024)
    with pytest.warns(InsecureKeyLengthWarning):
        weak = issuer.token("short")
    good = jwk_of("e1", issuer.keys["e1"])
    issuer.extra_keys = [
        {"kty": "oct", "kid": "r9", "k": "c2VjcmV0", "alg": "RS256"},
        {**good, "kid": "for encryption", "use": "enc"},
        {**good, "kid": "of another curve", "crv": "P-384"},
        {**good, "kid": "for another algorithm", "alg": "ES512"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "EC", "kid": "incomplete", "crv": "P-256"},
        "no key",  # type: ignore[list-item]
    ]
    assert await door.viewer(issuer.token("e1"))
    for token in (weak, *(issuer.token("e1", header={"kid": key_id}) for key_id in ("for encryption", "r9", "broken"))):
        assert await door.code(token) is ErrorCode.INVALID_TOKEN


async def test_an_issuer_that_cannot_be_asked_is_no_fault_of_the_token(
    door: Told, issuer: Issuer, clock: Clock
) -> None:
    issuer.is_down = True
    token = issuer.token("e1")
    with pytest.raises(Refusal) as caught:
        await door.viewer(token)
    assert (caught.value.code, caught.value.http_status) == (ErrorCode.SERVICE_UNAVAILABLE, 503)
    assert caught.value.retry_after == outside_keys.PAUSE_SECONDS
    assert await door.code(token) is ErrorCode.SERVICE_UNAVAILABLE
    assert len(issuer.asked) == 1
    issuer.is_down = False
    clock.seconds += outside_keys.PAUSE_SECONDS
    assert await door.viewer(token)


async def test_known_keys_outlive_an_issuer_that_is_away_for_an_hour(door: Told, issuer: Issuer, clock: Clock) -> None:
    token = issuer.token("e1")
    await door.viewer(token)
    issuer.is_down = True
    clock.seconds += outside_keys.STALE_SECONDS
    assert await door.viewer(token)
    clock.seconds += 1
    assert await door.code(token) is ErrorCode.SERVICE_UNAVAILABLE


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example.com"},
        {"issuer": None},
        {"jwks_uri": "http://evil.example.com/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"jwks_uri": "{}/nothing"},
    ],
)
async def test_a_discovery_that_leads_astray_is_not_followed(
    door: Told, issuer: Issuer, discovery: dict[str, Any]
) -> None:
    issuer.discovery = {name: value and value.replace("{}", issuer.url) for name, value in discovery.items()}
    assert await door.code(issuer.token("e1")) is ErrorCode.SERVICE_UNAVAILABLE


async def test_more_than_a_quarter_of_a_mebibyte_of_keys_is_not_read(door: Told, issuer: Issuer) -> None:
    issuer.padding = 300_000
    assert await door.code(issuer.token("e1")) is ErrorCode.SERVICE_UNAVAILABLE


async def test_an_issuer_that_never_answers_is_waited_for_in_vain_and_not_for_long(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside_keys, "_TIMEOUT", aiohttp.ClientTimeout(total=0.1))

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    async with silent, aiohttp.ClientSession() as session:
        door = Told(issuer, Clock(), session)
        async with asyncio.timeout(2):
            assert await door.code(issuer.token("e1")) is ErrorCode.SERVICE_UNAVAILABLE


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
        await update_user(strict.gate, root, user_id, role=Role.ADMIN)
    assert caught.value.code is ErrorCode.INVALID_STATE
    await update_user(door.gate, root, user_id, role=Role.ADMIN)
    assert (await door.viewer(issuer.token("e1", role="user"))).role is Role.ADMIN


async def test_who_is_disabled_here_is_out_whatever_the_issuer_says(door: Told, issuer: Issuer) -> None:
    root = Viewer((await User.create(id=new_id("user"), username="root", role=Role.ADMIN)).id, Role.ADMIN, "", None)
    viewer = await door.viewer(issuer.token("e1"))
    await update_user(door.gate, root, viewer.user_id, is_disabled=True)
    assert await door.code(issuer.token("e1")) is ErrorCode.INVALID_TOKEN
    assert door.user_ids == [viewer.user_id]
