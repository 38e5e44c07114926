"""Cells that are written, and formulas that a spreadsheet sees in them."""

from collections.abc import Sequence
from dataclasses import dataclass

Values = list[str | int | None]
FORMULA_STARTS = frozenset("=+-@\t\r")
"""First characters that make a spreadsheet take text for a formula."""


@dataclass(slots=True)
class TextRow:
    """A row to write, with all its text, a `|` before each cell: one look at that tells what the cells need, mostly nothing.

    `formulas` are the places of the cells that begin like a formula.
    """

    values: Values
    text: str
    is_printable: bool
    formulas: Sequence[int]


def text_row(values: Values) -> TextRow:
    """`values` with what is to be known of their text."""
    text = "|" + "|".join([value for value in values if type(value) is str])
    is_printable = text.isprintable()
    may_begin = "|+" in text or "|-" in text or "|=" in text or "|@" in text or not is_printable
    return TextRow(values, text, is_printable, find_formulas(values) if may_begin else ())


def find_formulas(values: Values) -> list[int]:
    """The places of all text that begins like a formula."""
    return [place for place, value in enumerate(values) if type(value) is str and value and value[0] in FORMULA_STARTS]
