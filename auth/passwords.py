"""Passwords: argon2id (RFC 9106), hashed in a thread.

Few are hashed at a time, because each takes 64 MiB.
"""

from collections.abc import Awaitable, Callable
from functools import cache, partial

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from auth.fair_queue import FairQueue
from base.errors import ErrorCode, Refusal

MIN_LENGTH = 8
"""Characters of a new password (NIST SP 800-63B, section 5.1.1.2)."""
MAX_LENGTH = 1_000
"""Characters of a password that count; what lies beyond costs time and adds nothing."""
_hasher = PasswordHasher()


ITSELF = "this program"
"""The quota of what nobody asked for over the network."""


@cache
def _hashing_slots() -> FairQueue:
    return FairQueue(slots=2)


async def hash_password(password: str, quota: str) -> str:
    """The hash of `password` in PHC form, when it is the turn of `quota` (see `auth.quotas`).

    Raises:
        Refusal: RATE_LIMITED where too many of this quota are waiting.
    """
    async with _hashing_slots().slot(quota) as slot:
        return await slot.run(partial(_hasher.hash, password[:MAX_LENGTH]))


async def is_password(
    password_hash: str | None, password: str, quota: str, check: Callable[[], Awaitable[None]] | None = None
) -> bool:
    """Whether `password` belongs to `password_hash`; takes as long where there is no hash as where there is one.

    Args:
        password_hash: None for nobody.
        password: As it was typed.
        quota: Of who asks; see `auth.quotas`.
        check: Called when it is this caller's turn; what it raises ends the attempt before it costs anything.

    Raises:
        Refusal: RATE_LIMITED where too many of this quota are waiting.
    """
    async with _hashing_slots().slot(quota) as slot:
        if check is not None:
            await check()
        return await slot.run(partial(_verify, password_hash, password[:MAX_LENGTH]))


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
