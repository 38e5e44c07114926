"""Facts of .xls sheets (MS-XLS 2.4): hidden rows and number formats, from the records that name them."""

import struct
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

from processors.tables.archives import damaged
from processors.tables.compound_file import CompoundFile
from processors.tables.number_formats import DigitFormat, formats_of_styles
from processors.tables.sheet_facts import SheetFacts

STREAM = "Workbook"
HEADER, SHEET, ROW, CELL, NUMBER = Struct("<HH"), Struct("<I2x"), Struct("<H10xB"), Struct("<HHH"), Struct("<H")
END, BOUND_SHEET, FORMAT, STYLE, ROW_KIND = 0x0A, 0x85, 0x041E, 0xE0, 0x0208
NUMBERS, SMALL_NUMBERS = frozenset({0x06, 0x0203, 0x027E}), 0xBD
"""Formula, Number, RK; and MulRk, which has several: a style and four bytes each."""
SMALL_BYTES = 6
IS_HIDDEN = 0x20
IS_WIDE = 0x01


def find_facts(path: Path) -> dict[str, SheetFacts]:
    """The facts of the sheets by their names. Raises Refusal CORRUPT_FILE where the records that tell them are broken."""
    stream = CompoundFile(path.read_bytes()).read_stream(STREAM)
    sheets: list[tuple[str, int]] = []
    codes: dict[int, str] = {}
    styles: list[int] = []
    try:
        for kind, data in read_records(stream, 0):
            if kind == BOUND_SHEET:
                sheets.append((read_text(data, SHEET.size, 1), *SHEET.unpack_from(data)))
            elif kind == FORMAT:
                codes[NUMBER.unpack_from(data)[0]] = read_text(data, NUMBER.size, 2)
            elif kind == STYLE:
                styles.append(NUMBER.unpack_from(data, NUMBER.size)[0])
        formats = formats_of_styles(codes, styles)
        return {name: read_sheet(stream, start, formats) for name, start in dict(sheets).items()}
    except struct.error as error:
        raise damaged() from error


def read_sheet(stream: bytes, start: int, formats: dict[int, DigitFormat]) -> SheetFacts:
    """The facts of the sheet whose records begin at `start`; `formats` by style."""
    facts = SheetFacts(formats)
    for kind, data in read_records(stream, start):
        if kind == ROW_KIND:
            row, flags = ROW.unpack_from(data)
            if flags & IS_HIDDEN:
                facts.hidden.append(row + 1)
        elif not formats:
            continue
        elif kind in NUMBERS:
            row, column, style = CELL.unpack_from(data)
            facts.add_styled(row + 1, column + 1, style)
        elif kind == SMALL_NUMBERS:
            row, column, _ = CELL.unpack_from(data)
            for place in range(CELL.size - NUMBER.size, len(data) - SMALL_BYTES + 1, SMALL_BYTES):
                column += 1
                facts.add_styled(row + 1, column, NUMBER.unpack_from(data, place)[0])
    return facts


def read_records(stream: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """The type and the data of each record from `place` on, to the end of its part of the stream."""
    while place < len(stream):
        kind, size = HEADER.unpack_from(stream, place)
        place += HEADER.size
        yield kind, stream[place : place + size]
        if kind == END:
            return
        place += size


def read_text(data: bytes, place: int, length_bytes: int) -> str:
    """The text at `place`: how many characters it has, a byte that says whether each takes two, and they."""
    length = int.from_bytes(data[place : place + length_bytes], "little")
    start = place + length_bytes + 1
    if data[start - 1 : start] and data[start - 1] & IS_WIDE:
        return data[start : start + 2 * length].decode("utf-16-le", "replace")
    return data[start : start + length].decode("latin-1")
