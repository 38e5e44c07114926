"""Sheets of .ods workbooks (OpenDocument 1.3), read as a stream.

calamine loses the tabs of a cell, and reads no document that is indented, as Gnumeric and SheetJS write it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from base.errors import ErrorCode, Refusal
from processors.archives.member import Member
from processors.tables.archives import PROTECTED, damaged, open_archive, unsafe
from processors.tables.ods_cells import (
    DRAWING,
    NAMESPACE_END,
    NOT_SHOWN,
    PARAGRAPHS,
    STYLE,
    TABLE,
    VALUE_TYPE,
    CellText,
    read_value,
)
from processors.tables.sheet_notes import SheetNotes
from processors.tables.tables import MAX_COLUMNS, MAX_ROWS, Row, Table, column_letter
from processors.tables.text import Cell
from processors.tables.used_range import MERE_CLAIM
from processors.tables.xml_parts import open_parser, parse, parse_whole, whole_blocks

CONTENT, MANIFEST = "content.xml", "META-INF/manifest.xml"
SHEET, ROW = TABLE + "table", TABLE + "table-row"
CELLS = frozenset({TABLE + "table-cell", TABLE + "covered-table-cell"})
COLUMNS_REPEATED, ROWS_REPEATED = TABLE + "number-columns-repeated", TABLE + "number-rows-repeated"
VISIBILITY, FORMULA = TABLE + "visibility", TABLE + "formula"
HIDDEN = frozenset({"collapse", "filter"})
HONEST_CELLS = 1_000_000
"""So many cells may a sheet have however few of them are written."""
MAX_DEPTH = 256


@dataclass(slots=True)
class OdsSheet:
    """A sheet: its name and style, whether it is visible, and about how many rows it has."""

    name: str
    style: str
    is_visible: bool = True
    rows: int = 0


class OdsWorkbook:
    """An .ods workbook. Raises Refusal: CORRUPT_FILE (damaged, or protected by a password) or UNSAFE_ARCHIVE."""

    def __init__(self, path: Path) -> None:
        parts = {part.full_name: part for part in open_archive(path)}
        if MANIFEST in parts and any(b"encryption-data" in block for block in whole_blocks(parts[MANIFEST])):
            raise Refusal(ErrorCode.CORRUPT_FILE, PROTECTED)
        if CONTENT not in parts:
            raise damaged()
        self.content: Member = parts[CONTENT]
        self.sheets = list_sheets(self.content)

    def sheet_names(self) -> list[str]:
        """All names, those of visible sheets first."""
        return [one.name for one in sorted(self.sheets, key=lambda one: not one.is_visible)]

    def read_sheet(self, name: str) -> Table:
        """The first sheet of that name, whose rows are read when they are asked for."""
        place = next(place for place, sheet in enumerate(self.sheets) if sheet.name == name)
        reader = SheetReader(place)
        return Table(
            read_rows(self.content, reader), f'the sheet "{name}"', name, self.sheets[place].rows, reader.warnings
        )


class Outline:
    """Finds the sheets of a document, outermost tables only, and the styles that hide them."""

    def __init__(self) -> None:
        self.sheets: list[OdsSheet] = []
        self.hiding: set[str] = set()
        self.style = ""
        self.row = self.depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise damaged()
        if name == ROW and self.sheets:
            self.row += repeated(attributes, ROWS_REPEATED)
        elif name in CELLS and self.sheets:
            if VALUE_TYPE in attributes:
                self.sheets[-1].rows = min(self.row, MAX_ROWS)
        elif name == SHEET:
            if attributes.get(TABLE + "is-sub-table") != "true":
                self.sheets.append(
                    OdsSheet(attributes.get(TABLE + "name", ""), attributes.get(TABLE + "style-name", ""))
                )
                self.row = 0
        elif name == STYLE + "style":
            self.style = attributes.get(STYLE + "name", "")
        elif name == STYLE + "table-properties" and attributes.get(TABLE + "display") == "false":
            self.hiding.add(self.style)

    def end(self, _: str) -> None:
        """An element ends."""
        self.depth -= 1


def list_sheets(content: Member) -> list[OdsSheet]:
    """The sheets in their order. Raises Refusal as `parse` does."""
    outline = Outline()
    parser = open_parser(NAMESPACE_END)
    parser.StartElementHandler = outline.start
    parser.EndElementHandler = outline.end
    parse_whole(parser, content)
    for sheet in outline.sheets:
        sheet.is_visible = sheet.style not in outline.hiding
    return outline.sheets


class SheetReader:
    """Follows the elements of a document and collects the rows of the sheet at `place`, but no blank ones.

    `warnings` are complete when all rows are read.
    """

    def __init__(self, place: int) -> None:
        self.sheets_to_go = place + 1
        self.depth = self.skipped = self.sheet_depth = 0
        self.row = self.column = 0
        self.cells: list[Cell] = []
        self.cell: dict[str, str] | None = None
        self.text: CellText | None = None
        self.row_attributes: dict[str, str] = {}
        self.unsaved: list[str] = []
        self.rows: list[Row] = []
        self.is_done = False
        self.read = self.written = 0
        self.notes = SheetNotes()
        self.warnings: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        if self.skipped or self.is_done:
            self.skipped += not self.is_done
        elif name == SHEET:
            self.start_sheet(attributes)
        elif not self.sheet_depth:
            return
        elif name in CELLS:
            self.cell, self.text = attributes, CellText()
        elif name == ROW:
            self.row_attributes = attributes
            self.cells, self.column, self.unsaved = [], 0, []
        elif name in NOT_SHOWN or name.startswith(DRAWING):
            self.skipped = 1
        elif self.text is not None:
            if name in PARAGRAPHS:
                self.text.start_paragraph()
            else:
                self.text.add_element(name, attributes)

    def start_sheet(self, attributes: dict[str, str]) -> None:
        """A table begins: a sheet, or a table within a cell, which is none of its text."""
        if self.sheet_depth or attributes.get(TABLE + "is-sub-table") == "true":
            self.skipped = 1
            return
        self.sheets_to_go -= 1
        if self.sheets_to_go == 0:
            self.sheet_depth = self.depth

    def add_text(self, data: str) -> None:
        """Characters, which belong to a cell within its paragraphs."""
        if self.text is not None and self.text.paragraphs and not self.skipped:
            self.text.add_markup(data)

    def end(self, name: str) -> None:
        """An element ends."""
        if self.skipped:
            self.skipped -= 1
        elif name in CELLS and self.cell is not None:
            self.end_cell()
        elif name == ROW and self.sheet_depth:
            self.end_row()
        elif self.depth == self.sheet_depth:
            self.is_done, self.sheet_depth = True, 0
            self.warnings += self.notes.sentences()
        self.depth -= 1

    def end_cell(self) -> None:
        """Take the value of a cell as often as it is repeated."""
        attributes, text = self.cell, self.text
        self.cell = self.text = None
        if attributes is None or text is None:
            return
        count = repeated(attributes, COLUMNS_REPEATED)
        value = read_value(attributes, text)
        if value is not None and value != "":
            if self.column + count > MAX_COLUMNS:
                raise damaged()
            self.cells += [None] * (self.column - len(self.cells)) + [value] * count
            self.written += 1
        elif FORMULA in attributes and VALUE_TYPE not in attributes:
            self.unsaved.append(column_letter(min(self.column, MAX_COLUMNS)))
        self.column += count

    def end_row(self) -> None:
        """Hand out a row as often as it is repeated."""
        count = repeated(self.row_attributes, ROWS_REPEATED)
        first, self.row = self.row + 1, self.row + count
        for column in self.unsaved:
            self.notes.add_unsaved(f"{column}{first}")
        if not self.cells:
            return
        self.read += count * len(self.cells)
        if self.row > MAX_ROWS or (self.read > HONEST_CELLS and self.read > MERE_CLAIM * self.written):
            raise unsafe(f"claims more cells than it has: {self.read:,}, of which {self.written:,} are written")
        if self.row_attributes.get(VISIBILITY) in HIDDEN:
            self.notes.hidden.extend(range(first, self.row + 1))
        self.rows += [(number, self.cells) for number in range(first, self.row + 1)]


def read_rows(content: Member, reader: SheetReader) -> Iterator[Row]:
    """The rows that `reader` collects. Raises Refusal as `parse` does."""
    parser = open_parser(NAMESPACE_END)
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.add_text
    parser.EndElementHandler = reader.end
    for _ in parse(parser, content):
        yield from reader.rows
        reader.rows.clear()
        if reader.is_done:
            return


def repeated(attributes: dict[str, str], name: str) -> int:
    """How often a row or cell is repeated: at least once."""
    value = attributes.get(name, "1")
    return max(1, int(value[:9])) if value.isdecimal() else 1
