"""Lists and windows on them, before anything is read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from base.errors import ErrorCode, Refusal

DEFAULT_SIZE = 50
MAX_SIZE = 100


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
    is_counted: bool = False
    """Whether the whole list is counted, at the same moment."""

    @property
    def size(self) -> int:
        """Rows asked for."""
        if self.first is not None:
            return self.first
        return DEFAULT_SIZE if self.last is None else self.last

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
    parent: str = ""
    """SQL: the id of the parent of a row, where each of many has such a list; no condition names it."""
    row_id: str = "id"
    """SQL: the id of the row that is one of the list."""

    def where(self, condition: str, *values: Any) -> "Listing":
        """This list with one more condition, in which each `?` stands for the next value."""
        count = len(self.values)
        for number in range(len(values)):
            condition = condition.replace("?", f"${count + number + 1}", 1)
        return replace(self, conditions=(*self.conditions, condition), values=(*self.values, *values))

    def where_in(self, column: str, values: Sequence[str]) -> "Listing":
        """This list without the rows whose `column` is none of `values`."""
        return self.where(f"{column} IN ({', '.join('?' for _ in values)})", *values) if values else self.where("1 = 0")


@dataclass(slots=True)
class Page:
    """Some rows of a listing in its order, as they were at one moment; each has a cursor, which is written when it is read."""

    rows: Sequence[dict[str, Any]]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool
    total: int | None = None
    """Rows of the whole listing when the page was read; None where the window is not counted."""


def check_length(field: str, values: Sequence[object], most: int) -> None:
    """Raises Refusal BAD_INPUT where a client names more than `most` values in `field`."""
    if len(values) > most:
        raise Refusal(ErrorCode.BAD_INPUT, f"{field} takes at most {most} values: ask for less at once.", field)


def unsought(column: str) -> str:
    """`column` in a form that no index is chosen for: another one has fewer rows, or has the order and this column, too."""
    return f"coalesce({column}, '')"
