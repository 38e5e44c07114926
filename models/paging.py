"""Pages of rows by keyset: a page stays where it is while rows are inserted before it, however deep it lies."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import chain, islice
from typing import Any, TypeVar

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import Refusal
from models.cursors import Cursors, read_cursor
from models.listing import Listing, Page, Window
from models.sql import fetch_rows

_AT_ONCE = 100
"""Lists that one statement reads: SQLite joins at most 500 by UNION ALL."""
_PLACE = re.compile(r"\$([0-9]+)")
_KEPT_SELECTS = 1_024
_KEPT_UNIONS = 128
"""Statements that are kept: building one takes longer than many a database takes to answer it."""

T = TypeVar("T")


async def read_page(db: BaseDBAsyncClient, listing: Listing, window: Window) -> Page:
    """Read the part of `listing` that `window` names, with one statement.

    Raises:
        Refusal: BAD_INPUT for a window that makes no sense or a cursor that is not one of this list.
    """
    bounded = _bounded(listing, window.checked())
    if window.is_counted:
        rows = (await _read_together(db, {0: bounded}, [(listing, window)]))[0]
    else:
        rows = await fetch_rows(db, _select(bounded, window), *bounded.values)
    return _page(rows, listing, window)


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
        kind = (listing.source, listing.columns, listing.keys, _is_upward(listing, window), window.is_counted)
        alike.setdefault(kind, {})[place] = bounded
    for group in alike.values():
        for part in batched(group.items(), _AT_ONCE):
            rows = await _read_together(db, dict(part), wanted)
            answers |= {place: _page(rows.get(place, []), *wanted[place]) for place, _ in part}
    return [answers[place] for place in range(len(wanted))]


async def read_all(db: BaseDBAsyncClient, listing: Listing) -> list[dict[str, Any]]:
    """The rows of a listing that its conditions bound, in no order."""
    statement = f"SELECT {listing.columns} FROM {listing.source}{_where(listing)}"
    return await fetch_rows(db, statement, *listing.values)


async def count_rows(db: BaseDBAsyncClient, listing: Listing) -> int:
    """How many rows the whole listing has."""
    (row,) = await fetch_rows(db, _count(listing), *listing.values)
    return int(row["list_total"])


async def _read_together(
    db: BaseDBAsyncClient, bounded: dict[int, Listing], wanted: Sequence[tuple[Listing, Window]]
) -> dict[int, list[dict[str, Any]]]:
    """The rows of pages of one source and direction, by place in `wanted`."""
    written: dict[Any, str] = {}  # most lists differ in their values alone
    pages = []
    for place, one in bounded.items():
        window = wanted[place][1]
        form = (one.conditions, one.is_found_first, window)
        page = written[form] if form in written else written.setdefault(form, _select(one, window))
        pages.append((page, _count(wanted[place][0]) if window.is_counted else "", len(one.values)))
    listing, window = wanted[next(iter(bounded))]
    order = ", ".join(f"{_key(place)} {_direction(listing, window)}" for place in range(len(listing.keys)))
    values = list(chain.from_iterable(one.values for one in bounded.values()))
    is_of_parents, is_postgres = _differ_in_a_text(pages, values), db.capabilities.dialect == "postgres"
    if is_of_parents and is_postgres:
        rows = await fetch_rows(db, _lateral(pages[0][0], order), values)
    elif is_of_parents and _row_id(listing) and not listing.is_found_first:
        statement = _correlated(replace(listing, values=()), window, order)
        rows = await fetch_rows(db, statement, orjson.dumps(values).decode())
    else:
        rows = await fetch_rows(db, _union(tuple(pages), order), *values)
    places = list(bounded)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(places[row.pop("place")], []).append(row)
    return found


def _differ_in_a_text(pages: Sequence[tuple[str, str, int]], values: list[Any]) -> bool:
    """Whether the pages are of one statement, which counts nothing and whose one value is a text: the id of a parent."""
    return len(set(pages)) == 1 and pages[0][1:] == ("", 1) and all(isinstance(value, str) for value in values)


def _lateral(page: str, order: str) -> str:
    """The statement of one page for each text of an array.

    However many pages there are it is short: asyncpg has statements of more than 15 KiB planned anew each time.
    """
    return (
        f"SELECT (parent.place - 1)::int AS place, page.* FROM unnest($1::text[]) WITH ORDINALITY AS parent(id, place) "
        f"CROSS JOIN LATERAL ({page.replace('$1', 'parent.id')}) AS page ORDER BY place, {order}"
    )


@lru_cache(_KEPT_SELECTS)
def _correlated(listing: Listing, window: Window, order: str) -> str:
    """The statement of one page for each text of a JSON array, on SQLite: it has no LATERAL.

    The rows of each page are found by their ids; like the page alone it reads no more of a list than its part.
    """
    direction, source = _direction(listing, window), listing.source
    first = ", ".join(f"{key} {direction}" for key in listing.keys)
    found = f"SELECT {_row_id(listing)} FROM {source}{_where(listing)} ORDER BY {first} {_limit(window)}"
    columns = f"{source}.*" if listing.columns == "*" else listing.columns
    return (
        f"SELECT parent.place, {columns}, {_keys(listing)} FROM (SELECT key AS place, value AS parent_id FROM json_each($1)) AS parent "
        f"JOIN {source} WHERE {_row_id(listing)} IN ({found.replace('$1', 'parent_id')}) ORDER BY place, {order}"
    )


def _row_id(listing: Listing) -> str:
    """SQL: the id of a row of the list; empty where it is not known."""
    return listing.row_id or (f"{listing.source}.id" if listing.source.isidentifier() else "")


@lru_cache(_KEPT_UNIONS)
def _union(pages: tuple[tuple[str, str, int], ...], order: str) -> str:
    """The statements of several pages as one.

    Args:
        pages: The statement of each, the statement that counts its list (or nothing), and how many values they have.
        order: Of the rows of one page.
    """
    statements = []
    first = 0
    for place, (page, count, values) in enumerate(pages):
        statements.append(_renumbered(_read_one(place, page, count), first))
        first += values
    return f"{' UNION ALL '.join(statements)} ORDER BY place, {order}"


def _read_one(place: int, page: str, count: str) -> str:
    """The page at `place`; where it is counted, with the total in each row, of which there is one for an empty page, too.

    One statement sees one moment, on SQLite and on PostgreSQL.
    """
    page = f"({page}) AS page_{place}"
    if not count:
        return f"SELECT {place} AS place, page_{place}.* FROM {page}"
    return (
        f"SELECT {place} AS place, list_total, page_{place}.* FROM ({count}) AS total_{place} LEFT JOIN {page} ON TRUE"
    )


def _count(listing: Listing) -> str:
    return f"SELECT count(*) AS list_total FROM {listing.source}{_where(listing)}"


def _renumbered(statement: str, first: int) -> str:
    """`statement` for values that come after `first` others."""
    return _PLACE.sub(lambda match: f"${int(match[1]) + first}", statement)


def _bounded(listing: Listing, window: Window) -> Listing:
    """`listing` between the cursors of `window`."""
    for cursor, name, is_upper in ((window.after, "after", False), (window.before, "before", True)):
        if cursor is not None:
            keys = read_cursor(cursor, listing, name)
            places = ", ".join("?" for _ in listing.keys)
            comparison = "<" if is_upper is not listing.is_descending else ">"
            listing = listing.where(f"({', '.join(listing.keys)}) {comparison} ({places})", *keys)
    return listing


def _select(bounded: Listing, window: Window) -> str:
    """One row more than the window has, from the end at which it begins."""
    return _select_text(replace(bounded, values=()), replace(window, after=None, before=None))


@lru_cache(_KEPT_SELECTS)
def _select_text(bounded: Listing, window: Window) -> str:
    """For any values and cursors."""
    direction = _direction(bounded, window)
    order = ", ".join(f"{key} {direction}" for key in bounded.keys)
    keys, limit = _keys(bounded), _limit(window)
    if not bounded.is_found_first:
        columns = f"{bounded.columns}, {keys}"
        return f"SELECT {columns} FROM {bounded.source}{_where(bounded)} ORDER BY {order} {limit}"
    found = f"SELECT id AS found_id, {keys} FROM {bounded.source}{_where(bounded)} ORDER BY {order} {limit}"
    names = _key_names(len(bounded.keys))
    return (
        f"SELECT {bounded.columns}, {', '.join(names)} FROM ({found}) AS found "
        f"JOIN {bounded.source} ON id = found_id ORDER BY {', '.join(f'{name} {direction}' for name in names)}"
    )


def _page(found: list[dict[str, Any]], listing: Listing, window: Window) -> Page:
    """The page of the rows that were found."""
    total = None
    if window.is_counted:
        totals = [int(row.pop("list_total")) for row in found]
        total = totals[0]
        found = [row for row in found if row[_key(0)] is not None]
    has_more = len(found) > window.size
    found = found[: window.size]
    if window.is_backward:
        found.reverse()
    names = _key_names(len(listing.keys))
    cursors = Cursors([[row.pop(name) for name in names] for row in found], listing)
    has_before = bool(window.after or window.offset)
    return Page(
        found,
        cursors,
        bool(window.before) if window.is_backward else has_more,
        has_more if window.is_backward else has_before,
        total,
    )


def batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """`values` in lists of at most `size` (`itertools.batched` of Python 3.12)."""
    iterator = iter(values)
    while part := list(islice(iterator, size)):
        yield part


def _is_upward(listing: Listing, window: Window) -> bool:
    return listing.is_descending is window.is_backward


def _direction(listing: Listing, window: Window) -> str:
    return "ASC" if _is_upward(listing, window) else "DESC"


def _keys(listing: Listing) -> str:
    return ", ".join(f"{key} AS {_key(place)}" for place, key in enumerate(listing.keys))


def _limit(window: Window) -> str:
    return f"LIMIT {window.size + 1}" + (f" OFFSET {window.offset}" if window.offset else "")


def _key(place: int) -> str:
    return f"key_{place}"


@cache
def _key_names(count: int) -> tuple[str, ...]:
    return tuple(_key(place) for place in range(count))


def _where(listing: Listing) -> str:
    return f" WHERE {' AND '.join(listing.conditions)}" if listing.conditions else ""
