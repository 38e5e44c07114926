"""Mapping of columns to fields, and the row where data begins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from processors.leads.fields import LABELS, Field
from processors.tables.tables import column_letter
from processors.tables.text import one_line

HOW = {"contents": "{} (guessed by its contents, which make no duplicates)", "option": "{} (option)"}
MOST_OF_FIELD, MOST_LEFT, SHOWN_CHARACTERS = 4, 8, 60
LATE = "It has no heading, and no value in the first rows."


class NameOrder(StrEnum):
    """In which order the names of a person stand in one cell, as the heading says: "Nachname, Vorname"."""

    FIRST_LAST = "firstLast"
    LAST_FIRST = "lastFirst"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        index: From 0, as a spreadsheet counts: 0 is column A.
        heading: Unique among the columns; "Column D" where there is none.
        field: What it holds; None for an extra column.
        found_by: "heading", "contents" or "option"; None for an extra column.
        place: 0 for the column that the field is read from first. 1, 2 and so on help out in rows where those before
            them give nothing usable, and stay extra columns.
        order: Of a name, where its heading tells.
        identifies: Whether equal values mean the same person: not where the column was guessed by its contents, nor where
            it is for the phone number or address of a company.
        reason: For people: why it is what it is, or why it is an extra column.
    """

    index: int
    heading: str
    field: Field | None = None
    found_by: str | None = None
    place: int = 0
    order: NameOrder | None = None
    identifies: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """All columns of a table, in order. `header_row` is its number in the spreadsheet, None where there is none."""

    header_row: int | None
    columns: tuple[Column, ...]

    def sources(self, field: Field) -> tuple[int, ...]:
        """The indices of the columns that `field` is read from, the first one first; none where it has no column."""
        own = [column for column in self.columns if column.field is field]
        return tuple(column.index for column in sorted(own, key=lambda one: one.place))

    def extras(self) -> tuple[Column, ...]:
        """The columns whose values stay beside the fields."""
        return tuple(column for column in self.columns if column.field is None or column.place)

    def identifying(self) -> "Mapping":
        """The same without the columns in which equal values do not mean the same person."""
        kept = (column for column in self.columns if column.identifies or column.field is Field.COUNTRY)
        return Mapping(self.header_row, tuple(kept))

    def with_columns(self, indices: Iterable[int]) -> "Mapping":
        """The same with more extra columns, which have values but no heading."""
        taken = {column.heading.casefold(): 2 for column in self.columns}
        added = [Column(index, name_apart(f"Column {column_letter(index)}", taken), reason=LATE) for index in indices]
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
                    "place": one.place,
                    "order": one.order,
                    "identifies": one.identifies,
                    "reason": one.reason,
                }
                for one in self.columns
            ],
        }

    @staticmethod
    def from_json(value: dict[str, Any]) -> "Mapping":
        """What `to_json` wrote."""
        columns = tuple(
            Column(
                one["index"],
                one["heading"],
                Field(one["field"]) if one["field"] else None,
                one["foundBy"],
                one["place"],
                NameOrder(one["order"]) if one["order"] else None,
                one["identifies"],
                one["reason"],
            )
            for one in value["columns"]
        )
        return Mapping(value["headerRow"], columns)


def name_columns(cells: Sequence[str | None], width: int) -> list[str]:
    """A heading for each of `width` columns: its own, or its letter, with a number where it stood before."""
    taken: dict[str, int] = {}
    given = (one_line(cells[index] or "") if index < len(cells) else "" for index in range(width))
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


def describe_columns(mapping: Mapping) -> str:
    """One sentence for people: each field with its columns and by what they were found, then why the others are none.

    Long lists are cut: report.json has all of it.
    """
    parts = []
    for field, title in LABELS.items():
        own = sorted((one for one in mapping.columns if one.field is field), key=lambda one: one.place)
        if own:
            named = [HOW.get(one.found_by or "", "{}").format(shown(mapping, one)) for one in own]
            parts.append(f"{title} from {listed(named, MOST_OF_FIELD)}")
    left: dict[str, list[str]] = {}
    for one in mapping.columns:
        if one.field is None:
            left.setdefault(one.reason.partition(" (")[0].rstrip("."), []).append(shown(mapping, one))
    told = [f"{listed(headings, MOST_LEFT)}: {reason}." for reason, headings in left.items()]
    sentences = [f"Columns: {'; '.join(parts)}."]
    if told:
        sentences.append(f"Kept as they are: {' '.join(told)}")
    return " ".join(sentences)


def listed(texts: Sequence[str], most: int) -> str:
    """The first `most` of `texts`, and how many more there are."""
    named = ", ".join(texts[:most])
    return f"{named} and {len(texts) - most:,} more" if len(texts) > most else named


def shown(mapping: Mapping, column: Column) -> str:
    """What people call a column, cut where it is long."""
    heading = (
        column.heading if len(column.heading) <= SHOWN_CHARACTERS else f"{column.heading[: SHOWN_CHARACTERS - 1]}…"
    )
    return f'"{heading}"' if mapping.header_row else f"column {column_letter(column.index)}"
