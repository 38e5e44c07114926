"""Facts of .xlsx sheets: hidden rows, formulas without a value, number formats."""

import re
from array import array
from collections.abc import Iterator, Mapping
from itertools import groupby

from processors.tables.number_formats import DigitFormat
from processors.tables.sheet_notes import SheetNotes
from processors.tables.tables import Row
from processors.tables.text import Cell
from processors.tables.used_range import column_number

HIDDEN_ROW = re.compile(rb'<row r="([0-9]{1,7})"[^<>]* hidden="(?:1|true)"')
UNSAVED = re.compile(
    rb'<c r="([A-Z]{1,3}[0-9]{1,7})"([^<>]*)><f(?:[^<>]*/>|[^<>]*>[^<]*</f>)\s*(<v\s*/>|<v>\s*</v>)?\s*</c>'
)
STYLED_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})" s="([0-9]{1,5})"(?: t="n")?>')
TEXT_TYPE = b't="str"'
ROW_SHIFT, COLUMN_SHIFT = 40, 20
"""Where the row and the column (from 1) stand in an entry of `shown`; the style is below them."""


class SheetFacts:
    """What the XML of one sheet says; `formats` are the number formats by style."""

    def __init__(self, formats: Mapping[int, DigitFormat]) -> None:
        self.formats = formats
        self.notes = SheetNotes()
        self.hidden = array("L")
        self.shown = array("Q")

    def add_block(self, block: bytes) -> None:
        """Look through XML as Excel writes it, cut between two cells."""
        if b" hidden=" in block:
            self.hidden.extend(map(int, HIDDEN_ROW.findall(block)))
        if b"<f" in block:
            for reference, attributes, value in UNSAVED.findall(block):
                self.add_formula(reference.decode(), is_saved=bool(value) and TEXT_TYPE in attributes)
        if self.formats:
            for letters, row, style in STYLED_CELL.findall(block):
                self.add_styled(int(row), column_number(letters), int(style))

    def add_formula(self, reference: str, *, is_saved: bool) -> None:
        """A formula; an empty text is a value, too."""
        if not is_saved:
            self.notes.add_unsaved(reference)

    def add_styled(self, row: int, column: int, style: int) -> None:
        """A cell with a style, which may have a format."""
        if style in self.formats:
            self.shown.append(row << ROW_SHIFT | column << COLUMN_SHIFT | style)

    def apply(self, rows: Iterator[Row], warnings: list[str]) -> Iterator[Row]:
        """The same rows with numbers as their formats show them; what is to be said of the sheet goes into `warnings`."""
        hidden = iter(sorted(self.hidden))
        shown = groupby(sorted(self.shown), lambda one: one >> ROW_SHIFT)
        next_hidden, (next_shown, styled) = next(hidden, 0), next(shown, (0, iter(())))
        for number, given in rows:
            cells = given
            if number == next_shown:
                cells = self.show_row(list(given), styled)
                next_shown, styled = next(shown, (0, iter(())))
            if number == next_hidden:
                if any(cell not in {None, ""} for cell in cells):
                    self.notes.hidden.append(number)
                next_hidden = next((row for row in hidden if row > number), 0)
            yield number, cells
        warnings += self.notes.sentences()

    def show_row(self, cells: list[Cell], styled: Iterator[int]) -> list[Cell]:
        """`cells` with the numbers in the places of `styled` as their formats show them."""
        for entry in styled:
            column = (entry >> COLUMN_SHIFT & 2**COLUMN_SHIFT - 1) - 1
            if column < len(cells):
                cells[column] = self.formats[entry & 2**COLUMN_SHIFT - 1].show(cells[column])
        return cells
