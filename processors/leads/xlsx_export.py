"""leads.xlsx: rows are written as text straight into the archive; xlsxwriter makes everything around them.

Writing cell by cell takes xlsxwriter a quarter of a minute for 200,000 rows. So it makes a workbook with the headings
only, and the rows are put into its sheets as inline strings (ECMA-376-1, 18.3.1.53), which can never be formulas.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from processors.leads.sheet_rows import LIMITS, MAX_UNITS, RICH_START, SheetLimits, SheetRows
from processors.tables.ahead import WriteAhead
from processors.tables.cells import FORMULA_STARTS
from processors.tables.tables import MAX_COLUMNS

SAME_DATE = datetime(1980, 1, 1, tzinfo=UTC)
"""The date of every workbook, so that the same leads make the same bytes however often they are written."""
CONTENT_TYPES = "[Content_Types].xml"
PART = "xl/worksheets/sheet{}.xml"
SHEET_DATA = re.compile(rb"<sheetData>(<row r=\"1\".*?</row>)(?:<row r=\"2\".*?</row>)?</sheetData>", re.DOTALL)
QUOTED_STYLE = re.compile(rb'<c r="A2" s="(\d+)"/>')
DIMENSION = re.compile(rb"<dimension [^>]*/>")
WIDTHS = {"Name": 24, "E-mail": 30, "Phone": 18, "Company": 24, "Website": 24, "Notes": 30, "Reasons": 40, "Reason": 60}
DEFAULT_WIDTH = 14
MAX_STYLED_COLUMNS = 200


class XlsxExport:
    """A workbook of two sheets: the first is written while rows come, the second is kept beside until the end."""

    def __init__(
        self,
        path: Path,
        scratch: Path,
        sheets: Sequence[tuple[str, Sequence[str]]],
        shared_column: int,
        limits: SheetLimits = LIMITS,
    ) -> None:
        self.sheets = [(name, [heading_text(heading) for heading in headings]) for name, headings in sheets]
        parts = frame_parts(self.sheets, [1, 1], [])
        style = int(found[1]) if (found := QUOTED_STYLE.search(parts[PART.format(1)])) else 0
        self.archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self.archive.writestr(new_part(CONTENT_TYPES), parts[CONTENT_TYPES])
        self.first = WriteAhead(self.archive.open(PART.format(1), "w", force_zip64=True))
        self.second = scratch.open("w+b")
        self.first.write(split_sheet(parts[PART.format(1)])[0])
        (_, own), (_, others) = self.sheets
        self.rows = [
            SheetRows(self.first, own, style, shared_column, limits),
            SheetRows(self.second, others, style, None, limits),
        ]

    def __enter__(self) -> Self:
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
        parts = frame_parts(self.sheets, [rows.count for rows in self.rows], list(self.rows[0].shared))
        for rows in self.rows:
            rows.flush()
        self.first.write(split_sheet(parts.pop(PART.format(1)))[1])
        self.first.close()
        head, tail = split_sheet(parts.pop(PART.format(2)))
        with self.archive.open(PART.format(2), "w", force_zip64=True) as part:
            part.write(head)
            self.second.seek(0)
            while chunk := self.second.read(2**20):
                part.write(chunk)
            part.write(tail)
        del parts[CONTENT_TYPES]
        for name, content in parts.items():
            self.archive.writestr(new_part(name), content)


def heading_text(heading: str) -> str:
    """`heading`, cut to fit, never what xlsxwriter would take for markup of its own and write as it is."""
    text = heading[: MAX_UNITS - 1]
    return f"{text} " if text.startswith(RICH_START) else text


def new_part(name: str) -> zipfile.ZipInfo:
    """A deflated part of the archive, with the same date in every workbook."""
    part = zipfile.ZipInfo(name, SAME_DATE.timetuple()[:6])
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def split_sheet(xml: bytes) -> tuple[bytes, bytes]:
    """What comes before the second row, and what comes after the last one, without the stated dimension."""
    match = SHEET_DATA.search(xml)
    assert match is not None  # noqa: S101  we made it
    return DIMENSION.sub(b"", xml[: match.start()]) + b"<sheetData>" + match[1], b"</sheetData>" + xml[match.end() :]


def frame_parts(
    sheets: Sequence[tuple[str, Sequence[str]]], counts: Sequence[int], shared: Sequence[str]
) -> dict[str, bytes]:
    """All parts of a workbook with these headings and filters over `counts` rows.

    A second row, which is thrown away, shows the number of the quoted style and takes the `shared` texts of the first
    sheet into the table of texts, where its headings come first.
    """
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"title": "Leads", "created": SAME_DATE})
        quoted = book.add_format({"quote_prefix": True})
        bold, bold_quoted = book.add_format({"bold": True}), book.add_format({"bold": True, "quote_prefix": True})
        for (name, headings), count in zip(sheets, counts, strict=True):
            sheet = book.add_worksheet(name)
            for column, heading in enumerate(headings[:MAX_COLUMNS]):
                sheet.write_string(0, column, heading, bold_quoted if heading[0] in FORMULA_STARTS else bold)
            sheet.write_blank(1, 0, None, quoted)
            frame_sheet(sheet, headings[:MAX_COLUMNS], count)
            for column, text in enumerate(shared if name == sheets[0][0] else (), 1):
                sheet.write_string(1, column, text)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def frame_sheet(sheet: Worksheet, headings: Sequence[str], count: int) -> None:
    """Widths, a first row that stays in sight, and a filter over `count` rows."""
    for column, heading in enumerate(headings[:MAX_STYLED_COLUMNS]):
        sheet.set_column(column, column, WIDTHS.get(heading, DEFAULT_WIDTH))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, count - 1, len(headings) - 1)
