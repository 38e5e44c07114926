import asyncio
import threading
import time
from typing import Any

import pytest
from argon2 import PasswordHasher

from auth import passwords
from auth.passwords import MAX_LENGTH, hash_password, is_password


async def test_a_password_is_known_again() -> None:
    password_hash = await hash_password("Grüße 🔑")
    assert await is_password(password_hash, "Grüße 🔑")
    assert not await is_password(password_hash, "Grüße")
    assert not await is_password(password_hash, "")


async def test_a_hash_is_argon2id_with_its_own_salt() -> None:
    first, second = await hash_password("secret"), await hash_password("secret")
    assert first.startswith("$argon2id$v=19$")
    assert first != second


def test_what_is_used_in_earnest_is_what_rfc_9106_recommends() -> None:
    hasher = PasswordHasher()
    assert (hasher.type.name, hasher.memory_cost, hasher.time_cost, hasher.parallelism) == ("ID", 65_536, 3, 4)


async def test_where_there_is_no_hash_no_password_is_right() -> None:
    assert not await is_password(None, "a password that nobody has")
    assert not await is_password(None, "")


async def test_where_there_is_no_hash_one_is_computed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []

    class Noting(PasswordHasher):
        def verify(self, hash: Any, password: Any) -> Any:  # noqa: A002
            verified.append(hash)
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Noting(time_cost=1, memory_cost=8, parallelism=1))
    await is_password(None, "secret")
    await is_password(None, "other")
    assert [entry[:10] for entry in verified] == ["$argon2id$", "$argon2id$"]
    assert verified[0] == verified[1]


async def test_the_first_unknown_name_costs_what_every_other_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    class Noting(PasswordHasher):
        def hash(self, password: Any, **named: Any) -> str:
            hashed.append(password)
            return super().hash(password, **named)

    monkeypatch.setattr(passwords, "_hasher", Noting(time_cost=1, memory_cost=8, parallelism=1))
    known = await hash_password("secret")
    passwords._decoy.cache_clear()
    await is_password(known, "secret")
    hashed.clear()
    await is_password(None, "secret")
    passwords._decoy.cache_clear()
    assert hashed == []


@pytest.mark.parametrize("stored", ["", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$", "$2b$12$abc"])
async def test_a_hash_that_is_none_fits_no_password(stored: str) -> None:
    assert not await is_password(stored, "secret")


async def test_only_the_first_1000_characters_count_when_hashing_and_when_checking() -> None:
    password_hash = await hash_password("x" * MAX_LENGTH + "tail")
    assert await is_password(password_hash, "x" * MAX_LENGTH + "other")
    assert not await is_password(password_hash, "x" * (MAX_LENGTH - 1))


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
    await asyncio.gather(*(hash_password(str(number)) for number in range(6)))
    assert most == 2
    assert threading.get_ident() not in threads
