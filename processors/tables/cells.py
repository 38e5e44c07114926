"""Cells that are written, and formulas that a spreadsheet sees in them."""

Values = list[str | int | None]
FORMULA_STARTS = frozenset("=+-@\t\r")
"""First characters that make a spreadsheet take text for a formula."""


def joined_text(values: Values) -> str:
    """All text of a row, a `|` before each cell: one look at it tells what its cells need, for most of them nothing."""
    return "|" + "|".join([value for value in values if type(value) is str])


def may_begin_formula(text: str) -> bool:
    """Whether a cell of a row's `joined_text` may begin like a formula."""
    return "|+" in text or "|-" in text or "|=" in text or "|@" in text or not text.isprintable()
