"""A table as rows of text, whatever its file format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from processors.tables.text import Cell

Row = tuple[int, Sequence[Cell]]
"""A row's number as a spreadsheet shows it, from 1, and its cells from column A on."""

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
ROWS_NAMED = 10


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet, or a whole text file.

    Attributes:
        rows: All rows in order, blank ones included; may be read once.
        about: What the log says of it: "the sheet Contacts", "text in UTF-8, divided by commas".
        sheet: The name of the sheet; None for text.
        total_rows: About how many rows there are, for progress; None where it is not known.
        warnings: What the reader noticed while reading; grows as `rows` is read.
    """

    rows: Iterator[Row]
    about: str
    sheet: str | None = None
    total_rows: int | None = None
    warnings: list[str] = field(default_factory=list)


def name_rows(rows: Sequence[int]) -> str:
    """`rows` in words: "row 7", "rows 7, 8 and 9", the first ten of many."""
    if len(rows) == 1:
        return f"row {rows[0]}"
    if len(rows) > ROWS_NAMED:
        return f"{len(rows):,} rows, the first of them {', '.join(map(str, rows[:ROWS_NAMED]))}"
    return f"rows {', '.join(map(str, rows[:-1]))} and {rows[-1]}"


def column_letter(index: int) -> str:
    """The letter of a column as a spreadsheet shows it: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int | None:
    """0 for A, 26 for AA; None for what is no column letter of a spreadsheet."""
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        return None
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1 if number <= MAX_COLUMNS else None
