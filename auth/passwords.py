"""Passwords: argon2id (RFC 9106), hashed in a thread, few at a time because each takes 64 MiB."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

MAX_LENGTH = 1_000
"""Characters of a password that count; what lies beyond costs time and adds nothing."""
_hasher = PasswordHasher()


@cache
def _turnstile() -> asyncio.Semaphore:
    return asyncio.Semaphore(2)


async def hash_password(password: str) -> str:
    """The hash of `password` in PHC form."""
    async with _turnstile():
        return await asyncio.to_thread(_hasher.hash, password[:MAX_LENGTH])


async def is_password(password_hash: str | None, password: str) -> bool:
    """Whether `password` belongs to `password_hash`; takes as long where there is no hash as where there is one."""
    async with _turnstile():
        return await asyncio.to_thread(_verify, password_hash, password[:MAX_LENGTH])


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        _hasher.verify(password_hash or _decoy(), password)
    except (Argon2Error, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _decoy() -> str:
    return _hasher.hash("a password that nobody has")
