"""Pages of rows by keyset: a page stays where it is while rows are inserted before it, however deep it lies."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import ErrorCode, Refusal
from models.database import sql

DEFAULT_SIZE = 50
MAX_SIZE = 100


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: `first` rows after a cursor (or after `offset` rows), or the `last` rows before one."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
    offset: int | None = None

    @property
    def size(self) -> int:
        """Rows asked for."""
        return next((size for size in (self.first, self.last) if size is not None), DEFAULT_SIZE)

    @property
    def is_backward(self) -> bool:
        return self.last is not None

    def checked(self) -> "Window":
        """This window, once it is known to make sense.

        Raises:
            Refusal: BAD_INPUT.
        """
        for name, value in (("first", self.first), ("last", self.last)):
            if value is not None and not 0 <= value <= MAX_SIZE:
                raise Refusal(ErrorCode.BAD_INPUT, f"{name} must be 0 to {MAX_SIZE}.", name)
        if self.first is not None and self.last is not None:
            raise Refusal(ErrorCode.BAD_INPUT, "Ask for first or last, not for both.", "last")
        if self.offset is not None and (self.offset < 0 or self.after or self.before or self.is_backward):
            raise Refusal(ErrorCode.BAD_INPUT, "offset is 0 or more and goes with first alone.", "offset")
        return self


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in the database: `source` (table or joins), conditions with $-numbered values, and its order.

    `keys` are SQL expressions whose values, together, are unique; all go in one direction. `columns` is what is read.
    """

    source: str
    keys: tuple[str, ...]
    columns: str = "*"
    conditions: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    is_descending: bool = False

    def where(self, condition: str, *values: Any) -> "Listing":
        """This list with one more condition, in which each `?` stands for the next value."""
        count = len(self.values)
        for number in range(len(values)):
            condition = condition.replace("?", f"${count + number + 1}", 1)
        return replace(self, conditions=(*self.conditions, condition), values=(*self.values, *values))


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a listing in its order, each with its cursor."""

    rows: Sequence[dict[str, Any]]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool
    listing: Listing


async def read_page(db: BaseDBAsyncClient, listing: Listing, window: Window) -> Page:
    """Read the part of `listing` that `window` names, with one statement.

    Raises:
        Refusal: BAD_INPUT for a window that makes no sense or a cursor that is not one of this list.
    """
    window = window.checked()
    bounded = listing
    for cursor, name, is_upper in ((window.after, "after", False), (window.before, "before", True)):
        if cursor is not None:
            places = ", ".join("?" for _ in listing.keys)
            comparison = "<" if is_upper is not listing.is_descending else ">"
            bounded = bounded.where(
                f"({', '.join(listing.keys)}) {comparison} ({places})", *_read(cursor, listing, name)
            )
    direction = "DESC" if listing.is_descending is not window.is_backward else "ASC"
    order = ", ".join(f"{key} {direction}" for key in listing.keys)
    keys = ", ".join(f"{key} AS key_{place}" for place, key in enumerate(listing.keys))
    offset = f" OFFSET {window.offset}" if window.offset else ""
    statement = (
        f"SELECT {listing.columns}, {keys} FROM {listing.source}{_where(bounded)} "
        f"ORDER BY {order} LIMIT {window.size + 1}{offset}"
    )
    found = [dict(row) for row in await db.execute_query_dict(sql(db, statement), list(bounded.values))]
    has_more = len(found) > window.size
    found = found[: window.size]
    if window.is_backward:
        found.reverse()
    cursors = [_write([row.pop(f"key_{place}") for place in range(len(listing.keys))], listing) for row in found]
    has_before = bool(window.after or window.offset)
    return Page(
        found,
        cursors,
        bool(window.before) if window.is_backward else has_more,
        has_more if window.is_backward else has_before,
        listing,
    )


async def count_rows(db: BaseDBAsyncClient, listing: Listing) -> int:
    """How many rows the whole listing has."""
    statement = f"SELECT count(*) AS total FROM {listing.source}{_where(listing)}"
    rows = await db.execute_query_dict(sql(db, statement), list(listing.values))
    return int(rows[0]["total"])


def _where(listing: Listing) -> str:
    return f" WHERE {' AND '.join(listing.conditions)}" if listing.conditions else ""


def _write(keys: Sequence[Any], listing: Listing) -> str:
    """A single whole number is its own cursor (ids of log lines and events); everything else is JSON in base64url."""
    if len(keys) == 1 and isinstance(keys[0], int):
        return str(keys[0])
    return urlsafe_b64encode(orjson.dumps([_mark(listing), *keys])).decode().rstrip("=")


def _mark(listing: Listing) -> int:
    """Tells the cursors of one order from those of another, whose keys have other types."""
    return crc32(" ".join(listing.keys).encode())


def _read(cursor: str, listing: Listing, name: str) -> list[Any]:
    try:
        if len(listing.keys) == 1 and cursor.isascii() and cursor.isdigit() and len(cursor) < 19:
            return [int(cursor)]
        keys = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        keys = None
    if not isinstance(keys, list) or len(keys) != len(listing.keys) + 1:
        raise Refusal(ErrorCode.BAD_INPUT, f"{name} is not a cursor of this list.", name)
    mark, *keys = keys
    if mark != _mark(listing) or not all(_is_key(key) for key in keys):
        raise Refusal(ErrorCode.BAD_INPUT, f"{name} is not a cursor of this list.", name)
    return keys


def _is_key(key: Any) -> bool:
    """Whether the database can compare with `key`: it has no integers beyond 64 bits, and PostgreSQL has no NUL."""
    match key:
        case bool():
            return False
        case int():
            return -(2**63) <= key < 2**63
        case str():
            return "\0" not in key
    return isinstance(key, float)
