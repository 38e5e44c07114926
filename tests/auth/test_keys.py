"""The fingerprint of the secret key in the database."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auth.keys import Keys, agree_on_key, fingerprint_of, forget_key
from base.errors import ErrorCode, Refusal
from models import Installation
from tests.databases import Template, opened

OLD, NEW, OTHER = ("old " * 10, "new " * 10, "other " * 10)


@pytest.fixture(autouse=True)
async def database(tmp_path: Path, template: Template) -> AsyncIterator[None]:
    async with opened(template, tmp_path):
        yield


async def fingerprints() -> list[str]:
    return [row.key_fingerprint for row in await Installation.all()]


async def is_refused(keys: Keys) -> bool:
    try:
        await agree_on_key(keys)
    except Refusal as refusal:
        return refusal.code is ErrorCode.SERVICE_UNAVAILABLE
    return False


def test_a_fingerprint_tells_keys_apart_and_shows_nothing_of_them() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", fingerprint_of(OLD))
    assert fingerprint_of(OLD) == fingerprint_of(OLD)
    assert fingerprint_of(OLD) != fingerprint_of(OLD + "x")


def test_keys_do_not_show_themselves_in_logs() -> None:
    assert repr(Keys(OLD, (NEW,))) == "Keys()"


async def test_the_first_one_says_what_the_key_is_and_who_has_it_starts_again_and_again() -> None:
    for _ in range(2):
        await agree_on_key(Keys(OLD))
        assert await fingerprints() == [fingerprint_of(OLD)]


async def test_who_signs_with_another_key_is_refused_and_nothing_changes() -> None:
    await agree_on_key(Keys(OLD))
    assert await is_refused(Keys(NEW))
    assert await is_refused(Keys(NEW, (OTHER,)))
    assert await fingerprints() == [fingerprint_of(OLD)]


async def test_who_takes_the_signatures_of_the_known_key_says_what_it_is_from_now_on() -> None:
    await agree_on_key(Keys(OLD))
    await agree_on_key(Keys(NEW, (OTHER, OLD)))
    assert await fingerprints() == [fingerprint_of(NEW)]
    assert await is_refused(Keys(OLD))


async def test_once_it_is_forgotten_the_next_one_says_what_the_key_is() -> None:
    await forget_key()
    await agree_on_key(Keys(OLD))
    await forget_key()
    await agree_on_key(Keys(NEW))
    assert await fingerprints() == [fingerprint_of(NEW)]


async def test_of_several_with_two_keys_that_start_at_once_those_with_the_first_one_start() -> None:
    refused = await asyncio.gather(*(is_refused(Keys(key)) for key in (OLD, NEW, OLD, NEW)))
    assert sorted(refused) == [False, False, True, True]
    assert refused[0] == refused[2]
    assert await fingerprints() == [fingerprint_of(NEW if refused[0] else OLD)]
