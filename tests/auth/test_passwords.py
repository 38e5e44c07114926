import asyncio
import runpy
import threading
import time
from typing import Any

import pytest
from argon2 import PasswordHasher

from auth import passwords
from auth.passwords import ITSELF, MAX_LENGTH, hash_password, is_password
from tests.web_app import until


async def test_a_password_is_known_again() -> None:
    password_hash = await hash_password("Grüße 🔑", ITSELF)
    assert await is_password(password_hash, "Grüße 🔑", ITSELF)
    assert not await is_password(password_hash, "Grüße", ITSELF)
    assert not await is_password(password_hash, "", ITSELF)


async def test_a_hash_is_argon2id_with_its_own_salt() -> None:
    first, second = await hash_password("secret", ITSELF), await hash_password("secret", ITSELF)
    assert first.startswith("$argon2id$v=19$")
    assert first != second


def test_what_is_used_in_earnest_is_what_rfc_9106_recommends() -> None:
    hasher = runpy.run_path(str(passwords.__file__))["_hasher"]  # the tests' own is a cheap one
    assert (hasher.type.name, hasher.memory_cost, hasher.time_cost, hasher.parallelism) == ("ID", 65_536, 3, 4)


async def test_where_there_is_no_hash_no_password_is_right() -> None:
    assert not await is_password(None, "a password that nobody has", ITSELF)
    assert not await is_password(None, "", ITSELF)


async def test_where_there_is_no_hash_one_is_computed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []

    class Noting(PasswordHasher):
        def verify(self, hash: Any, password: Any) -> Any:  # noqa: A002
            verified.append(hash)
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Noting(time_cost=1, memory_cost=8, parallelism=1))
    await is_password(None, "secret", ITSELF)
    await is_password(None, "other", ITSELF)
    assert [entry[:10] for entry in verified] == ["$argon2id$", "$argon2id$"]
    assert verified[0] == verified[1]


async def test_the_first_unknown_name_costs_what_every_other_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    class Noting(PasswordHasher):
        def hash(self, password: Any, **named: Any) -> str:
            hashed.append(password)
            return super().hash(password, **named)

    monkeypatch.setattr(passwords, "_hasher", Noting(time_cost=1, memory_cost=8, parallelism=1))
    known = await hash_password("secret", ITSELF)
    passwords._decoy.cache_clear()
    await is_password(known, "secret", ITSELF)
    hashed.clear()
    await is_password(None, "secret", ITSELF)
    passwords._decoy.cache_clear()
    assert hashed == []


@pytest.mark.parametrize("stored", ["", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$", "$2b$12$abc"])
async def test_a_hash_that_is_none_fits_no_password(stored: str) -> None:
    assert not await is_password(stored, "secret", ITSELF)


async def test_only_the_first_1000_characters_count_when_hashing_and_when_checking() -> None:
    password_hash = await hash_password("x" * MAX_LENGTH + "tail", ITSELF)
    assert await is_password(password_hash, "x" * MAX_LENGTH + "other", ITSELF)
    assert not await is_password(password_hash, "x" * (MAX_LENGTH - 1), ITSELF)


async def test_two_are_hashed_at_a_time_and_never_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, threads = 0, 0, set()
    lock = threading.Lock()

    class Slow:
        def hash(self, password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
                threads.add(threading.get_ident())
            time.sleep(0.02)
            with lock:
                running -= 1
            return password

    monkeypatch.setattr(passwords, "_hasher", Slow())
    await asyncio.gather(*(hash_password(str(number), ITSELF) for number in range(6)))
    assert most == 2
    assert threading.get_ident() not in threads


async def test_a_place_is_held_until_the_thread_has_ended_whoever_was_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, most, go_on = 0, 0, threading.Event()
    lock = threading.Lock()

    class Held:
        def hash(self, password: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            go_on.wait(10)
            with lock:
                running -= 1
            return password

    monkeypatch.setattr(passwords, "_hasher", Held())
    first = [asyncio.create_task(hash_password(str(number), "eve")) for number in range(4)]
    await until(lambda: running == 2)
    for task in first:
        task.cancel()
    await asyncio.gather(*first, return_exceptions=True)
    second = [asyncio.create_task(hash_password(str(number), "bob")) for number in range(4)]
    await asyncio.sleep(0.05)
    assert running == 2
    go_on.set()
    assert await asyncio.gather(*second) == ["0", "1", "2", "3"]
    assert most == 2
