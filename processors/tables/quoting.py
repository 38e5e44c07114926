"""Cells of a record whose quotation marks break RFC 4180.

Three kinds are read here: marks within a quoted cell that are not doubled, marks after a backslash (as PHP and MySQL
write them), and marks that open a cell and have no end, which are plain characters.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cache

QUOTE = '"'
ESCAPED_QUOTE = '\\"'
LINE_ENDS = "\r\n"


def split_lenient(text: str, delimiter: str) -> tuple[list[str], int] | None:
    """The cells of the first record of `text` and where it ends; a mark ends a cell only before a delimiter or line end.

    None where a quoted cell has no end in `text`.
    """
    cells: list[str] = []
    place = 0
    while True:
        if text.startswith(QUOTE, place):
            closed = close_quote(text, place + 1, delimiter)
            if closed is None:
                return None
            cells.append(unquote(text[place + 1 : closed]))
            place = closed + 1
        else:
            found = cell_end(delimiter).search(text, place)
            cells.append(text[place : found.start() if found else len(text)])
            place += len(cells[-1])
        if not text.startswith(delimiter, place):
            return cells, place
        place += len(delimiter)


@cache
def cell_end(delimiter: str) -> re.Pattern[str]:
    """What ends a cell without quotation marks."""
    return re.compile(f"[{re.escape(delimiter)}{LINE_ENDS}]")


def close_quote(text: str, place: int, delimiter: str) -> int | None:
    """Where the mark is that ends the quoted cell whose content begins at `place`; None if there is none.

    In `"The "Mill"",` the last two marks are one of the text and the end, since a mark of the text is open.
    """
    is_open = False
    while (mark := text.find(QUOTE, place)) >= 0:
        if text.startswith(QUOTE, mark + 1) and not (is_open and ends_cell(text, mark + 2, delimiter)):
            place = mark + 2
        elif ends_cell(text, mark + 1, delimiter):
            return mark
        else:
            is_open = not is_open
            place = mark + 1
    return None


def ends_cell(text: str, place: int, delimiter: str) -> bool:
    """Whether a cell can end before `place`."""
    return place >= len(text) or text[place] in LINE_ENDS or text.startswith(delimiter, place)


def unquote(content: str) -> str:
    """The text of a quoted cell."""
    return content.replace(QUOTE * 2, QUOTE)


def closed_readings(line: str, delimiter: str) -> Iterator[list[str]]:
    """The readings of `line` alone in which every mark has an end, the likeliest first."""
    escaped = split_escaped([line], delimiter)
    if escaped:
        yield escaped[0]
    lenient = split_lenient(line, delimiter)
    if lenient:
        yield lenient[0]
        content = line.rstrip(LINE_ENDS)
        if content.startswith(QUOTE) and content.endswith(QUOTE):  # all cells are quoted
            yield [unquote(cell) for cell in content[1:-1].split(QUOTE + delimiter + QUOTE)]


def split_plain(line: str, delimiter: str, width: int) -> list[str]:
    """The cells of `line` alone, where a mark that opens a cell and has no end before the next one is plain text.

    Where that makes more cells than `width`, the cell with the mark takes the ones that are too many.
    """
    line = line.rstrip(LINE_ENDS)
    cells: list[str] = []
    opened: int | None = None
    place = 0
    while True:
        cell, length = first_cell(line, place, delimiter)
        if opened is None and cell.startswith(QUOTE) and len(cell) == length:
            opened = len(cells)
        cells.append(cell)
        place += length
        if place >= len(line):
            break
        place += len(delimiter)
    spare = len(cells) - width
    if width and opened is not None and 0 < spare < len(cells) - opened:
        cells[opened : opened + spare + 1] = [delimiter.join(cells[opened : opened + spare + 1])]
    return cells


def first_cell(line: str, place: int, delimiter: str) -> tuple[str, int]:
    """The cell at `place`, and how many characters of `line` it takes."""
    if line.startswith(QUOTE, place):
        content = line[place + 1 : find_or_end(line, delimiter + QUOTE, place + 1)]
        closed = close_quote(content, 0, delimiter)
        if closed is not None:
            return unquote(content[:closed]), closed + 2
    cell = line[place : find_or_end(line, delimiter, place)]
    return cell, len(cell)


def find_or_end(text: str, what: str, place: int) -> int:
    """Where `what` stands next, or the end of `text`."""
    found = text.find(what, place)
    return found if found >= 0 else len(text)


def split_escaped(lines: Sequence[str], delimiter: str) -> tuple[list[str], int] | None:
    """The first record of `lines` and its number of lines, where a mark after a backslash belongs to the text."""
    if not any(ESCAPED_QUOTE in line for line in lines):
        return None
    doubled = [line.replace(ESCAPED_QUOTE, QUOTE * 2) for line in lines]
    reader = csv.reader(doubled, delimiter=delimiter, strict=True)
    try:
        record = next(reader, None)
    except csv.Error:
        return None
    if record is None:
        return None
    return unescape_bare(record, "".join(doubled[: reader.line_num]), delimiter, QUOTE * 2), reader.line_num


def unescape_bare(cells: list[str], record: str, delimiter: str, escaped: str = ESCAPED_QUOTE) -> list[str]:
    """`cells` of the text `record`, with a mark for each `escaped` in those that stand there without marks around them."""
    framed = f"{delimiter}{record.rstrip(LINE_ENDS)}{delimiter}"
    return [
        cell.replace(escaped, QUOTE) if escaped in cell and f"{delimiter}{cell}{delimiter}" in framed else cell
        for cell in cells
    ]
