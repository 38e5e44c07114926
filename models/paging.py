"""Pages of rows by keyset: a page stays where it is while rows are inserted before it, however deep it lies."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import islice
from typing import Any, TypeVar

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from models.cursors import Cursors, read_cursor
from models.listing import Listing, Page, Window
from models.sql import fetch_rows

_AT_ONCE = 100
"""Lists that one statement reads."""
_KEPT_SELECTS = 1_024
"""Statements that are kept: building one takes longer than many a database takes to answer it."""

T = TypeVar("T")


async def read_page(db: BaseDBAsyncClient, listing: Listing, window: Window) -> Page:
    """Read the part of `listing` that `window` names, with one statement.

    Raises:
        Refusal: BAD_INPUT for a window that makes no sense or a cursor that is not one of this list.
    """
    bounded = _bounded(listing, window.checked())
    rows = await fetch_rows(db, _select(*_forms(listing, bounded, window)), *bounded.values)
    (page,) = _pages([rows], listing, window)
    return page


async def read_pages(db: BaseDBAsyncClient, listing: Listing, parent_ids: Sequence[str], window: Window) -> list[Page]:
    """Read the same part of the list of each parent, with one statement per 100 of them.

    Raises:
        Refusal: As `read_page` does.
    """
    bounded = _bounded(listing, window.checked())
    is_postgres = db.capabilities.dialect == "postgres"
    forms = _forms(_of_parent(listing), _of_parent(bounded), window)
    statement = _select_of_each(*forms, len(bounded.values) + 1, is_postgres=is_postgres)
    found: list[list[dict[str, Any]]] = [[] for _ in parent_ids]
    for first in range(0, len(parent_ids), _AT_ONCE):
        parents = parent_ids[first : first + _AT_ONCE]
        given = parents if is_postgres else orjson.dumps(parents).decode()
        for row in await fetch_rows(db, statement, *bounded.values, given):
            found[first + row.pop("place")].append(row)
    return _pages(found, listing, window)


async def read_all(db: BaseDBAsyncClient, listing: Listing) -> list[dict[str, Any]]:
    """The rows of a listing that its conditions bound, in no order."""
    statement = f"SELECT {listing.columns} FROM {listing.source}{_where(listing)}"
    return await fetch_rows(db, statement, *listing.values)


async def count_rows(db: BaseDBAsyncClient, listing: Listing) -> int:
    """How many rows the whole listing has."""
    (row,) = await fetch_rows(db, _count(listing), *listing.values)
    return int(row["list_total"])


def _of_parent(listing: Listing) -> Listing:
    """The list of the parent that a statement calls `parent_id`."""
    return replace(listing, conditions=(*listing.conditions, f"{listing.parent} = parent_id"))


def _forms(listing: Listing, bounded: Listing, window: Window) -> tuple[Listing, Listing, Window]:
    """The same without values and cursors: of that there are few, and each has its statement."""
    window = replace(window, after=None, before=None)
    bounded = replace(bounded, values=())
    return replace(listing, values=()) if window.is_counted else bounded, bounded, window


def _bounded(listing: Listing, window: Window) -> Listing:
    """`listing` between the cursors of `window`."""
    for cursor, name, is_upper in ((window.after, "after", False), (window.before, "before", True)):
        if cursor is not None:
            keys = read_cursor(cursor, listing, name)
            places = ", ".join("?" for _ in listing.keys)
            comparison = "<" if is_upper is not listing.is_descending else ">"
            listing = listing.where(f"({', '.join(listing.keys)}) {comparison} ({places})", *keys)
    return listing


@lru_cache(_KEPT_SELECTS)
def _select(listing: Listing, bounded: Listing, window: Window) -> str:
    """The statement of a page; where that is counted, each row has the total, and an empty page has one row with it.

    One statement sees one moment, on SQLite and on PostgreSQL.

    Args:
        listing: The whole list, which is counted.
        bounded: The list between the cursors of `window`.
        window: Without its cursors.
    """
    page = _select_page(bounded, window)
    if not window.is_counted:
        return page
    return f"SELECT * FROM ({_count(listing)}) AS total LEFT JOIN ({page}) AS page ON TRUE ORDER BY {_order(bounded, window)}"


@lru_cache(_KEPT_SELECTS)
def _select_of_each(listing: Listing, bounded: Listing, window: Window, place: int, *, is_postgres: bool) -> str:
    """The statement of `_select` for each parent of an array, which is the value at `place`; on SQLite it is one of JSON.

    It is short for any number of parents: asyncpg has statements of more than 15 KiB planned anew each time.
    """
    order = _order(bounded, window)
    if is_postgres:
        parents = f"(SELECT id AS parent_id, place::int - 1 AS place FROM unnest(${place}::text[]) WITH ORDINALITY AS given(id, place))"
        page = f"SELECT place, page.* FROM {parents} AS parent CROSS JOIN LATERAL ({_select_page(bounded, window)}) AS page"
    else:
        parents = f"(SELECT value AS parent_id, key AS place FROM json_each(${place}))"
        page = f"SELECT place, {_columns(bounded)} FROM {parents} AS parent JOIN {bounded.source} WHERE {_found(bounded, window)}"
    if window.is_counted:
        total = f"SELECT place, ({_count(listing)}) AS list_total FROM {parents} AS parent"
        page = f"SELECT * FROM ({total}) AS total LEFT JOIN ({page}) AS page USING (place)"
    return f"{page} ORDER BY place, {order}"


def _found(bounded: Listing, window: Window) -> str:
    """The condition of rows of a page, by their ids: SQLite has no LATERAL, and reads no more of a list than its part so."""
    order = ", ".join(f"{key} {_direction(bounded, window)}" for key in bounded.keys)
    found = f"SELECT {bounded.row_id} FROM {bounded.source}{_where(bounded)} ORDER BY {order} {_limit(window)}"
    return f"{bounded.row_id} IN ({found})"


def _select_page(bounded: Listing, window: Window) -> str:
    """One row more than the window has, from the end at which it begins."""
    direction = _direction(bounded, window)
    order = ", ".join(f"{key} {direction}" for key in bounded.keys)
    if not bounded.is_found_first:
        return f"SELECT {_columns(bounded)} FROM {bounded.source}{_where(bounded)} ORDER BY {order} {_limit(window)}"
    found = f"SELECT id AS found_id, {_keys(bounded)} FROM {bounded.source}{_where(bounded)} ORDER BY {order} {_limit(window)}"
    names = ", ".join(_key_names(len(bounded.keys)))
    return (
        f"SELECT {bounded.columns}, {names} FROM ({found}) AS found "
        f"JOIN {bounded.source} ON id = found_id ORDER BY {_order(bounded, window)}"
    )


def _columns(listing: Listing) -> str:
    """Those of the list, and its keys."""
    columns = f"{listing.source}.*" if listing.columns == "*" else listing.columns
    return f"{columns}, {_keys(listing)}"


def _order(listing: Listing, window: Window) -> str:
    return ", ".join(f"{name} {_direction(listing, window)}" for name in _key_names(len(listing.keys)))


def _count(listing: Listing) -> str:
    return f"SELECT count(*) AS list_total FROM {listing.source}{_where(listing)}"


def _pages(found: Iterable[list[dict[str, Any]]], listing: Listing, window: Window) -> list[Page]:
    """The page of each list of which these rows were found."""
    names, size, is_backward = _key_names(len(listing.keys)), window.size, window.is_backward
    has_before, has_after = bool(window.after or window.offset), bool(window.before)
    pages = []
    for rows in found:
        total = _pop_total(rows) if window.is_counted else None
        has_more = len(rows) > size
        if has_more:
            del rows[size:]
        if is_backward:
            rows.reverse()
        cursors = Cursors([tuple(map(row.pop, names)) for row in rows], listing)
        has_next, has_previous = (has_after, has_more) if is_backward else (has_more, has_before)
        pages.append(Page(rows, cursors, has_next, has_previous, total))
    return pages


def _pop_total(rows: list[dict[str, Any]]) -> int:
    """The total that each row has, an empty page one row with nothing else, which goes."""
    total = 0
    for row in rows:
        total = int(row.pop("list_total"))
    if rows[0][_key(0)] is None:
        rows.clear()
    return total


def batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """`values` in lists of at most `size` (`itertools.batched` of Python 3.12)."""
    iterator = iter(values)
    while part := list(islice(iterator, size)):
        yield part


def _direction(listing: Listing, window: Window) -> str:
    return "ASC" if listing.is_descending is window.is_backward else "DESC"


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
