"""Workbooks that calamine reads: .xlsx, .xlsb and .xls."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import python_calamine
from python_calamine import CalamineSheet, SheetTypeEnum, SheetVisibleEnum

from base.errors import ErrorCode, Refusal
from processors.tables.archives import PROTECTED, damaged, open_archive, unsafe
from processors.tables.mending import mend_xlsb, mend_xlsx
from processors.tables.probe import probe_workbook
from processors.tables.sheet_facts import SheetFacts
from processors.tables.sheet_scan import check_workbook, unless_damaged
from processors.tables.tables import MAX_COLUMNS, Row, Table
from processors.tables.text import Cell
from processors.tables.xls_facts import find_facts as find_xls_facts
from processors.tables.xlsb_facts import find_facts as find_xlsb_facts

READ_ERRORS = (python_calamine.CalamineError, OSError, ValueError)


class CalamineWorkbook:
    """A workbook that calamine reads, with the `facts` of its sheets by their names.

    Where calamine cannot read a sheet, it is given the copy that `mend` makes, once.
    """

    def __init__(
        self,
        path: Path,
        facts: Mapping[str, SheetFacts] | None = None,
        mend: Callable[[], Path] | None = None,
        max_columns: int = MAX_COLUMNS,
    ) -> None:
        self.facts = facts or {}
        self.mend = mend
        self.max_columns = max_columns
        self.book = open_calamine(path)

    def sheet_names(self) -> list[str]:
        """The names of all sheets with cells, those of visible ones first."""
        sheets = [one for one in self.book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        return [one.name for one in sorted(sheets, key=lambda each: each.visible != SheetVisibleEnum.Visible)]

    def read_sheet(self, name: str) -> Table:
        """The sheet of that name. Raises Refusal CORRUPT_FILE where it cannot be read."""
        sheet = self.find_sheet(name)
        if sheet.start is None:
            return Table(iter(()), f'the sheet "{name}"', name, 0)
        if sheet.start[1] + sheet.width > self.max_columns:
            raise damaged()
        rows, warnings = sheet_rows(sheet), list[str]()
        if facts := self.facts.get(name):
            rows = facts.apply(rows, warnings)
        return Table(rows, f'the sheet "{name}"', name, sheet.start[0] + sheet.height, warnings)

    def find_sheet(self, name: str) -> CalamineSheet:
        """The sheet of that name, read. Raises Refusal."""
        try:
            return self.book.get_sheet_by_name(name)
        except READ_ERRORS as error:
            if self.mend is None:
                raise why_unreadable(error) from error
            mend, self.mend = self.mend, None
            self.book = open_calamine(mend())
            return self.find_sheet(name)


def open_xlsx(path: Path, folder: Path) -> CalamineWorkbook:
    """An .xlsx workbook. Raises Refusal: CORRUPT_FILE, UNSAFE_ARCHIVE or FILE_TOO_LARGE."""
    facts = check_workbook(path)
    return CalamineWorkbook(link(path, folder, "xlsx"), facts, lambda: mend_xlsx(open_archive(path), folder))


def open_xlsb(path: Path, folder: Path) -> CalamineWorkbook:
    """An .xlsb workbook. Raises Refusal: CORRUPT_FILE or UNSAFE_ARCHIVE."""
    parts = open_archive(path)
    readable = mend_xlsb(parts, folder) or link(path, folder, "xlsb")
    probe_workbook(readable)
    return CalamineWorkbook(readable, unless_damaged(find_xlsb_facts, parts))


def open_xls(path: Path, folder: Path) -> CalamineWorkbook:
    """An .xls workbook. Raises Refusal: CORRUPT_FILE or UNSAFE_ARCHIVE."""
    try:
        # An encrypted .xlsx comes in the container of an .xls, and only the reader of .xlsx knows it.
        python_calamine.CalamineWorkbook.from_path(link(path, folder, "xlsx"))
    except python_calamine.PasswordError as error:
        raise Refusal(ErrorCode.CORRUPT_FILE, PROTECTED) from error
    except READ_ERRORS:
        pass  # an .xls is no .xlsx
    readable = link(path, folder, "xls")
    probe_workbook(readable)
    return CalamineWorkbook(readable, unless_damaged(find_xls_facts, path))


def link(path: Path, folder: Path, ending: str) -> Path:
    """A link in `folder` to the workbook, since calamine tells kinds by the ending of a name."""
    made = folder / f"input.{ending}"
    made.unlink(missing_ok=True)
    made.symlink_to(path.resolve())
    return made


def open_calamine(path: Path) -> python_calamine.CalamineWorkbook:
    """The workbook at `path`. Raises Refusal: CORRUPT_FILE or UNSAFE_ARCHIVE."""
    try:
        return python_calamine.CalamineWorkbook.from_path(path)
    except python_calamine.PasswordError as error:
        raise Refusal(ErrorCode.CORRUPT_FILE, PROTECTED) from error
    except READ_ERRORS as error:
        raise why_unreadable(error) from error


def why_unreadable(error: Exception) -> Refusal:
    """The refusal for what calamine says: for some formats it has a limit of cells of its own."""
    if "limit exceeded" in str(error).casefold():
        return unsafe("claims more cells than can be read")
    return damaged()


def sheet_rows(sheet: CalamineSheet) -> Iterator[Row]:
    """All rows from row 1 on; the sheet's memory is free when they are read and nobody else holds it."""
    margin: list[Cell] = [None] * (sheet.start[1] if sheet.start else 0)
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield number, [*margin, *cells] if margin else cells
