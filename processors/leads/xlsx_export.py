"""leads.xlsx: rows are written as text straight into the archive; xlsxwriter makes everything around them.

Writing cell by cell takes xlsxwriter a quarter of a minute for 200,000 rows. So it makes a workbook with the headings
only, and the rows are put into its sheets as inline strings (ECMA-376-1, 18.3.1.53), which can never be formulas.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import xlsxwriter

from processors.leads.sheets import FORMULA_STARTS, Values
from processors.leads.tables import MAX_COLUMNS, MAX_ROWS, column_letter

MAX_UNITS = 32_767
"""UTF-16 units in a cell."""
SHORT_ROW = 16_000
BATCH = 500
PART = "xl/worksheets/sheet{}.xml"
SHEET_DATA = re.compile(rb"<sheetData>(<row r=\"1\".*?</row>)(?:<row r=\"2\".*?</row>)?</sheetData>", re.DOTALL)
QUOTED_STYLE = re.compile(rb'<c r="A2" s="(\d+)"/>')
DIMENSION = re.compile(rb"<dimension [^>]*/>")
TEXT = '" t="inlineStr"><is><t>'
KEPT_TEXT = ' t="inlineStr"><is><t xml:space="preserve">'
ESCAPE_LOOKALIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
WIDTHS = {"Name": 24, "E-mail": 30, "Phone": 18, "Company": 24, "Website": 24, "Notes": 30, "Reasons": 40, "Reason": 60}
DEFAULT_WIDTH = 14
MAX_STYLED_COLUMNS = 200


class SheetRows:
    """Renders rows of one sheet as XML into `file`; counts them, and those that do not fit into a sheet."""

    def __init__(self, file: IO[bytes], columns: int, quoted_style: int) -> None:
        self.file = file
        self.count = 1
        self.left_out = 0
        self.starts = [f'<c r="{column_letter(index)}' for index in range(min(columns, MAX_COLUMNS))]
        self.style = f' s="{quoted_style}"'
        self.quoted = f'"{self.style} t="inlineStr"><is><t>'
        self.waiting: list[str] = []

    def add(self, values: Values) -> None:
        """The next row; whole numbers become numbers, all else text."""
        if self.count >= MAX_ROWS:
            self.left_out += 1
            return
        self.count += 1
        text = "|".join([value for value in values if type(value) is str])
        self.waiting.append(self.render(values) if is_plain(text) else self.render_escaped(values))
        if len(self.waiting) >= BATCH:
            self.flush()

    def render(self, values: Values) -> str:
        """One row of plain text as XML; empty cells are left out."""
        row = str(self.count)
        plain, quoted = row + TEXT, row + self.quoted
        cells = [f'<row r="{row}">']
        for start, value in zip(self.starts, values, strict=False):
            if not value and value != 0:
                continue
            if type(value) is str:
                cells.append(f"{start}{quoted if value[0] in FORMULA_STARTS else plain}{value}</t></is></c>")
            else:
                cells.append(f'{start}{row}"><v>{value}</v></c>')
        cells.append("</row>")
        return "".join(cells)

    def render_escaped(self, values: Values) -> str:
        """One row of any text as XML."""
        row = str(self.count)
        cells = [f'<row r="{row}">']
        for start, value in zip(self.starts, values, strict=False):
            if type(value) is str and value:
                style = self.style if value[0] in FORMULA_STARTS else ""
                cells.append(f'{start}{row}"{style}{KEPT_TEXT}{escape(value)}</t></is></c>')
            elif type(value) is int:
                cells.append(f'{start}{row}"><v>{value}</v></c>')
        cells.append("</row>")
        return "".join(cells)

    def flush(self) -> None:
        """Write the rows that wait."""
        self.file.write("".join(self.waiting).encode())
        self.waiting = []


def is_plain(text: str) -> bool:
    """Whether cells joined by `|` can stand in XML as they are: no markup, nothing invisible, no spaces at edges."""
    return (
        text.isprintable()
        and len(text) <= SHORT_ROW
        and not ("&" in text or "<" in text or ">" in text or "_x" in text or " |" in text or "| " in text)
        and text[:1] != " "
        and text[-1:] != " "
    )


def escape(text: str) -> str:
    """`text` for an inline string: what XML cannot hold dropped, `_x0041_` kept from being read as A, cut to fit."""
    if len(text) > MAX_UNITS // 2:
        text = text.encode("utf-16-le", "ignore")[: 2 * MAX_UNITS].decode("utf-16-le", "ignore")
    text = ESCAPE_LOOKALIKE.sub("_x005F_", NOT_IN_XML.sub("", text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


class XlsxExport:
    """A workbook of two sheets: the first is written while rows come, the second is kept beside until the end."""

    def __init__(self, path: Path, scratch: Path, sheets: Sequence[tuple[str, Sequence[str]]]) -> None:
        self.sheets = sheets
        parts = frame_parts(sheets, [1, 1])
        style = int(found[1]) if (found := QUOTED_STYLE.search(parts[PART.format(1)])) else 0
        self.archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self.first = self.archive.open(new_part(PART.format(1)), "w", force_zip64=True)
        self.second = scratch.open("w+b")
        self.heads = [split_sheet(parts[PART.format(number)]) for number in (1, 2)]
        self.first.write(self.heads[0][0])
        self.rows = [
            SheetRows(file, len(headings), style)
            for file, (_, headings) in zip((self.first, self.second), sheets, strict=True)
        ]

    def __enter__(self) -> "XlsxExport":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.complete()
        else:
            self.first.close()
        self.second.close()
        self.archive.close()

    def complete(self) -> None:
        """Write the end of the first sheet, the second one, and the rest of the workbook."""
        parts = frame_parts(self.sheets, [rows.count for rows in self.rows])
        for rows in self.rows:
            rows.flush()
        self.first.write(split_sheet(parts.pop(PART.format(1)))[1])
        self.first.close()
        head, tail = split_sheet(parts.pop(PART.format(2)))
        with self.archive.open(new_part(PART.format(2)), "w", force_zip64=True) as part:
            part.write(head)
            self.second.seek(0)
            while chunk := self.second.read(2**20):
                part.write(chunk)
            part.write(tail)
        for name, content in parts.items():
            self.archive.writestr(new_part(name), content)


def new_part(name: str) -> zipfile.ZipInfo:
    """A deflated part of the archive, with the same date in every workbook."""
    part = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def split_sheet(xml: bytes) -> tuple[bytes, bytes]:
    """What comes before the second row, and what comes after the last one, without the stated dimension."""
    match = SHEET_DATA.search(xml)
    assert match is not None  # noqa: S101  we made it
    return DIMENSION.sub(b"", xml[: match.start()]) + b"<sheetData>" + match[1], b"</sheetData>" + xml[match.end() :]


def frame_parts(sheets: Sequence[tuple[str, Sequence[str]]], counts: Sequence[int]) -> dict[str, bytes]:
    """All parts of a workbook with these headings, filters over `counts` rows, and one quoted cell in row 2."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        quoted = book.add_format({"quote_prefix": True})
        for (name, headings), count in zip(sheets, counts, strict=True):
            sheet = book.add_worksheet(name)
            shown = headings[:MAX_COLUMNS]
            for column, heading in enumerate(shown):
                sheet.write_string(0, column, heading[:MAX_UNITS], bold)
            sheet.write_blank(1, 0, None, quoted)
            for column, heading in enumerate(shown[:MAX_STYLED_COLUMNS]):
                sheet.set_column(column, column, WIDTHS.get(heading, DEFAULT_WIDTH))
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, count - 1, len(shown) - 1)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
