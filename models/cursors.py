"""Cursors: the keys of a row as text that only its own list takes."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, overload
from zlib import crc32

import orjson

from base.errors import ErrorCode, Refusal
from models.listing import KeyType, Listing


class Cursors(Sequence[str]):
    """The cursors of a page, each written when it is read: most answers show the two at the ends, or none."""

    def __init__(self, keys: Sequence[Sequence[Any]], listing: Listing) -> None:
        self._keys = keys
        self._listing = listing

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return Cursors(self._keys[place], self._listing)
        return write_cursor(self._keys[place], self._listing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


def write_cursor(keys: Sequence[Any], listing: Listing) -> str:
    """JSON in base64url, with the mark of the list before the keys."""
    if listing.is_its_own_cursor:
        return str(keys[0])
    return urlsafe_b64encode(orjson.dumps([_mark(listing), *keys])).decode().rstrip("=")


def _mark(listing: Listing) -> int:
    """Tells the cursors of one table, order and direction from those of another."""
    return crc32(" ".join((listing.source, *listing.keys, "DESC" if listing.is_descending else "ASC")).encode())


def read_cursor(cursor: str, listing: Listing, name: str) -> list[Any]:
    """The keys in a cursor of `listing` that came as the argument `name`.

    Raises:
        Refusal: BAD_INPUT for one of another list, or none.
    """
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
