"""Workbooks and their sheets: by calamine, or .ods by our own reader."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from base.errors import ErrorCode, Refusal
from processors.tables.calamine_workbook import open_xls, open_xlsb, open_xlsx
from processors.tables.formats import TableKind
from processors.tables.opendocument import OdsWorkbook
from processors.tables.tables import Table

SHEETS_NAMED = 20


class Workbook(Protocol):
    """A workbook that can be read."""

    def sheet_names(self) -> list[str]:
        """The names of all sheets with cells, those of visible ones first."""

    def read_sheet(self, name: str) -> Table:
        """The sheet of that name. Raises Refusal CORRUPT_FILE where it cannot be read."""


def open_workbook(path: Path, kind: TableKind, folder: Path) -> Workbook:
    """The workbook at `path`; `folder` is for what its reader needs.

    Raises Refusal: CORRUPT_FILE (damaged, or protected by a password), UNSAFE_ARCHIVE or FILE_TOO_LARGE.
    """
    if kind is TableKind.ODS:
        return OdsWorkbook(path)
    if kind is TableKind.XLSX:
        return open_xlsx(path, folder)
    return open_xlsb(path, folder) if kind is TableKind.XLSB else open_xls(path, folder)


def list_tables(workbook: Workbook, sheet: str | None) -> Iterator[Table]:
    """The sheet named `sheet`, or all that hold cells, the visible ones first, each read when it is asked for.

    Raises Refusal: BAD_INPUT where there is no sheet of that name, CORRUPT_FILE where one cannot be read.
    """
    names = workbook.sheet_names()
    for name in names if sheet is None else [match_sheet(sheet, names)]:
        yield workbook.read_sheet(name)


def match_sheet(wanted: str, names: list[str]) -> str:
    """The name among `names` that `wanted` means, upper and lower case and edge spaces apart. Raises Refusal."""
    for name in names:
        if name == wanted:
            return name
    for name in names:
        if name.strip().casefold() == wanted.strip().casefold():
            return name
    named = ", ".join(f'"{name}"' for name in names[:SHEETS_NAMED])
    known = f"{named} and more" if len(names) > SHEETS_NAMED else named
    message = f'The workbook has no sheet named "{wanted}". Its sheets are: {known}.'
    raise Refusal(ErrorCode.BAD_INPUT, message, "options.sheet")
