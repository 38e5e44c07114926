"""Pages of rows by keyset: a page stays where it is while rows are inserted before it, however deep it lies."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from typing import Any, TypeVar
from zlib import crc32

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import ErrorCode, Refusal
from models.database import sql

DEFAULT_SIZE = 50
MAX_SIZE = 100
_AT_ONCE = 100
"""Lists that one statement reads: SQLite joins at most 500 by UNION ALL."""
_PLACE = re.compile(r"\$([0-9]+)")

T = TypeVar("T")


class KeyType(Enum):
    """What the database compares a key with: PostgreSQL takes nothing else, not even a larger integer."""

    INT4 = "int4"
    INT8 = "int8"
    FLOAT = "float"
    TEXT = "text"

    def takes(self, value: Any) -> bool:
        """Whether `value` (of JSON) is one of this type; PostgreSQL's text has no NUL."""
        match self:
            case KeyType.INT4:
                return type(value) is int and -(2**31) <= value < 2**31
            case KeyType.INT8:
                return type(value) is int and -(2**63) <= value < 2**63
            case KeyType.FLOAT:
                return isinstance(value, float)
            case KeyType.TEXT:
                return isinstance(value, str) and "\0" not in value


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

    `keys` are SQL expressions whose values, together, are unique, each of its type in `types`; all go in one direction.
    `columns` is what is read. With `is_its_own_cursor`, the one key is a number and the cursor as it is.
    With `is_found_first`, a page's rows are found by their id, which an index can do alone, and only then read: `source`
    is one table then, and `columns` may name what `found` and the table have.
    """

    source: str
    keys: tuple[str, ...]
    types: tuple[KeyType, ...]
    columns: str = "*"
    conditions: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    is_descending: bool = False
    is_found_first: bool = False
    is_its_own_cursor: bool = False

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
    bounded = _bounded(listing, window.checked())
    rows = await db.execute_query_dict(sql(db, _select(bounded, window)), list(bounded.values))
    return _page([dict(row) for row in rows], listing, window)


async def read_pages(db: BaseDBAsyncClient, wanted: Sequence[tuple[Listing, Window]]) -> list[Page | Refusal]:
    """What `read_page` reads or raises for each of `wanted`, with one statement per 100 of one source and direction."""
    answers: dict[int, Page | Refusal] = {}
    alike: dict[Any, dict[int, Listing]] = {}
    for place, (listing, window) in enumerate(wanted):
        try:
            bounded = _bounded(listing, window.checked())
        except Refusal as refusal:
            answers[place] = refusal
            continue
        kind = (listing.source, listing.columns, listing.keys, _is_upward(listing, window))
        alike.setdefault(kind, {})[place] = bounded
    for group in alike.values():
        for part in _batched(group.items(), _AT_ONCE):
            rows = await _read_together(db, dict(part), wanted)
            answers |= {place: _page(rows.get(place, []), *wanted[place]) for place, _ in part}
    return [answers[place] for place in range(len(wanted))]


async def count_rows(db: BaseDBAsyncClient, listing: Listing) -> int:
    """How many rows the whole listing has."""
    return (await count_each(db, [listing]))[0]


async def count_each(db: BaseDBAsyncClient, listings: Sequence[Listing]) -> list[int]:
    """How many rows each whole listing has, with one statement per 100."""
    totals: dict[int, int] = {}
    for part in _batched(enumerate(listings), _AT_ONCE):
        statement, values = _union(
            (listing, f"SELECT {place} AS place, count(*) AS total FROM {listing.source}{_where(listing)}")
            for place, listing in part
        )
        rows = await db.execute_query_dict(sql(db, statement), values)
        totals |= {row["place"]: int(row["total"]) for row in rows}
    return [totals[place] for place in range(len(listings))]


async def _read_together(
    db: BaseDBAsyncClient, bounded: dict[int, Listing], wanted: Sequence[tuple[Listing, Window]]
) -> dict[int, list[dict[str, Any]]]:
    """The rows of pages of one source and direction, by place in `wanted`."""
    statement, values = _union(
        (listing, f"SELECT * FROM ({_select(listing, wanted[place][1], f'{place} AS place, ')}) AS page_{place}")
        for place, listing in bounded.items()
    )
    listing, window = wanted[next(iter(bounded))]
    order = ", ".join(f"{_key(place)} {_direction(listing, window)}" for place in range(len(listing.keys)))
    found: dict[int, list[dict[str, Any]]] = {}
    for row in await db.execute_query_dict(sql(db, f"{statement} ORDER BY place, {order}"), values):
        columns = dict(row)
        found.setdefault(columns.pop("place"), []).append(columns)
    return found


def _union(parts: Iterable[tuple[Listing, str]]) -> tuple[str, list[Any]]:
    """The statements of several listings as one, with the values of all."""
    statements: list[str] = []
    values: list[Any] = []
    for listing, statement in parts:
        statements.append(_renumbered(statement, len(values)))
        values += listing.values
    return " UNION ALL ".join(statements), values


def _renumbered(statement: str, first: int) -> str:
    """`statement` for values that come after `first` others."""
    return _PLACE.sub(lambda match: f"${int(match[1]) + first}", statement)


def _bounded(listing: Listing, window: Window) -> Listing:
    """`listing` between the cursors of `window`."""
    for cursor, name, is_upper in ((window.after, "after", False), (window.before, "before", True)):
        if cursor is not None:
            keys = _read(cursor, listing, name)
            places = ", ".join("?" for _ in listing.keys)
            comparison = "<" if is_upper is not listing.is_descending else ">"
            listing = listing.where(f"({', '.join(listing.keys)}) {comparison} ({places})", *keys)
    return listing


def _select(bounded: Listing, window: Window, more_columns: str = "") -> str:
    """One row more than the window has, from the end at which it begins."""
    direction = _direction(bounded, window)
    order = ", ".join(f"{key} {direction}" for key in bounded.keys)
    keys = ", ".join(f"{key} AS {_key(place)}" for place, key in enumerate(bounded.keys))
    limit = f"LIMIT {window.size + 1}" + (f" OFFSET {window.offset}" if window.offset else "")
    if not bounded.is_found_first:
        columns = f"{more_columns}{bounded.columns}, {keys}"
        return f"SELECT {columns} FROM {bounded.source}{_where(bounded)} ORDER BY {order} {limit}"
    found = f"SELECT id AS found_id, {keys} FROM {bounded.source}{_where(bounded)} ORDER BY {order} {limit}"
    names = [_key(place) for place in range(len(bounded.keys))]
    return (
        f"SELECT {more_columns}{bounded.columns}, {', '.join(names)} FROM ({found}) AS found "
        f"JOIN {bounded.source} ON id = found_id ORDER BY {', '.join(f'{name} {direction}' for name in names)}"
    )


def _page(found: list[dict[str, Any]], listing: Listing, window: Window) -> Page:
    """The page of the rows that `_select` found."""
    has_more = len(found) > window.size
    found = found[: window.size]
    if window.is_backward:
        found.reverse()
    cursors = [_write([row.pop(_key(place)) for place in range(len(listing.keys))], listing) for row in found]
    has_before = bool(window.after or window.offset)
    return Page(
        found,
        cursors,
        bool(window.before) if window.is_backward else has_more,
        has_more if window.is_backward else has_before,
        listing,
    )


def _batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """`values` in lists of at most `size` (`itertools.batched` of Python 3.12)."""
    iterator = iter(values)
    while part := list(islice(iterator, size)):
        yield part


def _is_upward(listing: Listing, window: Window) -> bool:
    return listing.is_descending is window.is_backward


def _direction(listing: Listing, window: Window) -> str:
    return "ASC" if _is_upward(listing, window) else "DESC"


def _key(place: int) -> str:
    return f"key_{place}"


def _where(listing: Listing) -> str:
    return f" WHERE {' AND '.join(listing.conditions)}" if listing.conditions else ""


def _write(keys: Sequence[Any], listing: Listing) -> str:
    """JSON in base64url, with the mark of the list before the keys."""
    if listing.is_its_own_cursor:
        return str(keys[0])
    return urlsafe_b64encode(orjson.dumps([_mark(listing), *keys])).decode().rstrip("=")


def _mark(listing: Listing) -> int:
    """Tells the cursors of one table, order and direction from those of another."""
    return crc32(" ".join((listing.source, *listing.keys, "DESC" if listing.is_descending else "ASC")).encode())


def _read(cursor: str, listing: Listing, name: str) -> list[Any]:
    keys = _keys_of_number(cursor) if listing.is_its_own_cursor else _keys_of_mark(cursor, _mark(listing))
    if len(keys) != len(listing.types) or not all(map(KeyType.takes, listing.types, keys)):
        raise Refusal(ErrorCode.BAD_INPUT, f"{name} is not a cursor of this list.", name)
    return keys


def _keys_of_number(cursor: str) -> list[Any]:
    """Empty for what is not a number of at most 18 digits."""
    return [int(cursor)] if cursor.isascii() and cursor.isdigit() and len(cursor) < 19 else []


def _keys_of_mark(cursor: str, expected: int) -> list[Any]:
    """Empty for what has not the `expected` mark."""
    try:
        match orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))):
            case [mark, *keys] if mark == expected:
                return keys
    except ValueError:
        pass
    return []
