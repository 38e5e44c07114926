"""One user cannot lock the others out of signing in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from auth.fair_queue import MAX_WAITING
from base.words import Role
from models import AuditEntry, User
from models.ids import new_id
from schema.complexity import MAX_PASSWORDS
from tests.web_app import App, opened_app

LOGIN = "mutation ($u: String!) { login(username: $u, password: $u) { expiresAt } }"
CHANGE = 'mutation { changePassword(current: "eve", new: "another password") { id } }'
PLACES = 2
EVE, BOB = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}


@pytest.fixture
async def app(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    async with opened_app(tmp_path, empty_database, trusted_proxies="127.0.0.0/8") as app:
        yield app


async def account(name: str, *, passes: int) -> User:
    """A user whose password, their name, takes so many passes to check."""
    password_hash = PasswordHasher(time_cost=passes, memory_cost=1_024, parallelism=1).hash(name)
    return await User.create(id=new_id("user"), username=name, password_hash=password_hash)


@pytest.mark.parametrize("is_signed_in", [False, True], ids=["by an address", "by a user"])
async def test_one_who_signs_in_fifty_times_at_once_does_not_make_another_wait(app: App, is_signed_in: bool) -> None:
    eve = await account("eve", passes=100)
    await account("bob", passes=1)
    who = await app.sign_in(eve) if is_signed_in else None
    where = BOB if is_signed_in else EVE
    codes: list[str | None] = []
    enough = asyncio.Event()

    async def sign_in_as_eve() -> None:
        answer = await app.ask(LOGIN, who, headers=where, u="eve")
        codes.extend(answer.codes or [None])
        if answer.errors:
            assert answer.errors[0]["extensions"]["retryAfter"] == 1
            enough.set()

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(sign_in_as_eve())
        async with asyncio.timeout(20):
            await enough.wait()
        before = codes.count(None)
        assert not (await app.ask(LOGIN, headers=BOB, u="bob")).errors
        meanwhile = codes.count(None) - before
    # Those in work, and as many again where this machine was slow to take Bob's request in.
    assert meanwhile <= 2 * PLACES
    assert codes.count(None) >= PLACES + MAX_WAITING
    assert set(codes) == {None, "RATE_LIMITED"}


async def test_a_change_of_password_waits_in_the_same_turns(app: App) -> None:
    who = await app.sign_in(await account("eve", passes=20))
    answers = await asyncio.gather(*(app.ask(CHANGE, who) for _ in range(16)))
    assert "RATE_LIMITED" in {answer.codes[0] for answer in answers if answer.errors}
    assert sum(not answer.errors for answer in answers) == 1


@pytest.mark.parametrize("count", [MAX_PASSWORDS, MAX_PASSWORDS + 1])
async def test_a_document_has_so_many_passwords_and_no_more(app: App, count: int) -> None:
    await account("eve", passes=1)
    fields = " ".join(f'l{number}: login(username: "eve", password: "eve") {{ expiresAt }}' for number in range(count))
    answer = await app.ask(f"mutation {{ {fields} }}")
    is_too_many = count > MAX_PASSWORDS
    assert answer.codes == (["QUERY_TOO_COMPLEX"] if is_too_many else [])
    assert await AuditEntry.all().count() == (0 if is_too_many else count)


async def test_changes_of_users_without_a_password_are_not_bounded_by_this(app: App) -> None:
    admin = await app.person(Role.ADMIN)
    fields = " ".join(f'u{number}: updateUser(id: "{admin.id}", isDisabled: false) {{ id }}' for number in range(20))
    assert not (await app.ask(f"mutation {{ {fields} }}", admin)).errors
