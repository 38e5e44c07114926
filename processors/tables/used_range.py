"""Claimed extent of a sheet, and the memory to read it.

The reader makes room for the whole rectangle between the first and the last cell that has a value, and a copy of its
text for every cell: one value in the last cell of a sheet asks it for hundreds of gigabytes, and so does one long text
that a million cells share. It then ends the process. So we look first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from base.errors import ErrorCode, Refusal
from processors.tables.archives import SAVE_AS_CSV, unsafe
from processors.tables.tables import MAX_COLUMNS, MAX_ROWS

MAX_MEMORY_BYTES = 800 * 2**20
BYTES_OF_ROOM, BYTES_OF_CELL = 32, 72
"""What calamine 0.9 takes at its peak for each cell of the rectangle, and more for each that has a value (measured)."""
BYTES_OF_MARKUP = 30
"""The least that a cell with a value takes in the XML of a sheet beside its text."""
MERE_CLAIM = 20
"""A rectangle of so many times the cells with a value, or texts of so many times the file, is no honest table."""


@dataclass(slots=True)
class UsedRange:
    """The rows and columns (from 1) of the cells with a value, how many there are, and how long their texts are.

    `text_bytes` counts a shared text once for each cell that shows it.
    """

    first_row: int = 0
    last_row: int = 0
    first_column: int = 0
    last_column: int = 0
    cells: int = 0
    text_bytes: int = 0

    def add(self, rows: Iterable[int], columns: Iterable[int], cells: int) -> None:
        """Take in `cells` cells in these rows and columns, of which there is at least one each."""
        first_row, last_row, first_column, last_column = min(rows), max(rows), min(columns), max(columns)
        if self.cells:
            first_row, first_column = min(first_row, self.first_row), min(first_column, self.first_column)
        self.first_row, self.last_row = first_row, max(last_row, self.last_row)
        self.first_column, self.last_column = first_column, max(last_column, self.last_column)
        self.cells += cells

    @property
    def area(self) -> int:
        """Cells of the rectangle."""
        if not self.cells:
            return 0
        return (self.last_row - self.first_row + 1) * (self.last_column - self.first_column + 1)

    def memory_bytes(self, part_bytes: int) -> int:
        """About what reading the sheet takes, when its XML has `part_bytes`."""
        own_texts = max(0, part_bytes - BYTES_OF_MARKUP * self.cells)
        return BYTES_OF_ROOM * self.area + BYTES_OF_CELL * self.cells + own_texts + self.text_bytes

    def check(self, part_bytes: int, max_memory_bytes: int = MAX_MEMORY_BYTES) -> None:
        """Refuse a sheet that does not fit: UNSAFE_ARCHIVE for a mere claim, FILE_TOO_LARGE for an honest table."""
        if self.last_column > MAX_COLUMNS or self.last_row > MAX_ROWS:
            raise unsafe(f"claims a cell in column {self.last_column:,} and row {self.last_row:,}, which no sheet has")
        memory = self.memory_bytes(part_bytes)
        if memory <= max_memory_bytes:
            return
        if self.area > MERE_CLAIM * self.cells:
            raise unsafe(f"claims {self.area:,} cells, of which only {self.cells:,} hold a value")
        if self.text_bytes > MERE_CLAIM * part_bytes:
            raise unsafe(f"claims {self.text_bytes / 2**20:,.0f} MiB of text by repeating the same texts")
        rows, columns = self.last_row - self.first_row + 1, self.last_column - self.first_column + 1
        message = (
            f"The sheet has {rows:,} rows and {columns:,} columns, for which a workbook takes about "
            f"{memory / 2**20:,.0f} MiB of memory; at most {max_memory_bytes // 2**20} MiB are taken. {SAVE_AS_CSV}"
        )
        raise Refusal(ErrorCode.FILE_TOO_LARGE, message)


def column_number(letters: bytes) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters[:8]:
        number = number * 26 + letter - 64
    return number
