"""Cells that are written, and formulas that a spreadsheet sees in them."""

from dataclasses import dataclass

Values = list[str | int | None]
FORMULA_STARTS = frozenset("=+-@\t\r")
"""First characters that make a spreadsheet take text for a formula."""


@dataclass(slots=True)
class TextRow:
    """A row to write, with all its text, a `|` before each cell: one look at that tells what the cells need, mostly nothing."""

    values: Values
    text: str
    is_printable: bool


def text_row(values: Values) -> TextRow:
    """`values` with what is to be known of their text."""
    text = "|" + "|".join([value for value in values if type(value) is str])
    return TextRow(values, text, text.isprintable())


def may_begin_formula(row: TextRow) -> bool:
    """Whether a cell of `row` may begin like a formula."""
    text = row.text
    return "|+" in text or "|-" in text or "|=" in text or "|@" in text or not row.is_printable
