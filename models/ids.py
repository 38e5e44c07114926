"""Identifiers: `{type}-{unix seconds}-{12 hex}`, sortable by time; the type in front says what they name."""

import re
import secrets
import time

from base.errors import ErrorCode, Refusal

_SHAPE = re.compile(
    r"(task|batch|download|upload|file|item|user|session|slice|token|webhook)-([0-9]{10,12})-([0-9a-f]{12})"
)


def new_id(type_: str) -> str:
    """A new id of `type_` (`batch`, `upload`, …)."""
    return f"{type_}-{int(time.time())}-{secrets.token_hex(6)}"


def new_ids(type_: str, count: int) -> list[str]:
    """`count` new ids in ascending order: one random start, then counted up, so that an index takes them in order."""
    start = secrets.randbelow(2**48 - count)
    prefix = f"{type_}-{int(time.time())}-"
    return [f"{prefix}{number:012x}" for number in range(start, start + count)]


def type_of_id(id_: str, field: str = "id") -> str:
    """The type that `id_` begins with.

    Raises:
        Refusal: INVALID_ID where `id_` does not have the shape of an id.
    """
    match = _SHAPE.fullmatch(id_)
    if match is None:
        message = "This is not an id of Waybill; ids look like batch-1754556928-12a41dbec0f3."
        raise Refusal(ErrorCode.INVALID_ID, message, field)
    return match[1]
