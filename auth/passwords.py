"""Passwords: argon2id (RFC 9106), hashed in a thread, few at a time because each takes 64 MiB."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from base.errors import ErrorCode, Refusal

MIN_LENGTH = 8
"""Characters of a new password (NIST SP 800-63B, section 5.1.1.2)."""
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


async def is_password(
    password_hash: str | None, password: str, check: Callable[[], Awaitable[None]] | None = None
) -> bool:
    """Whether `password` belongs to `password_hash`; takes as long where there is no hash as where there is one.

    Args:
        password_hash: None for nobody.
        password: As it was typed.
        check: Called when it is this caller's turn; what it raises ends the attempt before it costs anything.
    """
    async with _turnstile():
        if check is not None:
            await check()
        return await asyncio.to_thread(_verify, password_hash, password[:MAX_LENGTH])


def check_new_password(password: str, field: str = "password") -> None:
    """Refuse a password that is too short or too long to be a new one.

    Raises:
        Refusal: BAD_INPUT.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        message = f"A password has {MIN_LENGTH} to {MAX_LENGTH:,} characters."
        raise Refusal(ErrorCode.BAD_INPUT, message, field)


def _verify(password_hash: str | None, password: str) -> bool:
    decoy = _decoy()  # made by the first comparison, whoever it is of: else the first unknown name would take longer
    try:
        _hasher.verify(password_hash or decoy, password)
    except (Argon2Error, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _decoy() -> str:
    return _hasher.hash("a password that nobody has")
