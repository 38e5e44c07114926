"""Reading .xlsx, .xlsb, .xls and .ods workbooks with calamine, after looking whether that is safe."""

from collections.abc import Iterator
from pathlib import Path

import python_calamine
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from base.errors import ErrorCode, Refusal
from processors.leads.archives import PROTECTED, damaged, open_archive, unsafe
from processors.leads.formats import TableKind
from processors.leads.probe import probe_workbook
from processors.leads.sheet_scan import check_workbook
from processors.leads.tables import MAX_COLUMNS, Row, Table
from processors.leads.text import Cell

SHEETS_NAMED = 20


def open_workbook(path: Path, kind: TableKind, folder: Path) -> CalamineWorkbook:
    """The workbook at `path`; `folder` gets a link to it, since calamine tells kinds by the ending of a name.

    Raises Refusal: CORRUPT_FILE (damaged, or protected by a password), UNSAFE_ARCHIVE or FILE_TOO_LARGE.
    """
    link = folder / f"input.{kind.value}"
    if not link.exists():
        link.symlink_to(path.resolve())
    if kind is TableKind.XLSX:
        check_workbook(path)
    elif kind in {TableKind.XLSB, TableKind.ODS}:
        open_archive(path)
    try:
        if kind is TableKind.XLS:
            check_password(path, folder)
        if kind is not TableKind.XLSX:
            probe_workbook(link)
        return CalamineWorkbook.from_path(link)
    except python_calamine.PasswordError as error:
        raise Refusal(ErrorCode.CORRUPT_FILE, PROTECTED) from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise why_unreadable(error) from error


def why_unreadable(error: Exception) -> Refusal:
    """The refusal for what calamine says: for some formats it has a limit of cells of its own."""
    if "limit exceeded" in str(error).casefold():
        return unsafe("claims more cells than can be read")
    return damaged()


def check_password(path: Path, folder: Path) -> None:
    """Find an encrypted .xlsx: it comes in the container of an .xls, and only the reader of .xlsx knows it.

    Raises python_calamine.PasswordError.
    """
    link = folder / "encrypted.xlsx"
    link.symlink_to(path.resolve())
    try:
        CalamineWorkbook.from_path(link)
    except python_calamine.PasswordError:
        raise
    except (python_calamine.CalamineError, OSError, ValueError):
        return  # an .xls is no .xlsx
    finally:
        link.unlink()


def list_tables(workbook: CalamineWorkbook, sheet: str | None) -> Iterator[Table]:
    """The sheet named `sheet`, or all that hold cells, the visible ones first, each read when it is asked for.

    Raises Refusal: BAD_INPUT where there is no sheet of that name, CORRUPT_FILE where one cannot be read.
    """
    sheets = [one for one in workbook.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    if sheet is not None:
        yield read_sheet(workbook, match_sheet(sheet, [one.name for one in sheets]))
        return
    for one in sorted(sheets, key=lambda each: each.visible != SheetVisibleEnum.Visible):
        yield read_sheet(workbook, one.name)


def match_sheet(wanted: str, names: list[str]) -> str:
    """The name among `names` that `wanted` means, upper and lower case and edge spaces apart. Raises Refusal."""
    for name in names:
        if name == wanted:
            return name
    for name in names:
        if name.strip().casefold() == wanted.strip().casefold():
            return name
    known = ", ".join(f'"{name}"' for name in names[:SHEETS_NAMED]) + (" and more" if len(names) > SHEETS_NAMED else "")
    message = f'The workbook has no sheet named "{wanted}". Its sheets are: {known}.'
    raise Refusal(ErrorCode.BAD_INPUT, message, "options.sheet")


def read_sheet(workbook: CalamineWorkbook, name: str) -> Table:
    """One sheet with its rows. Raises Refusal CORRUPT_FILE where it cannot be read, BAD_INPUT for too many columns."""
    try:
        sheet = workbook.get_sheet_by_name(name)
    except python_calamine.CalamineError as error:
        raise why_unreadable(error) from error
    if sheet.start is None:
        return Table(iter(()), f'the sheet "{name}"', name, 0)
    if sheet.start[1] + sheet.width > MAX_COLUMNS:
        raise damaged()
    return Table(sheet_rows(sheet), f'the sheet "{name}"', name, sheet.start[0] + sheet.height)


def sheet_rows(sheet: CalamineSheet) -> Iterator[Row]:
    """All rows from row 1 on; the sheet's memory is free when they are read and nobody else holds it."""
    margin: list[Cell] = [None] * (sheet.start[1] if sheet.start else 0)
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield number, [*margin, *cells] if margin else cells
