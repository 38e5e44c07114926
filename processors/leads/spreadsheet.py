"""Writing many rows of text into an .xlsx sheet, ten times as fast as cell by cell.

XlsxWriter makes the workbook, its styles and its parts; what comes after the header row is rendered here, one row at a
time, as the inline strings that its constant-memory mode writes too (ECMA-376, part 1, section 18.3.1.53).
"""

import re
from collections.abc import Sequence

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

MAX_ROWS = 1_048_576
"""Rows of a sheet, the header among them (Excel's specifications and limits)."""
MAX_CHARACTERS = 32_767
FORMULA_STARTS = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula when somebody edits or imports the cell."""

_ESCAPE_LIKE = re.compile(r"(_x[0-9A-Fa-f]{4}_)")
"""Text that a reader would take for an escaped character (ECMA-376, part 1, section 22.9.2.19)."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": " "})


class RowSheet(Worksheet):
    """A sheet of a constant-memory workbook whose rows come whole: text, numbers, or nothing."""

    def begin(self, headings: Sequence[str], bold: Format, quoted: Format) -> None:
        """Write the header row, freeze it, and let people filter by it."""
        for column, heading in enumerate(headings):
            self.write_string(0, column, heading[:MAX_CHARACTERS], bold)
        self.freeze_panes(1, 0)
        self._write_single_row(1)
        self._columns = [xl_col_to_name(column) for column in range(len(headings))]
        self._quoted_style = f' s="{quoted._get_xf_index()}"'  # noqa: SLF001  XlsxWriter has no public way to ask
        self._next_row = 2

    @property
    def is_full(self) -> bool:
        """No row fits any more."""
        return self._next_row > MAX_ROWS

    def add(self, values: Sequence[str | int | None]) -> None:
        """One more row; text that looks like a formula is marked as text, as a leading apostrophe does in Excel."""
        number = self._next_row
        cells = []
        for column, value in zip(self._columns, values, strict=True):
            if value is None or value == "":
                continue
            if isinstance(value, str):
                style = self._quoted_style if value.startswith(FORMULA_STARTS) else ""
                text = value[:MAX_CHARACTERS].translate(_ESCAPES)
                if "_x" in text:
                    text = _ESCAPE_LIKE.sub(r"_x005F\1", text)
                cells.append(f'<c r="{column}{number}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>')
            else:
                cells.append(f'<c r="{column}{number}"><v>{value}</v></c>')
        self.row_data_fh.write(f'<row r="{number}">{"".join(cells)}</row>')
        self._next_row = number + 1

    def end(self) -> None:
        """Say how far the rows go."""
        last = self._next_row - 2
        self.dim_rowmax, self.dim_colmax = last, max(len(self._columns) - 1, 0)
        self.autofilter(0, 0, last, self.dim_colmax)


def new_workbook(path: str) -> tuple[Workbook, Format, Format]:
    """A workbook for `RowSheet`s, a bold format, and the one that marks text as text."""
    workbook = Workbook(path, {"constant_memory": True, "use_zip64": True})
    return workbook, workbook.add_format({"bold": True}), workbook.add_format({"quote_prefix": True})
