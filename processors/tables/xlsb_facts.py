"""Facts of .xlsb sheets (MS-XLSB 2.4): hidden rows and number formats, from the records that name them."""

import struct
from collections.abc import Iterable, Iterator
from struct import Struct

from processors.archives.member import Member
from processors.tables.archives import damaged
from processors.tables.number_formats import DigitFormat, formats_of_styles
from processors.tables.sheet_facts import SheetFacts
from processors.tables.sheet_names import parts_of_sheets
from processors.tables.tables import MAX_COLUMNS, MAX_ROWS
from processors.tables.xlsb_records import ROW, long_records, read_records

WORKBOOK, RELATIONS, STYLES = "xl/workbook.bin", "xl/_rels/workbook.bin.rels", "xl/styles.bin"
SHEET, FORMAT, STYLE, STYLES_BEGIN, STYLES_END = 156, 44, 47, 617, 618
"""BrtBundleSh, BrtFmt, BrtXF, BrtBeginCellXFs, BrtEndCellXFs."""
NUMBERS = frozenset({2, 5, 9})
"""BrtCellRk, BrtCellReal, BrtFmlaNum."""
IS_HIDDEN = 0x10
ROW_HEADER, CELL, LENGTH, NUMBER = Struct("<I7xB"), Struct("<II"), Struct("<I"), Struct("<H")
STYLE_BITS = 2**24 - 1


def find_facts(parts: list[Member]) -> dict[str, SheetFacts]:
    """The facts of the sheets by their names. Raises Refusal CORRUPT_FILE where the records that tell them are broken."""
    by_path = {part.full_name.lower().replace("\\", "/"): part for part in parts}
    try:
        formats = read_styles(by_path[STYLES]) if STYLES in by_path else {}
        sheets = dict(sheet_relations(by_path[WORKBOOK]))
        return {name: read_sheet(part, formats) for name, part in parts_of_sheets(by_path, sheets, RELATIONS).items()}
    except struct.error as error:
        raise damaged() from error


def sheet_relations(workbook: Member) -> Iterator[tuple[str, str]]:
    """The name of each sheet, and of its relation to its part."""
    for kind, data in read_records(workbook.chunks()):
        if kind == SHEET:
            relation, place = read_text(data, 8)
            yield read_text(data, place)[0], relation


def read_styles(part: Member) -> dict[int, DigitFormat]:
    """The styles of cells that have a format which makes names of numbers, by their number."""
    codes: dict[int, str] = {}
    styles: list[int] = []
    is_of_cells = False
    for kind, data in read_records(part.chunks()):
        if kind in {STYLES_BEGIN, STYLES_END}:
            is_of_cells = kind == STYLES_BEGIN
        elif kind == FORMAT:
            codes[NUMBER.unpack_from(data)[0]] = read_text(data, NUMBER.size)[0]
        elif kind == STYLE and is_of_cells:
            styles.append(NUMBER.unpack_from(data, NUMBER.size)[0])
    return formats_of_styles(codes, styles)


def read_sheet(part: Member, formats: dict[int, DigitFormat]) -> SheetFacts:
    """The facts of one sheet; `formats` by style."""
    facts = SheetFacts(formats)
    add_rows(facts, long_records(part.chunks()))
    return facts


def add_rows(facts: SheetFacts, records: Iterable[tuple[int, bytes]]) -> None:
    """Take in rows and their cells."""
    row = 0
    for kind, data in records:
        if kind == ROW:
            row, flags = ROW_HEADER.unpack_from(data)
            row += 1
            if flags & IS_HIDDEN:
                facts.hidden.append(row)
        elif kind in NUMBERS and facts.formats:
            column, style = CELL.unpack_from(data)
            if row <= MAX_ROWS and column < MAX_COLUMNS:
                facts.add_styled(row, column + 1, style & STYLE_BITS)


def read_text(data: bytes, place: int) -> tuple[str, int]:
    """The text at `place` (its length in UTF-16 units before it), and where it ends."""
    (length,) = LENGTH.unpack_from(data, place)
    start = place + LENGTH.size
    end = start + 2 * length
    return data[start:end].decode("utf-16-le", "replace"), end
