"""Which column of a table holds which field, and where the table begins: the outcome of looking at its first rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from processors.leads.fields import Field
from processors.leads.tables import column_letter

WITH_FALLBACK = (Field.EMAIL, Field.PHONE)
"""Fields that take a second column of their kind where the first gives nothing usable."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        index: From 0, as a spreadsheet counts: 0 is column A.
        heading: Unique among the columns; "Column D" where there is none.
        field: What it holds; None for an extra column.
        found_by: "heading", "contents" or "option"; "fallback" for a second column of the same field, which stays an
            extra column and helps out; None for an extra column.
    """

    index: int
    heading: str
    field: Field | None = None
    found_by: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """All columns of a table, in order. `header_row` is its number in the spreadsheet, None where there is none."""

    header_row: int | None
    columns: tuple[Column, ...]

    def sources(self, field: Field) -> tuple[int, ...]:
        """The indices of the columns that `field` is read from, the first one first; none where it has no column."""
        own = [column for column in self.columns if column.field is field]
        return tuple(column.index for column in sorted(own, key=lambda one: one.found_by == "fallback"))

    def extras(self) -> tuple[Column, ...]:
        """The columns whose values stay beside the fields."""
        return tuple(column for column in self.columns if column.field is None or column.found_by == "fallback")

    def with_columns(self, indices: Iterable[int]) -> "Mapping":
        """The same with more extra columns, which have values but no heading."""
        taken = {column.heading.casefold(): 2 for column in self.columns}
        added = [Column(index, name_apart(f"Column {column_letter(index)}", taken)) for index in indices]
        return Mapping(self.header_row, tuple(sorted((*self.columns, *added), key=lambda one: one.index)))

    def to_json(self) -> dict[str, Any]:
        """For plan.json and report.json."""
        return {
            "headerRow": self.header_row,
            "columns": [
                {
                    "column": column_letter(one.index),
                    "index": one.index,
                    "heading": one.heading,
                    "field": one.field,
                    "foundBy": one.found_by,
                }
                for one in self.columns
            ],
        }

    @staticmethod
    def from_json(value: dict[str, Any]) -> "Mapping":
        """What `to_json` wrote."""
        columns = tuple(
            Column(one["index"], one["heading"], Field(one["field"]) if one["field"] else None, one["foundBy"])
            for one in value["columns"]
        )
        return Mapping(value["headerRow"], columns)


def name_columns(cells: Sequence[str | None], width: int) -> list[str]:
    """A heading for each of `width` columns: its own, or its letter, with a number where it stood before."""
    taken: dict[str, int] = {}
    given = (cells[index] if index < len(cells) else None for index in range(width))
    return [name_apart(heading or f"Column {column_letter(index)}", taken) for index, heading in enumerate(given)]


def name_apart(heading: str, taken: dict[str, int]) -> str:
    """`heading`, with a number if it (whatever its case) is in `taken`, to which it is added.

    `taken` has the names that are there, case folded, each with the number to try first for the next one like it.
    """
    name, number = heading, taken.get(heading.casefold(), 2)
    while name.casefold() in taken:
        name = f"{heading} ({number})"
        number += 1
    taken[heading.casefold()] = number
    taken[name.casefold()] = taken.get(name.casefold(), 2)
    return name
