"""Detect the format of a table by its first bytes. The file name only says whether we may look."""

import zipfile
from enum import StrEnum
from pathlib import Path, PurePath

from base.errors import ErrorCode, Refusal
from processors.contract import Source
from processors.tables.endings import ENDINGS

ZIP_MAGIC, EMPTY_ZIP_MAGIC = b"PK\x03\x04", b"PK\x05\x06"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MARKUP = (b"<?xml", b"<html", b"<!doctype", b"<table")
OTHER_KINDS = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BM": "a bitmap image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"RIFF": "an audio or image file",
    b"{\\rtf": "an RTF document",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"ID3": "an MP3 file",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"\x09\x08\x10\x00": "a workbook of Excel 5 or older",
    b"\x09\x04\x06\x00": "a workbook of Excel 5 or older",
}
SAVE_AS = "Save the table as .xlsx or .csv."


class TableKind(StrEnum):
    """The kinds that can be read; the values are file name endings without the dot."""

    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    TEXT = "csv"


def find_kind(source: Source) -> TableKind:
    """The kind of `source` by its bytes.

    Raises Refusal: CORRUPT_FILE for an empty file or a broken archive, UNSUPPORTED_TYPE for what is no table.
    """
    if PurePath(source.name).suffix.lower() not in ENDINGS:
        message = f"Tables are read from {', '.join(ENDINGS[:-1])} and {ENDINGS[-1]} files, and this is none of them."
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, message)
    with source.path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise Refusal(ErrorCode.CORRUPT_FILE, "The file is empty.")
    for magic, what in OTHER_KINDS.items():
        if head.startswith(magic) and not (magic == b"BM" and head.isascii() and b"\x00" not in head):
            raise Refusal(ErrorCode.UNSUPPORTED_TYPE, f"The file is {what}, whatever its name says. {SAVE_AS}")
    if head.startswith(OLE_MAGIC):
        return TableKind.XLS
    if head.startswith((ZIP_MAGIC, EMPTY_ZIP_MAGIC)):
        return find_zip_kind(source.path)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(MARKUP):
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, f"The file is a web page or XML document, not a workbook. {SAVE_AS}")
    return TableKind.TEXT


def find_zip_kind(path: Path) -> TableKind:
    """The kind of a workbook that is a ZIP archive, by the parts in it. Raises Refusal as `find_kind` does."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        message = "The workbook is damaged or was not uploaded completely: its archive cannot be opened."
        raise Refusal(ErrorCode.CORRUPT_FILE, message) from error
    if "xl/workbook.bin" in names:
        return TableKind.XLSB
    if any(name.lower().replace("\\", "/") == "xl/workbook.xml" for name in names):
        return TableKind.XLSX
    if "content.xml" in names and not any(name.startswith("word/") for name in names):
        return TableKind.ODS
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, f"The file is a document, not a workbook. {SAVE_AS}")
    if "[Content_Types].xml" in names:
        return TableKind.XLSX
    raise Refusal(ErrorCode.UNSUPPORTED_TYPE, f"The file is an archive, not a workbook. {SAVE_AS}")
