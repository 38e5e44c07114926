"""Keys of an outside issuer: fetched, kept, dropped."""

import asyncio
from typing import Any

import aiohttp
import jwt
import pytest
from jwt.warnings import InsecureKeyLengthWarning

from auth import outside_keys
from base.errors import ErrorCode, Refusal
from tests.auth.issuer_for_tests import Issuer, jwk_of
from tests.auth.outside.told import Clock, Told

pytestmark = pytest.mark.usefixtures("database")


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


async def test_an_issuer_that_never_answers_is_waited_for_in_vain_and_not_for_long(issuer: Issuer) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    async with silent, aiohttp.ClientSession() as session:
        door = Told(issuer, Clock(), session, fetch_seconds=0.1)
        async with asyncio.timeout(5):
            assert await door.code(issuer.token("e1")) is ErrorCode.SERVICE_UNAVAILABLE
